//! How rows are written, and what happens to a row whose key is already there.

use std::path::PathBuf;

/// Which statements write the rows. The result in the table is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WriteMode {
    /// `0` and `2`: INSERT … ON CONFLICT from the start.
    Insert,
    /// `1`: COPY as long as it works.
    #[default]
    Copy,
}

/// What happens to a row whose key is already there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConflictMode {
    /// The row that was there first stays; the new one is counted as ignored.
    Ignore,
    /// The job stops, or the sink of a program fails.
    Strict,
    /// The new row replaces the old one. `update` means the same.
    Upsert,
}

/// What happens to a record that can't be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExceptionMode {
    /// The record becomes a dead letter. Without a dead-letter target it is only counted and logged.
    Ignore,
    /// The job stops, or the sink of a program fails.
    Strict,
}

/// How rows get into a vector index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VectorIndexMode {
    /// The server adds each row to the index when it is written.
    #[default]
    Inline,
    /// Rows are written to a child table without a vector index, where queries find them at once. They move into the index later.
    Behind,
    /// The index is dropped at the start, and built again after all rows were written.
    Defer,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeadLetterTarget {
    /// JSON Lines are appended to a file.
    File(PathBuf),
    /// A topic of the source's brokers.
    Kafka(String),
    /// A table of the sink's database. The names are as the database has them.
    Table { schema: String, table: String },
}
