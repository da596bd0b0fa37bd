//! Turns a Flink SQL job file into a checked [`Job`].

mod assemble;
mod attached;
pub mod decoder;
mod insert;
mod keyed;
mod like;
mod metadata;
pub mod options;
pub mod selection;
pub mod settings;
mod source;
mod table;
#[cfg(test)]
mod tests;

use std::fmt;

pub use self::attached::AttachedTopic;

use self::settings::job::Job;
use crate::error::Error;
use crate::settings::kafka::KafkaSource;
use crate::sql::parse;

/// `-D TABLE.OPTION=VALUE`: replaces an option of the job file.
#[derive(Clone, PartialEq, Eq)]
pub struct Override {
    pub table: String,
    pub option: String,
    pub value: String,
}

/// Leaves out the value, because it may be a secret.
impl fmt::Debug for Override {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "-D {}.{}=***", self.table, self.option)
    }
}

/// Everything that a job is read from.
pub struct JobInput<'a> {
    pub text: &'a str,
    /// The job's name, if the file doesn't have one.
    pub file_stem: Option<&'a str>,
    pub overrides: &'a [Override],
    /// Gives the value of `${NAME}` in option values.
    pub environment: &'a dyn Fn(&str) -> Option<String>,
    /// Finds errors in a source's `properties.*`, which only the Kafka client understands. An error that begins with an
    /// option's name is shown at that option.
    pub properties: &'a dyn Fn(&KafkaSource) -> Vec<String>,
}

/// The checked settings of a job file, or [`Error::Config`] with all its errors, in the order of the file.
pub fn parse_job(input: &JobInput<'_>) -> Result<Job, Error> {
    assemble::assemble(parse::parse(input.text), input)
}

/// The checked settings of the job in which a program attaches a topic to a table. `input.text` isn't read.
pub fn attached_job(topic: &AttachedTopic, input: &JobInput<'_>) -> Result<Job, Error> {
    assemble::assemble(topic.script(), input).map_err(attached::without_places)
}

/// Every function that a query can call, as it is written, with its meaning. A test compares docs/job-file.md with them.
#[cfg(feature = "internals")]
pub fn functions() -> impl Iterator<Item = (&'static str, &'static str)> {
    crate::sql::functions::all().map(|function| (function.form, function.meaning))
}
