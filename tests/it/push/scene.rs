//! A table with a sink for pushed rows.

use std::time::Duration;

use crate::support::postgresql::{Postgres, Schema};
use vecsink::{Sink, SinkBuilder};

/// A deadline that is long enough for any machine. No test waits until it is over.
pub const LONG: Duration = Duration::from_secs(300);

pub fn url(server: &Postgres) -> String {
    format!(
        "postgresql://{}:{}@{}:{}/{}?sslmode=disable",
        server.user, server.password, server.host, server.port, server.database
    )
}

/// A sink into a table of the test's schema.
pub fn builder(schema: &Schema, table: &str) -> SinkBuilder {
    Sink::builder(&url(&schema.server), &format!("{}.{table}", schema.name))
}

pub fn open(schema: &Schema, table: &str) -> Sink {
    builder(schema, table).open().expect("the sink opens")
}
