//! The numbers of a job while it runs, and at its end.

use std::time::Duration;

use crate::metrics::Snapshot;

/// What is going on, for a progress line.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stats {
    /// What has happened since the start.
    pub counters: Snapshot,
    /// Records of the topics that are not durable yet.
    pub lag: u64,
    /// Open database connections.
    pub connections: u32,
    /// A database is away and rows wait for it.
    pub outage: bool,
    /// Bytes of rows between reading and COMMIT.
    pub held_bytes: usize,
    /// Age of the oldest row of the latest commit, from the producer's timestamp to COMMIT answered.
    pub freshness: Option<Duration>,
    /// Since the job was started.
    pub age: Duration,
    /// How old the progress is that Kafka has stored. What became durable after that would be read again by the next start.
    /// Near zero while progress is stored.
    pub progress_age: Duration,
    /// Rows of the tables that are in no vector index yet, whoever wrote them; with `sink.vector-index` = behind. Queries find them.
    pub rows_waiting_for_index: u64,
    /// How long the oldest of them has waited, as far back as the job has looked. `None`: there are none.
    pub oldest_waiting: Option<Duration>,
    /// How many percent of a deferred vector index are built. `None`: none is being built.
    pub(crate) build_percent: Option<u8>,
}

/// What a finished run did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// What happened in all.
    pub counters: Snapshot,
    /// How long the job ran.
    pub seconds: f64,
    /// How old the progress that Kafka has stored was at the end; `None` where none is stored.
    pub progress_age: Option<Duration>,
}
