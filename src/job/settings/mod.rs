//! The checked settings of a job file.

pub mod job;
pub mod mapping;
pub mod source;
