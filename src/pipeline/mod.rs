//! Connects readers, shards and writers, and runs their threads.
//!
//! A [`Line`](line::Line) holds the shards, the progress, the dead letters and the writers of one sink. Its rows come from a
//! job's readers, or from the threads of the host program.

#[cfg(feature = "kafka")]
mod attach;
#[cfg(feature = "kafka")]
mod builder;
#[cfg(feature = "kafka")]
mod dead_letter_topic;
#[cfg(feature = "kafka")]
mod intake;
#[cfg(feature = "kafka")]
mod job;
pub(crate) mod line;
mod memory;
#[cfg(feature = "kafka")]
pub mod offsets;
#[cfg(feature = "kafka")]
pub mod replay;
pub(crate) mod replayed;
mod shard_layout;
pub(crate) mod shared;
pub(crate) mod stats;
pub(crate) mod thread_end;
mod watch;

use std::hash::{BuildHasher, Hasher};
use std::time::{Duration, Instant};

use crate::stop::Stop;

#[cfg(feature = "ffi")]
pub(crate) use memory::gives_back_by;

#[cfg(feature = "kafka")]
pub use attach::Attach;
#[cfg(feature = "kafka")]
pub use builder::PipelineBuilder;
#[cfg(all(test, feature = "cli"))]
pub use job::SampledRecord;
#[cfg(feature = "kafka")]
pub use job::{
    CheckedColumn, CheckedSink, Pipeline, RunOptions, Sample, SampledColumn, check, check_settings, ddl, ddl_of_ledger,
    sample, start_job,
};
#[cfg(feature = "kafka")]
pub use offsets::{PlannedReset, ResetOptions, ResetTo, StreamOffsets, plan_reset, show_offsets};
#[cfg(feature = "kafka")]
pub use replay::{DeadLetterSource, ReplayOptions, replay};
pub use stats::{Stats, Summary};

#[cfg(feature = "kafka")]
pub use crate::postgres::TableLayout;

/// How long a sink's threads get to end by themselves once it is abandoned. They check for that ten times a second, and the
/// caller has promised an answer within a second.
const ABANDON_GRACE: Duration = Duration::from_millis(500);

/// Whether to stop waiting for a sink's threads although they haven't ended. The sink is abandoned at the deadline.
pub(crate) fn is_over(stop: &Stop, deadline: Option<Instant>) -> bool {
    if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
        stop.abandon();
    }
    stop.abandoned_for().is_some_and(|since| since >= ABANDON_GRACE)
}

/// `<name>/<16 hex digits of this process>`: who looks at pg_stat_activity sees which job and which process it is.
pub(crate) fn application_name(mut name: String) -> String {
    let mut end = name.len().min(46);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.truncate(end);
    let process = std::hash::RandomState::new().build_hasher().finish();
    format!("{name}/{process:016x}")
}

/// When a time-out ends. A very long one ends after a time that nobody waits for.
pub(crate) fn after(timeout: Duration) -> Instant {
    const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
    Instant::now() + timeout.min(LONGEST)
}
