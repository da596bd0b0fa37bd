//! A job from the text of its SQL statements, for a host program.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use super::job::{CheckedSink, Pipeline, RunOptions, check, start_job};
use super::stats::Summary;
use crate::error::Result;
use crate::job::settings::job::Job;
use crate::job::{AttachedTopic, JobInput, Override, attached_job, parse_job};
use crate::kafka::check_properties;

/// A job that is about to be started; from [`Pipeline::from_sql`].
#[derive(Clone, Default)]
pub struct PipelineBuilder {
    /// The statements, or the attached topic, that the job is made from.
    origin: Origin,
    name: Option<String>,
    overrides: Vec<Override>,
    variables: HashMap<String, String>,
    buffer_memory: Option<usize>,
    max_outage: Option<Duration>,
    fresh: bool,
}

#[derive(Clone)]
enum Origin {
    Sql(String),
    Attached(AttachedTopic),
}

impl Default for Origin {
    fn default() -> Origin {
        Origin::Sql(String::new())
    }
}

impl Pipeline {
    /// The job of these Flink SQL statements, which are those of a job file for `vecsink run`.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use vecsink::Pipeline;
    ///
    /// # fn main() -> vecsink::Result<()> {
    /// let sql = std::fs::read_to_string("job.sql").expect("the file can be read");
    /// let job = Pipeline::from_sql(&sql).name("cars").variable("PGPASSWORD", "secret").start()?;
    /// println!("{} rows wait", job.stats().lag);
    /// let summary = job.stop(Duration::from_secs(25))?;
    /// println!("{} rows written", summary.counters.rows_written);
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_sql(sql: &str) -> PipelineBuilder {
        PipelineBuilder { origin: Origin::Sql(sql.to_owned()), ..PipelineBuilder::default() }
    }
}

impl PipelineBuilder {
    /// Makes it the job of an attached topic, with the same settings.
    pub(crate) fn attaching(mut self, topic: AttachedTopic) -> Self {
        self.origin = Origin::Attached(topic);
        self
    }

    /// The name under which progress is stored, unless the statements give one.
    pub fn name(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// Sets an option of a table. The value is used instead of the statements' own.
    pub fn option(mut self, table: &str, option: &str, value: &str) -> Self {
        self.overrides.push(Override { table: table.into(), option: option.into(), value: value.into() });
        self
    }

    /// The value that replaces `${name}` in option values. A name that isn't given here is looked up in the environment.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// The most bytes of rows between reading and COMMIT. It is used instead of the statements' `buffer.memory`.
    pub fn buffer_memory(mut self, bytes: usize) -> Self {
        self.buffer_memory = Some(bytes);
        self
    }

    /// How long the database may be unreachable before the job fails. A start waits for the database and for the brokers for this long.
    /// It is used instead of the statements' `max.outage`.
    pub fn max_outage(mut self, longest: Duration) -> Self {
        self.max_outage = Some(longest);
        self
    }

    /// Whether to start by the startup mode, whatever progress is stored.
    pub fn fresh(mut self, fresh: bool) -> Self {
        self.fresh = fresh;
        self
    }

    /// The checked job, or [`Error::Config`](crate::Error::Config) with everything wrong with it. Opens nothing.
    pub(crate) fn job(&self) -> Result<Job> {
        let variable = |name: &str| self.variables.get(name).cloned().or_else(|| std::env::var(name).ok());
        let input = |text| JobInput {
            text,
            file_stem: self.name.as_deref(),
            overrides: &self.overrides,
            environment: &variable,
            properties: &check_properties,
        };
        let mut job = match &self.origin {
            Origin::Sql(sql) => parse_job(&input(sql)),
            Origin::Attached(topic) => attached_job(topic, &input("")),
        }?;
        job.buffer_memory = self.buffer_memory.unwrap_or(job.buffer_memory);
        job.max_outage = self.max_outage.or(job.max_outage);
        Ok(job)
    }

    /// Connects to everything the job names and describes what it would do, without writing a row.
    pub fn check(&self) -> Result<Vec<CheckedSink>> {
        self.job().map(|job| check(&job))
    }

    /// Starts the job on threads of the library. Blocks until the first connections are up.
    pub fn start(&self) -> Result<Pipeline> {
        start_job(self.job()?, RunOptions { fresh: self.fresh, ..RunOptions::default() })
    }

    /// Starts the job and waits until its bounded sources are read and written, or until it fails.
    pub fn run(&self) -> Result<Summary> {
        let (summary, outcome) = self.start()?.finish();
        outcome.map(|()| summary)
    }
}

/// The statements and values may hold secrets.
impl fmt::Debug for PipelineBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PipelineBuilder")
            .field("name", &self.name)
            .field("overrides", &self.overrides)
            .finish_non_exhaustive()
    }
}
