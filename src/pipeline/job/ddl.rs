//! Statements for the layout of a job's tables.

use crate::error::Result;
use crate::job::settings::job::Job;
use crate::postgres::{TableLayout, layout_ddl};
use crate::settings::Sink;

/// For each table of the job a script that gives it this layout.
pub fn ddl(job: &Job, layout: TableLayout) -> Vec<Result<String>> {
    let mut sinks: Vec<&Sink> = Vec::new();
    for mapping in &job.mappings {
        let sink = &mapping.sink;
        let is_same = |other: &&Sink| {
            other.connection == sink.connection && other.schema == sink.schema && other.table == sink.table
        };
        if !sinks.iter().any(is_same) {
            sinks.push(sink);
        }
    }
    sinks.into_iter().map(|sink| layout_ddl(sink, layout)).collect()
}
