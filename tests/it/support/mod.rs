//! Helpers for tests with real servers: the servers' addresses, schemas and topics that belong to one test, the command as a child process.
#![allow(dead_code, unused_imports, reason = "each test uses its part")]

pub mod broker;
pub mod command;
pub mod features;
pub mod lateness;
pub mod postgresql;
pub mod private;
pub mod proxy;
pub mod registry;
pub mod servers;
pub mod wait;

mod tests;

pub use broker::{Topic, kafka};
pub use command::Job;
pub use features::{Feature, servers};
pub use postgresql::{
    Schema, client_certificate, postgres18, postgres18_sockets, postgres18_tls, postgres93, postgres96,
};
pub use private::{PgBouncer, PrivateKafka, PrivatePostgres, PrivateRegistry};
pub use proxy::Proxy;
pub use registry::registry;
pub use wait::{eventually, eventually_within};
