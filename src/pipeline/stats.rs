//! The numbers of a job while it runs, and at its end.

use std::time::Duration;

use crate::metrics::Snapshot;

/// The figures of a running job.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stats {
    /// What has happened since the start.
    pub counters: Snapshot,
    /// Records of the topics that are not durable yet.
    pub lag: u64,
    /// Open database connections.
    pub connections: u32,
    /// Whether a database can't be reached and rows wait for it.
    pub outage: bool,
    /// Bytes of rows between reading and COMMIT.
    pub held_bytes: usize,
    /// Age of the oldest row of the latest commit: the time from the producer's timestamp to the answer to COMMIT.
    pub freshness: Option<Duration>,
    /// The time since the job was started.
    pub age: Duration,
    /// How old the progress that Kafka has stored is. Records that became durable after it would be read again by the next start.
    /// While commits succeed it is near zero.
    pub progress_age: Duration,
    /// With `sink.vector-index` = behind: rows of the tables that are in no vector index yet, whichever program wrote them. Queries find
    /// them.
    pub rows_waiting_for_index: u64,
    /// How long the oldest of these rows has waited, as far as the job has seen it. `None`: no row waits.
    pub oldest_waiting: Option<Duration>,
    /// How many percent of a deferred vector index are built. `None`: none is being built.
    pub(crate) build_percent: Option<u8>,
}

/// What a finished run did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// What happened from the start to the end.
    pub counters: Snapshot,
    /// How long the job ran.
    pub seconds: f64,
    /// How old the progress that Kafka has stored was at the end; `None` where none is stored.
    pub progress_age: Option<Duration>,
}
