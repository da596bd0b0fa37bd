//! Why a push was refused. The row was not accepted.

use crate::error::{Error, Rejection};

/// Why a row was not accepted. The sink keeps nothing of the row; the caller may push it again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PushError {
    /// There is no room now, and the push was told not to wait, or it comes from a callback that can't wait for room.
    #[error("no room: rows that wait to be written take up buffer.memory")]
    WouldBlock,
    /// There was no room within the time-out, or the batch is so long that not all of its rows could be taken within it.
    #[error("no room within the time given: rows that wait to be written take up buffer.memory, or the batch is long")]
    TimedOut,
    /// There isn't enough memory for this large row now.
    #[error("out of memory: {bytes} bytes for the row can't be had; push it again when there is more")]
    OutOfMemory {
        /// The bytes that the row needs.
        bytes: usize,
    },
    /// The table could never store this row.
    #[error("{0}")]
    Rejected(Rejection),
    /// The row or batch doesn't have the sink's columns, or the sink takes no such push: a delete, or a row without a number of the
    /// host's own.
    #[error("{0}")]
    Shape(String),
    /// The sequence number isn't above those that were accepted already, or is beyond `i64::MAX`.
    #[error(
        "sequence {sequence} can't be pushed: the next one must be at least {next}, and at most 9223372036854775807"
    )]
    OutOfOrder {
        /// The number that was given.
        sequence: u64,
        /// The least number that can be pushed.
        next: u64,
    },
    /// The sink was closed.
    #[error("the sink is closed")]
    Closed,
    /// The sink has failed and takes no more rows; those from [`Sink::durable`](super::Sink::durable) on may not be in the
    /// database.
    #[error("the sink has failed: {0}")]
    Failed(Error),
}

impl PushError {
    /// Whether the same push may succeed later on.
    pub fn is_retryable(&self) -> bool {
        matches!(self, PushError::WouldBlock | PushError::TimedOut | PushError::OutOfMemory { .. })
    }

    /// Whether rows that were pushed before may or may not be in the database.
    pub fn is_in_doubt(&self) -> bool {
        matches!(self, PushError::Failed(_))
    }
}

/// Why a batch was accepted only in part, or not at all. Its first [`BatchError::accepted`] rows were accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("after {accepted} rows: {error}")]
pub struct BatchError {
    /// Why the next row was not accepted.
    #[source]
    pub error: PushError,
    /// How many rows, from the batch's start on, were accepted.
    pub accepted: usize,
    /// The number of the first accepted row.
    pub first: Option<u64>,
    /// The number of the last accepted row.
    pub last: Option<u64>,
    /// How many of the accepted rows can't be stored.
    pub rejected: usize,
}
