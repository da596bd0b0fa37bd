//! Turns a Flink SQL job file into checked [`Job`] settings. Nothing is opened; all that is wrong is found at once.

mod environment;
mod flink_sql;
mod insert;
mod jdbc_url;
mod job;
mod nearest;
pub mod options;
mod plan;
mod report;
mod table;
#[cfg(test)]
mod tests;
mod value_types;

pub use value_types::{duration, memory_size};

use crate::error::Error;
use crate::settings::Job;

/// `-D TABLE.OPTION=VALUE`: replaces an option of the job file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    pub table: String,
    pub option: String,
    pub value: String,
}

/// The checked settings of a job file, or [`Error::Config`] with everything wrong with it, in the order of the file.
///
/// `file_stem` names the job when nothing in the file does. `environment` answers `${NAME}` in option values.
pub fn parse_job(
    text: &str,
    file_stem: Option<&str>,
    overrides: &[Override],
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Job, Error> {
    job::assemble(text, file_stem, overrides, environment)
}
