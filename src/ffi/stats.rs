//! Figures of a sink or a job.

use std::ptr;
use std::time::Duration;

use super::call_error::CallError;
use crate::host::sink::SinkStats;
use crate::metrics::Snapshot;

/// The figures of a sink or a job. Set `size` to sizeof(vecsink_stats) before the call. The library fills
/// only that many bytes, so a program also works with a newer library that has more fields. An older library doesn't
/// change the fields that it doesn't know, so begin with zeros.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct vecsink_stats {
    /// sizeof(vecsink_stats), set by the caller.
    pub size: usize,
    /// Messages read (jobs).
    pub records_read: u64,
    /// Bytes of the keys and values of these messages.
    pub bytes_read: u64,
    /// Rows accepted. A job accepts the rows that pass WHERE, and one for each record that can't be decoded. When all rows are
    /// durable, rows_read is the sum of the next five members and of rows_unchanged.
    pub rows_read: u64,
    /// Rows inserted, upserted or updated.
    pub rows_written: u64,
    /// Deletes that were carried out, whether or not their rows were there.
    pub rows_deleted: u64,
    /// Rows replaced in their batch by a later row of the same key.
    pub rows_superseded: u64,
    /// Rows left out by the conflict mode.
    pub rows_ignored: u64,
    /// Rows rejected, with or without a dead-letter target.
    pub rows_dead_lettered: u64,
    /// Jobs: fields that became NULL because of ignore-parse-errors, and messages that were dropped because of it.
    pub parse_errors_ignored: u64,
    /// Jobs: fields of messages that the table has no column for.
    pub fields_ignored: u64,
    /// Committed transactions that wrote rows.
    pub batches: u64,
    /// Attempts repeated after an error.
    pub retries: u64,
    /// Sinks: the number that the next row would get.
    pub next: u64,
    /// Sinks: every row below this number is durable.
    pub durable: u64,
    /// Jobs: records of the topics that are not durable yet.
    pub lag: u64,
    /// Bytes of rows between push (or read) and COMMIT, roughly.
    pub held_bytes: u64,
    /// For the oldest row of the latest commit: the time from its push, or its record's timestamp, to the answer to COMMIT, in
    /// milliseconds. -1: nothing was written yet.
    pub freshness_ms: i64,
    /// Open database connections.
    pub connections: u32,
    /// 1: the database can't be reached and rows wait for it.
    pub outage: u32,
    /// Milliseconds since the sink or job was opened.
    pub age_ms: i64,
    /// Jobs: offsets that were gone before they could be read (deleted by retention or by a user).
    pub records_missed: u64,
    /// Jobs: how old the progress that Kafka has stored is, in milliseconds. Records that became durable after it would be read again
    /// by the next start. While commits succeed it is near zero. -1 for sinks.
    pub progress_age_ms: i64,
    /// Rows that were moved from a child into the table, and so into its vector index (with sink.vector-index = behind).
    pub rows_moved: u64,
    /// Rows of the table that are in no vector index yet, whichever program wrote them. Queries find them.
    pub rows_waiting_for_index: u64,
    /// How long the oldest of these rows has waited, in milliseconds, as far as this process has seen it. -1: no row waits.
    pub oldest_waiting_ms: i64,
    /// Rows that were in the table already, exactly so, and were not written again.
    pub rows_unchanged: u64,
    /// Rows of a named stream that were pushed again although they were durable already. They were dropped, and rows_read doesn't
    /// count them.
    pub rows_repeated: u64,
}

/// The size of the struct in the first version: it ended before this member.
const FIRST_SIZE: usize = std::mem::offset_of!(vecsink_stats, records_missed);

impl vecsink_stats {
    pub fn new(counters: Snapshot) -> vecsink_stats {
        vecsink_stats {
            records_read: counters.records_read,
            bytes_read: counters.bytes_read,
            rows_read: counters.rows_read,
            rows_written: counters.rows_written,
            rows_deleted: counters.rows_deleted,
            rows_superseded: counters.rows_superseded,
            rows_ignored: counters.rows_ignored,
            rows_dead_lettered: counters.rows_dead_lettered,
            parse_errors_ignored: counters.parse_errors_ignored,
            fields_ignored: counters.fields_ignored,
            batches: counters.batches,
            retries: counters.retries,
            freshness_ms: -1,
            records_missed: counters.records_missed,
            progress_age_ms: -1,
            rows_moved: counters.rows_moved,
            oldest_waiting_ms: -1,
            rows_unchanged: counters.rows_unchanged,
            rows_repeated: counters.rows_repeated,
            ..vecsink_stats::default()
        }
    }
}

/// A time in milliseconds. -1 for `None`.
pub fn milliseconds(time: Option<Duration>) -> i64 {
    time.map_or(-1, |time| i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
}

impl From<SinkStats> for vecsink_stats {
    fn from(stats: SinkStats) -> vecsink_stats {
        vecsink_stats {
            next: stats.next,
            durable: stats.durable,
            held_bytes: stats.held_bytes as u64,
            freshness_ms: milliseconds(stats.freshness),
            connections: stats.connections,
            outage: stats.outage.into(),
            age_ms: milliseconds(Some(stats.age)),
            rows_waiting_for_index: stats.rows_waiting_for_index,
            oldest_waiting_ms: milliseconds(stats.oldest_waiting),
            ..vecsink_stats::new(stats.counters)
        }
    }
}

/// The host's struct, in the size that the host's version of the header has.
pub struct StatsPlace {
    to: *mut vecsink_stats,
    size: usize,
}

impl StatsPlace {
    /// # Safety
    /// `to` is NULL or points to as many bytes as its first member says.
    pub unsafe fn new(to: *mut vecsink_stats) -> Result<StatsPlace, CallError> {
        if to.is_null() {
            return Err(CallError::argument("the vecsink_stats is NULL"));
        }
        if !to.is_aligned() {
            return Err(CallError::argument("the vecsink_stats is not aligned"));
        }
        // SAFETY: not NULL, aligned, and the caller's.
        let size = unsafe { ptr::read(&raw const (*to).size) };
        // No version is smaller than the first one. A size that is far larger was never set.
        if !(FIRST_SIZE..=4096).contains(&size) {
            return Err(CallError::argument(format!(
                "vecsink_stats.size is {size}: set it to sizeof(vecsink_stats) before the call"
            )));
        }
        Ok(StatsPlace { to, size })
    }

    pub fn fill(self, stats: impl Into<vecsink_stats>) {
        let stats = vecsink_stats { size: self.size, ..stats.into() };
        let known = self.size.min(size_of::<vecsink_stats>());
        // SAFETY: `to` has `size` bytes, as it says itself.
        unsafe { ptr::copy_nonoverlapping((&raw const stats).cast::<u8>(), self.to.cast::<u8>(), known) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_of_the_first_version_gets_only_what_its_struct_has_room_for() {
        let untouched = vecsink_stats { size: FIRST_SIZE, records_missed: 77, ..vecsink_stats::default() };
        let mut host = untouched;
        // SAFETY: the struct is there, and larger than it says.
        let place = unsafe { StatsPlace::new(&mut host) }.unwrap_or_else(|_| panic!("{FIRST_SIZE} bytes are enough"));
        place.fill(vecsink_stats { age_ms: 1500, records_missed: 5, ..vecsink_stats::default() });
        assert_eq!((host.size, host.age_ms, host.records_missed), (FIRST_SIZE, 1500, 77));
    }
}
