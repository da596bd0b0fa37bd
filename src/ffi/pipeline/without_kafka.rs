//! The functions of jobs in a build without Kafka: there are no jobs.

use std::time::Duration;

use super::super::call_error::CallError;
use super::super::code::VECSINK_UNSUPPORTED;
use super::super::process::Open;
use crate::host::sink::SinkStats;

#[derive(Clone)]
pub enum BuilderState {}

pub enum RunningPipeline {}

fn unsupported() -> CallError {
    CallError::new(VECSINK_UNSUPPORTED, "this vecsink was built without Kafka (feature kafka)")
}

macro_rules! never {
    ($($name:ident($($argument:ty),*);)*) => { $(
        pub fn $name(&mut self, $(_: $argument),*) -> Result<(), CallError> {
            match *self {}
        }
    )* };
}

impl BuilderState {
    pub fn from_sql(_: &str) -> Result<BuilderState, CallError> {
        Err(unsupported())
    }

    pub fn attach(_: &str, _: &str) -> Result<BuilderState, CallError> {
        Err(unsupported())
    }

    never! {
        column(&str, &str);
        source_option(&str, &str);
        sink_option(&str, &str);
        option(&str, &str, &str);
        name(&str);
        variable(&str, &str);
        buffer_memory(usize);
        max_outage(Duration);
        fresh(bool);
    }

    pub fn start(self, _: Open) -> Result<RunningPipeline, CallError> {
        match self {}
    }
}

impl RunningPipeline {
    pub fn wait(&self, _: Duration) -> Result<(), CallError> {
        match *self {}
    }

    pub fn stop(&self, _: Duration) -> Result<(), CallError> {
        match *self {}
    }

    pub fn stats(&self) -> SinkStats {
        match *self {}
    }
}
