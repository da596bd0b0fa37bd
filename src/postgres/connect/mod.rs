//! Sessions with the database: addresses, TLS, the pool, the driver, and what their errors mean.

pub(crate) mod backoff;
pub(crate) mod classify;
#[cfg(feature = "tls")]
mod client_certificate;
pub(crate) mod connector;
pub(crate) mod database;
pub(crate) mod driver;
pub(crate) mod failure;
pub(crate) mod opening;
pub(crate) mod outage;
pub(crate) mod pool;
pub(crate) mod pooler;
pub(crate) mod rollback;
pub(crate) mod server;
pub(crate) mod session;
mod slots;
pub(crate) mod sql;
mod tls;
pub(crate) mod turns;
pub(crate) mod waits;
