//! Where a record stands in its stream.

use std::fmt;
use std::sync::Arc;

/// A record's place: topic, partition and offset. It names the record in logs, errors and dead letters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// The topic; `push:` and the stream's name for a pushed row.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// The record's offset; the number of a pushed row.
    pub offset: i64,
}

impl Position {
    /// Whether this is the position of a row that a program pushed. No Kafka topic has a name with this beginning.
    pub fn is_pushed(&self) -> bool {
        self.topic.starts_with("push:")
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]@{}", self.topic, self.partition, self.offset)
    }
}
