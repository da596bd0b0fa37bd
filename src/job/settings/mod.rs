//! What a job file says, checked.

pub mod job;
pub mod mapping;
pub mod source;
