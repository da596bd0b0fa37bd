//! Jobs over the Rust API.

use std::time::Duration;

use super::super::call_error::CallError;
use super::super::process::Open;
use super::super::stats::{milliseconds, vecsink_stats};
use crate::error::Error;
use crate::pipeline::{Attach, Pipeline, PipelineBuilder, Stats};

/// The settings of a builder so far.
#[derive(Clone)]
pub struct BuilderState {
    /// The attached topic, if the job isn't made from SQL.
    attach: Option<Attach>,
    builder: PipelineBuilder,
}

/// The job. After its end, dropping [`Open`] notes that it isn't open any more.
pub struct RunningPipeline(Pipeline, #[allow(dead_code, reason = "for its drop")] Open);

impl BuilderState {
    pub fn from_sql(sql: &str) -> Result<BuilderState, CallError> {
        Ok(BuilderState { attach: None, builder: Pipeline::from_sql(sql) })
    }

    pub fn attach(url: &str, table: &str) -> Result<BuilderState, CallError> {
        Ok(BuilderState { attach: Some(Pipeline::attach(url, table)), builder: Pipeline::from_sql("") })
    }

    pub fn column(&mut self, name: &str, data_type: &str) -> Result<(), CallError> {
        self.attached(|attach| attach.column(name, data_type))
    }

    pub fn source_option(&mut self, name: &str, value: &str) -> Result<(), CallError> {
        self.attached(|attach| attach.source_option(name, value))
    }

    pub fn sink_option(&mut self, name: &str, value: &str) -> Result<(), CallError> {
        self.attached(|attach| attach.sink_option(name, value))
    }

    pub fn option(&mut self, table: &str, name: &str, value: &str) -> Result<(), CallError> {
        self.built(|builder| builder.option(table, name, value))
    }

    pub fn name(&mut self, name: &str) -> Result<(), CallError> {
        self.built(|builder| builder.name(name))
    }

    pub fn variable(&mut self, name: &str, value: &str) -> Result<(), CallError> {
        self.built(|builder| builder.variable(name, value))
    }

    pub fn buffer_memory(&mut self, bytes: usize) -> Result<(), CallError> {
        self.built(|builder| builder.buffer_memory(bytes))
    }

    pub fn max_outage(&mut self, longest: Duration) -> Result<(), CallError> {
        self.built(|builder| builder.max_outage(longest))
    }

    pub fn fresh(&mut self, fresh: bool) -> Result<(), CallError> {
        self.built(|builder| builder.fresh(fresh))
    }

    pub fn start(self, open: Open) -> Result<RunningPipeline, CallError> {
        let builder = match self.attach {
            Some(attach) => self.builder.attaching(attach.into_topic()),
            None => self.builder,
        };
        Ok(RunningPipeline(builder.start()?, open))
    }

    fn attached(&mut self, change: impl FnOnce(Attach) -> Attach) -> Result<(), CallError> {
        match self.attach.take() {
            Some(attach) => self.attach = Some(change(attach)),
            None => {
                let message = "this is for attached topics; the statements say it, or vecsink_pipeline_builder_option";
                return Err(CallError::argument(message));
            }
        }
        Ok(())
    }

    fn built(&mut self, change: impl FnOnce(PipelineBuilder) -> PipelineBuilder) -> Result<(), CallError> {
        self.builder = change(std::mem::take(&mut self.builder));
        Ok(())
    }
}

impl RunningPipeline {
    pub fn wait(&self, timeout: Duration) -> Result<(), CallError> {
        if !self.0.wait(timeout) {
            return Err(Error::TimedOut("the job had not ended").into());
        }
        let (_, outcome) = self.0.finish();
        outcome.map_err(CallError::from)
    }

    pub fn stop(&self, deadline: Duration) -> Result<(), CallError> {
        self.0.stop(deadline).map(drop).map_err(CallError::from)
    }

    pub fn stats(&self) -> Stats {
        self.0.stats()
    }
}

impl From<Stats> for vecsink_stats {
    fn from(stats: Stats) -> vecsink_stats {
        vecsink_stats {
            lag: stats.lag,
            held_bytes: stats.held_bytes as u64,
            freshness_ms: milliseconds(stats.freshness),
            connections: stats.connections,
            outage: stats.outage.into(),
            age_ms: milliseconds(Some(stats.age)),
            progress_age_ms: milliseconds(Some(stats.progress_age)),
            rows_waiting_for_index: stats.rows_waiting_for_index,
            oldest_waiting_ms: milliseconds(stats.oldest_waiting),
            ..vecsink_stats::new(stats.counters)
        }
    }
}
