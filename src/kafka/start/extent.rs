//! A partition as the brokers describe it, and where reading can go on in it. Pure.

use std::sync::Arc;

use super::mark::CommittedOffset;
use super::position::StartReason;

/// The offset at which reading begins, and why it begins there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StartPlace {
    pub start: i64,
    pub origin: StartReason,
    pub missed: u64,
}

impl StartPlace {
    pub fn new(start: i64, origin: StartReason) -> StartPlace {
        StartPlace { start, origin, missed: 0 }
    }
}

/// A partition as the broker describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extent {
    pub partition: i32,
    pub low: i64,
    pub high: i64,
    pub commit: Option<CommittedOffset>,
    /// First offset at or after the startup timestamp, when that is the mode.
    pub at_timestamp: Option<i64>,
    /// First offset at or after the timestamp of the bounded mode, when that is the mode.
    pub at_bound: Option<i64>,
}

/// Partitions of any topics, as the brokers describe them.
pub type Extents = Vec<(Arc<str>, Extent)>;

impl Extent {
    /// Whether reading can go on at `offset`.
    pub fn holds(&self, offset: i64) -> bool {
        (self.low..=self.high).contains(&offset)
    }

    /// Where reading goes on when everything before `offset` has been read. Records that are still there are never skipped: if
    /// `offset` is gone, reading goes on at the earliest record. It also does if the partition ends before `offset`, because
    /// then it isn't the partition that was read.
    pub fn go_on(&self, offset: i64) -> StartPlace {
        if self.holds(offset) {
            return StartPlace::new(offset, StartReason::Progress);
        }
        StartPlace {
            start: self.low,
            origin: StartReason::OutOfRange,
            missed: self.low.saturating_sub(offset).max(0).unsigned_abs(),
        }
    }

    /// Logs which offsets were lost, if reading goes on at `place` instead of `next`.
    pub fn warn_of_jump(&self, topic: &str, next: i64, place: &StartPlace) {
        let (id, low, high) = (self.partition, self.low, self.high);
        if place.origin != StartReason::OutOfRange || place.start == next {
            return;
        }
        if place.missed > 0 {
            log::warn!(
                "{topic}[{id}]: offsets {next} to {} are gone: deleted by retention before this job read them, or by somebody; \
                 reading goes on at {low}, the earliest record there is",
                low - 1
            );
        } else {
            log::warn!(
                "{topic}[{id}]: everything before offset {next} has been read, but the partition ends at {high}: the topic \
                 was deleted and created again, or the brokers lost records; it is read from {low}, the earliest record there is"
            );
        }
    }
}
