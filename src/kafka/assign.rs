//! Exactly-once: where partitions are read from is decided outside of Kafka, before the client is told to fetch them.

use std::collections::HashMap;

use crate::error::Result;
use crate::kafka::start::position::StartPosition;

/// Takes partitions over for this process, and says where each is read from. For exactly-once the ledger says it. Each call asks a
/// database, so none is made by a thread that polls.
pub trait Assign: Send + Sync {
    /// `found`: where each partition would be read from otherwise.
    fn assign(&self, found: Vec<StartPosition>, ids: &SourceIds) -> Result<Vec<StartPosition>>;

    /// `--fresh` in a group that has no members: whoever gets one of these partitions begins where it is read from here.
    fn start_over(&self, starts: &[StartPosition], ids: &SourceIds) -> Result<()>;

    /// Whether the database answers.
    fn answers(&self) -> Result<()>;
}

/// What the brokers call themselves and their topics. Another cluster, or a topic that was created again, has another id.
#[derive(Debug, Clone, Default)]
pub struct SourceIds {
    /// Empty if the brokers have none.
    pub cluster: String,
    /// By the topics' names, as far as there are any.
    pub topics: HashMap<String, String>,
}

impl SourceIds {
    /// The cluster's id and the topic's, with a `/` between them.
    pub fn of(&self, topic: &str) -> String {
        format!("{}/{}", self.cluster, self.topics.get(topic).map(String::as_str).unwrap_or_default())
    }
}
