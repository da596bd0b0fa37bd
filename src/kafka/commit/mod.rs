//! Storing a job's progress in its consumer group.

pub(super) mod committer;
pub(super) mod progress;
pub(super) mod schedule;
