//! Turns a Flink SQL job file into checked [`Job`] settings. Nothing is opened; all that is wrong is found at once.

mod avro;
mod environment;
mod flink_sql;
mod insert;
mod jdbc_url;
mod job;
mod like;
mod metadata;
mod nearest;
pub mod options;
mod plan;
mod postgresql_url;
mod push;
mod report;
mod source;
mod table;
#[cfg(test)]
mod tests;
mod value_types;

pub use options::setting::{buffer_memory, pipeline_name};
pub use push::push_sink;
pub use value_types::duration;

use std::fmt;

use crate::error::Error;
use crate::settings::{Job, KafkaSource};

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

/// What a job is read from.
pub struct Input<'a> {
    pub text: &'a str,
    /// Names the job when nothing in the file does.
    pub file_stem: Option<&'a str>,
    pub overrides: &'a [Override],
    /// Answers `${NAME}` in option values.
    pub environment: &'a dyn Fn(&str) -> Option<String>,
    /// What is wrong with a source's `properties.*`, which only the Kafka client understands. What begins with an
    /// option's name is shown at that option.
    pub properties: &'a dyn Fn(&KafkaSource) -> Vec<String>,
}

/// The checked settings of a job file, or [`Error::Config`] with everything wrong with it, in the order of the file.
pub fn parse_job(input: &Input<'_>) -> Result<Job, Error> {
    job::assemble(input)
}

/// Every function a query may call, as it is written, with its meaning.
pub fn functions() -> impl Iterator<Item = (&'static str, &'static str)> {
    plan::function::signatures().map(|signature| (signature.form, signature.meaning))
}
