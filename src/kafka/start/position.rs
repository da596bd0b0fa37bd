//! Where a partition is read from and to, and why there.

use std::fmt;
use std::sync::Arc;

/// Why a partition starts where it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartReason {
    /// This job's own stored progress.
    Progress,
    /// `scan.startup.mode`.
    StartupMode,
    /// Partitions that came after the job's first start are read from their beginning.
    NewPartition,
    /// The stored progress is outside the partition, which is read from its earliest record.
    OutOfRange,
}

/// Where one partition is read from, and to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartPosition {
    pub topic: Arc<str>,
    pub partition: i32,
    pub start: i64,
    pub origin: StartReason,
    /// Exclusive; `None`: reading has no end.
    pub stop: Option<i64>,
    /// The partition's first offset when this was resolved.
    pub first: i64,
    /// The partition's end when this was resolved.
    pub end: i64,
    /// How many offsets before the start were not read and can't be read any more.
    pub missed: u64,
}

impl fmt::Display for StartPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}] from offset {}", self.topic, self.partition, self.start)?;
        if let Some(stop) = self.stop {
            write!(f, " to {stop}")?;
        }
        f.write_str(match self.origin {
            StartReason::Progress => " (stored progress)",
            StartReason::StartupMode => " (startup mode)",
            StartReason::NewPartition => " (new partition)",
            StartReason::OutOfRange => " (the earliest record; the stored progress is no longer in the topic)",
        })
    }
}
