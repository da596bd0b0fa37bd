//! How rows are written, and what happens to a row whose key is already there.

use std::path::PathBuf;

/// Which path rows take; a hint, the result is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WriteMode {
    /// `0` and `2`: go through INSERT … ON CONFLICT from the start.
    Insert,
    /// `1`: COPY while it works.
    #[default]
    Copy,
}

/// What happens to a row whose key is already there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConflictMode {
    /// The row that was there first stays; the new one is counted as ignored.
    Ignore,
    /// The job stops.
    Strict,
    /// The new row replaces it; `update` means the same.
    Upsert,
}

/// What happens to a record that can't be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExceptionMode {
    /// It becomes a dead letter, or is counted and logged where no dead-letter target is set.
    Ignore,
    /// The job stops.
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
    /// The index is dropped, and built again when the rows are written.
    Defer,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeadLetterTarget {
    /// JSON Lines, appended.
    File(PathBuf),
    /// A topic of the source's brokers.
    Kafka(String),
    /// A table of the sink's database; names as the database has them.
    Table { schema: String, table: String },
}
