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

pub use options::setting::{buffer_memory, pipeline_name};
pub use value_types::duration;

use std::fmt;

use crate::error::Error;
use crate::settings::Job;

/// `-D TABLE.OPTION=VALUE`: replaces an option of the job file.
#[derive(Clone, PartialEq, Eq)]
pub struct Override {
    pub table: String,
    pub option: String,
    pub value: String,
}

/// The value may be a secret.
impl fmt::Debug for Override {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "-D {}.{}=***", self.table, self.option)
    }
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
