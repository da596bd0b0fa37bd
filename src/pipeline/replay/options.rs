//! What is replayed: where the dead letters are, and which of them are taken.

use std::path::PathBuf;

/// Where the dead letters are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeadLetterSource {
    File(PathBuf),
    /// Of the brokers that the sink's source reads.
    Topic(String),
    /// Of the sink's database.
    Table {
        schema: String,
        table: String,
    },
}

#[derive(Debug, Clone)]
pub struct ReplayOptions {
    pub dead_letters: DeadLetterSource,
    /// Only dead letters of this sink, and those that name none.
    pub sink: Option<String>,
    /// Where what is rejected again goes, instead of the job's own targets.
    pub rejected: Option<PathBuf>,
    /// Read a topic from its beginning, also what an earlier replay has processed.
    pub fresh: bool,
}
