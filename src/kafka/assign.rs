//! Exactly-once: where partitions are read from is decided outside of Kafka, before the client is told to fetch them.

use crate::error::Result;
use crate::kafka::start::position::StartPosition;

/// Takes partitions over for this process, and says where each is read from. For exactly-once the ledger says it.
pub trait Assign: Send + Sync {
    /// `found`: where each partition would be read from otherwise. `cluster`: the brokers' id of themselves; empty if they have
    /// none. Asks a database, so it isn't called by the thread that polls.
    fn assign(&self, found: Vec<StartPosition>, cluster: &str) -> Result<Vec<StartPosition>>;
}
