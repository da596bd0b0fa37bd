//! The servers on which a test runs: all that have the features it needs.

use super::postgresql::{Postgres, postgres18, postgres93, postgres96};
use super::servers::not_on;
use Feature::{Generated, Jsonb, OnConflict, Partitions, Pgvector};

/// Features that some of the servers lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// `INSERT … ON CONFLICT`
    OnConflict,
    Jsonb,
    /// `PARTITION BY`, in the table's own declaration.
    Partitions,
    /// Columns that are `GENERATED ALWAYS`, as identity or from an expression.
    Generated,
    Pgvector,
}

/// A server: its name, the function that finds it, and its features.
type Server = (&'static str, fn() -> Option<Postgres>, &'static [Feature]);

/// The servers that tests of writing, conflicts, changes and isolation run on.
pub const SERVERS: [Server; 3] = [
    ("PostgreSQL 18", postgres18, &[OnConflict, Jsonb, Partitions, Generated, Pgvector]),
    ("PostgreSQL 9.6", postgres96, &[OnConflict, Jsonb]),
    ("PostgreSQL 9.3", postgres93, &[]),
];

/// The servers that have all features that a test needs. The other servers are counted, and `make test` lists them at its end.
pub fn servers(needs: &[Feature]) -> Vec<Postgres> {
    let fits = |(name, server, features): &Server| {
        let Some(missing) = needs.iter().find(|need| !features.contains(need)) else { return server() };
        not_on(name, &format!("{missing:?}"));
        None
    };
    SERVERS.iter().filter_map(fits).collect()
}
