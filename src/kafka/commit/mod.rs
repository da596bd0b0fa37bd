//! Storing a job's progress in its consumer group.

pub mod committer;
pub mod failures;
pub mod progress;
pub mod schedule;
pub mod stored_offsets;
pub mod stored_progress;
