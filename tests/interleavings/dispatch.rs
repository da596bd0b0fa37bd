//! The stage but for the choice of a row's shard, which no other thread takes part in.

#[path = "../../src/dispatch/budget.rs"]
pub mod budget;
#[path = "../../src/dispatch/dispatcher.rs"]
pub mod dispatcher;
#[path = "../../src/dispatch/queue.rs"]
pub mod queue;
#[path = "../../src/dispatch/shards.rs"]
pub mod shards;
#[path = "../../src/dispatch/spare.rs"]
mod spare;
#[path = "../../src/dispatch/tuner.rs"]
mod tuner;

pub mod layout {
    /// Few, so that rows meet.
    pub const SHARDS: usize = 4;
}
