//! Exactly-once: where partitions are read from is decided outside of Kafka, before the client is told to fetch them.

use crate::error::Result;
use crate::kafka::start::position::StartPosition;

/// Takes partitions over for this process, and says where each is read from. For exactly-once the ledger says it. Each call asks a
/// database, so none is made by a thread that polls.
pub trait Assign: Send + Sync {
    /// `found`: where each partition would be read from otherwise. `cluster`: the Kafka cluster's id; empty if the brokers don't
    /// tell it.
    fn assign(&self, found: Vec<StartPosition>, cluster: &str) -> Result<Vec<StartPosition>>;

    /// `--fresh` in a group that has no members: whoever gets one of these partitions begins where it is read from here.
    fn start_over(&self, starts: &[StartPosition], cluster: &str) -> Result<()>;

    /// Whether the database answers.
    fn answers(&self) -> Result<()>;
}
