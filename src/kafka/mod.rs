//! Bytes in: reads Kafka topics partition by partition and hands every record on, and keeps the job's place in the
//! consumer group. All of the project's Kafka code is here.

pub mod admin;
mod client;
mod commit;
mod group;
mod produce;
pub(crate) mod properties;
mod read;
mod start;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use twox_hash::XxHash64;

use crate::error::Result;
use crate::membership::Membership;
use crate::record::Record;

pub use self::commit::progress::StoredProgress;
pub use self::produce::lines::produce_lines;
pub use self::produce::publisher::Publisher;
pub use self::properties::check_properties;
pub use self::read::reader::KafkaReader;
#[cfg(feature = "internals")]
pub use self::{
    read::polls::LongestGap,
    start::{StartPosition, StartReason},
};

/// What the reader hands records to.
pub trait Intake {
    /// Takes one record. `Full`: no room within the time the intake waits itself; the reader pauses its partitions,
    /// polls on and offers the same record again until it is taken.
    fn record(&mut self, record: &Record<'_>) -> Result<Taken>;

    /// No further record is at hand, or the reader has other work: what the intake gathered of the records before must
    /// not wait any longer.
    fn hand_on(&mut self);

    /// Whether records need their headers, which cost time to read.
    fn wants_headers(&self) -> bool {
        true
    }

    /// A partition is about to be read from `start`. Called before its first record, also for partitions found later.
    fn assigned(&mut self, topic: &Arc<str>, partition: i32, start: i64);

    /// The process has joined a group, which will give it its partitions.
    fn joined(&mut self, _membership: Arc<dyn Membership>) {}

    /// These partitions go to another process. Waits at most `patience` until what was taken of them is durable and gives
    /// the lowest offset of each that isn't. Then they are forgotten: what is still on its way moves no watermark any
    /// more, also if a partition comes back.
    fn released(&mut self, partitions: &[(Arc<str>, i32)], patience: Duration) -> Vec<Watermark>;

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

/// Under which name progress is kept, and whether it counts this time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resume {
    pub job: String,
    /// The consumer group: the job file's own, or [`derived_group`].
    pub group: String,
    /// Ignore stored progress: every partition starts by the startup mode.
    pub fresh: bool,
    /// Bytes the client may hold in its own queue.
    pub share_of_memory: usize,
    /// How long a start waits for brokers that are away, where it was told to.
    pub patience: Option<Duration>,
}

/// How many records of the topics are not durable yet. Shared with whoever shows it.
#[derive(Debug, Clone, Default)]
pub struct Lag(Arc<AtomicU64>);

impl Lag {
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self, records: u64) {
        self.0.store(records, Ordering::Relaxed);
    }
}

/// The consumer group of a job file without `properties.group.id`. The order of sinks and topics doesn't matter.
pub fn derived_group(job: &str, sinks: &[String], topics: &[String]) -> String {
    let mut sinks: Vec<&str> = sinks.iter().map(String::as_str).collect();
    let mut topics: Vec<&str> = topics.iter().map(String::as_str).collect();
    sinks.sort_unstable();
    topics.sort_unstable();
    let image = [job, &sinks.join("\x1e"), &topics.join("\x1e")].join("\x1f");
    format!("vecsink-{job}-{:016x}", XxHash64::oneshot(0, image.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::derived_group;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| name.to_string()).collect()
    }

    #[test]
    fn a_derived_group_names_the_job_and_differs_by_sinks_and_topics() {
        let group = derived_group("cars", &names(&["a.b"]), &names(&["t"]));
        assert!(group.starts_with("vecsink-cars-"));
        assert_eq!(group.len(), "vecsink-cars-".len() + 16);
        assert_ne!(group, derived_group("cars", &names(&["a.c"]), &names(&["t"])));
        assert_ne!(group, derived_group("cars", &names(&["a.b"]), &names(&["t", "u"])));
        assert_ne!(group, derived_group("cars", &names(&[]), &names(&["a.b", "t"])));
    }

    #[test]
    fn reordering_topics_keeps_the_derived_group() {
        let one = derived_group("cars", &names(&["s"]), &names(&["t", "u"]));
        assert_eq!(one, derived_group("cars", &names(&["s"]), &names(&["u", "t"])));
    }
}
