//! The intake: what the reader gives its records to.

use std::sync::Arc;
use std::time::Duration;

use crate::error::Result;
use crate::membership::Membership;
use crate::record::Record;

/// What the reader gives its records to.
pub trait Intake {
    /// Takes one record. `Full`: no room within the time the intake waits itself; the reader pauses its partitions,
    /// polls on and offers the same record again until it is taken.
    fn record(&mut self, record: &Record<'_>) -> Result<Taken>;

    /// No further record has come yet, or the reader has other work: what the intake has gathered must be put into the shards
    /// now.
    fn push_gathered(&mut self);

    /// Whether records need their headers, which cost time to read.
    fn wants_headers(&self) -> bool {
        true
    }

    /// A partition is about to be read from `start`. Called before its first record, also for partitions found later.
    fn assigned(&mut self, topic: &Arc<str>, partition: i32, start: i64);

    /// The process has joined a group, which will give it its partitions.
    fn joined(&mut self, _membership: Arc<dyn Membership>) {}

    /// These partitions go to another process. Waits at most `longest_wait` until what was taken of them is durable and gives
    /// the lowest offset of each that isn't. Then they are forgotten: what is still on its way moves no watermark any
    /// more, also if a partition comes back.
    fn released(&mut self, partitions: &[(Arc<str>, i32)], longest_wait: Duration) -> Vec<Watermark>;

    /// Whether a transaction is open that has rows of partitions that were released.
    fn is_releasing(&mut self) -> bool {
        false
    }

    /// Everything below `next` has been offered, records or not: transaction markers and compacted offsets never come.
    fn passed(&mut self, topic: &Arc<str>, partition: i32, next: i64);

    /// So many offsets can't be read any more: retention was faster, or somebody deleted them.
    fn missed(&mut self, _offsets: u64) {}

    /// The partition was created again: from now on it is read from `start`. Rows that were taken before are still written, but
    /// don't move this partition's progress.
    fn started_over(&mut self, topic: &Arc<str>, partition: i32, start: i64) {
        self.released(&[(Arc::clone(topic), partition)], Duration::ZERO);
        self.assigned(topic, partition, start);
    }

    /// For each partition the lowest offset that is not yet durable: what may be committed.
    fn watermarks(&mut self) -> Vec<Watermark>;
}

/// Topic, partition, and the first offset that is not covered.
pub type Watermark = (Arc<str>, i32, i64);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    Yes,
    Full,
}
