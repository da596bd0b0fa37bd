//! The dispatcher without `shard_layout.rs`, which chooses a row's shard: no other thread takes part in that.

#[path = "../../src/dispatch/budget.rs"]
pub mod budget;
#[path = "../../src/dispatch/dispatcher.rs"]
pub mod dispatcher;
#[path = "../../src/dispatch/experiments.rs"]
mod experiments;
#[path = "../../src/dispatch/queue.rs"]
pub mod queue;
#[path = "../../src/dispatch/row_cost.rs"]
mod row_cost;
#[path = "../../src/dispatch/shards.rs"]
pub mod shards;
#[path = "../../src/dispatch/spare.rs"]
mod spare;
#[path = "../../src/dispatch/tuner.rs"]
mod tuner;
#[path = "../../src/dispatch/writer_search.rs"]
mod writer_search;

pub use shard_layout::{SHARDS, ShardLayout};

pub mod shard_layout {
    /// Few, so that several rows are in the same shard.
    pub const SHARDS: usize = 4;

    /// Needed only for the text of a layout in `progress/ledger`.
    #[derive(Clone, Copy)]
    pub enum ShardLayout {
        Key,
        Block,
        Serial,
    }

    impl ShardLayout {
        pub fn as_str(self) -> &'static str {
            ""
        }
    }
}
