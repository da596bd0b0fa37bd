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

/// The value may be a secret.
impl fmt::Debug for Override {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "-D {}.{}=***", self.table, self.option)
    }
}

/// What a job is read from.
pub struct JobInput<'a> {
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
pub fn parse_job(input: &JobInput<'_>) -> Result<Job, Error> {
    assemble::assemble(parse::parse(input.text), input)
}

/// The same for a topic that a program attaches to a table; `input.text` isn't read.
pub fn attached_job(topic: &AttachedTopic, input: &JobInput<'_>) -> Result<Job, Error> {
    assemble::assemble(topic.script(), input).map_err(attached::without_places)
}

/// Every function a query may call, as it is written, with its meaning. A test compares docs/job-file.md with it.
#[cfg(feature = "internals")]
pub fn functions() -> impl Iterator<Item = (&'static str, &'static str)> {
    crate::sql::functions::all().map(|function| (function.form, function.meaning))
}
