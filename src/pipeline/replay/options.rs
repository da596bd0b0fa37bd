//! The options of a replay: where the dead letters are, and which of them are processed.

use std::path::PathBuf;

/// Where the dead letters are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeadLetterSource {
    File(PathBuf),
    /// A topic on the brokers of the sink's source.
    Topic(String),
    /// A table in the sink's database.
    Table {
        schema: String,
        table: String,
    },
}

#[derive(Debug, Clone)]
pub struct ReplayOptions {
    pub dead_letters: DeadLetterSource,
    /// Only dead letters that name this sink or no sink.
    pub sink: Option<String>,
    /// The file for records that are rejected again. `None`: they go to the job's own dead-letter targets.
    pub rejected: Option<PathBuf>,
    /// Read a topic from its beginning, including dead letters that an earlier replay has processed.
    pub fresh: bool,
}
