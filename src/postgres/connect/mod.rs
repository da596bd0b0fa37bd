//! Sessions with the database: addresses, TLS, the pool, the driver, and what their errors mean.

pub(crate) mod classify;
#[cfg(feature = "tls")]
mod client_certificate;
pub(crate) mod connector;
pub(crate) mod driver;
pub(crate) mod failure;
pub(crate) mod pool;
pub(crate) mod pooler;
pub(crate) mod server;
pub(crate) mod session;
mod slots;
mod tls;
pub(crate) mod turns;
