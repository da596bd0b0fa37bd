//! Rows → shards → batches. Knows nothing of PostgreSQL.
//!
//! A sink's rows wait in 64 queues, the shards. A writer takes rows of shards that no other writer holds, and holds these shards
//! until its batch is settled. So a key's rows stay in order, two transactions never touch the same key, and the number of writers
//! can change at any time.

mod budget;
mod dispatcher;
mod experiments;
mod queue;
mod row_cost;
mod shard_layout;
mod shards;
mod spare;
mod tuner;
mod writer_search;

pub use budget::Budget;
pub use dispatcher::{Dispatcher, Limits, TakenBatch};
#[cfg(test)]
pub use queue::ChunkLimits;
pub use queue::QueuedRow;
pub use shard_layout::{RowKey, RowTraits, SHARDS, ShardLayout, key_hash};
pub use shards::OwnQueues;
#[cfg(test)]
pub use shards::{BatchLimits, Shards};
pub use tuner::Spent;
