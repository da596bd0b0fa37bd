//! The intake: what the reader gives its records to.

use std::sync::Arc;
use std::time::Duration;

use crate::error::Result;
use crate::membership::Membership;
use crate::record::Record;

/// What the reader gives its records to.
pub trait Intake {
    /// Takes one record. The intake itself waits for room for a short time. `Full`: there was no room in this time. Then the reader
    /// pauses its partitions, goes on polling, and offers the same record again until it is taken.
    fn record(&mut self, record: &Record<'_>) -> Result<Taken>;

    /// Puts the rows that the intake has gathered into the shards. It is called when no further record has come yet, or when the
    /// reader has other work.
    fn push_gathered(&mut self);

    /// Whether records need their headers, which cost time to read.
    fn wants_headers(&self) -> bool {
        true
    }

    /// A partition is about to be read from `start`. This is called before its first record, also for partitions that are found while
    /// the job runs.
    fn assigned(&mut self, topic: &Arc<str>, partition: i32, start: i64);

    /// The process has joined a group, which will give it its partitions.
    fn joined(&mut self, _membership: Arc<dyn Membership>) {}

    /// These partitions go to another process. This waits at most `longest_wait` until all of their records are durable, and returns
    /// for each partition the lowest offset that isn't. Then the partitions are forgotten: rows that are settled later move no
    /// watermark any more, even if a partition comes back.
    fn released(&mut self, partitions: &[(Arc<str>, i32)], longest_wait: Duration) -> Vec<Watermark>;

    /// Whether a transaction is open that has rows of partitions that were released.
    fn is_releasing(&mut self) -> bool {
        false
    }

    /// Partitions that another process has taken over in the ledger of some sink: each is named once. Their rows are dropped until they
    /// are assigned again. Only with exactly-once.
    fn fenced(&mut self) -> Vec<(Arc<str>, i32)> {
        Vec::new()
    }

    /// All records below `next` have been offered. Some offsets below it never come as records: transaction markers, and offsets that
    /// compaction has removed.
    fn passed(&mut self, topic: &Arc<str>, partition: i32, next: i64);

    /// This many offsets can't be read any more: retention or somebody has deleted them.
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
