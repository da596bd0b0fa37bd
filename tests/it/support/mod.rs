//! What tests on real servers stand on: where the servers are, a schema or topic of one's own, the command as a child.
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
