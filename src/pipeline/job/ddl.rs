//! Statements for the layout of a job's tables, and for its ledger.

use crate::error::Result;
use crate::job::settings::job::Job;
use crate::postgres::{TableLayout, layout_ddl, ledger_ddl};
use crate::settings::Sink;

/// For each table of the job a script that gives it this layout.
pub fn ddl(job: &Job, layout: TableLayout) -> Vec<Result<String>> {
    let is_same = |one: &Sink, other: &Sink| {
        one.connection == other.connection && one.schema == other.schema && one.table == other.table
    };
    sinks(job, is_same).into_iter().map(|sink| layout_ddl(sink, layout)).collect()
}

/// For each ledger of the job a script that makes its tables.
pub fn ddl_of_ledger(job: &Job) -> Vec<Result<String>> {
    let is_same =
        |one: &Sink, other: &Sink| one.connection == other.connection && one.ledger_tables() == other.ledger_tables();
    sinks(job, is_same).into_iter().map(ledger_ddl).collect()
}

/// The first of the sinks that are the same.
fn sinks(job: &Job, is_same: impl Fn(&Sink, &Sink) -> bool) -> Vec<&Sink> {
    let mut sinks: Vec<&Sink> = Vec::new();
    for mapping in &job.mappings {
        if !sinks.iter().any(|other| is_same(other, &mapping.sink)) {
            sinks.push(&mapping.sink);
        }
    }
    sinks
}
