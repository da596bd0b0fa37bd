//! The rows that go into a sink.

use crate::settings::Sink;
use crate::sql::expression::Expression;
use crate::types::time_zone::TimeZone;

/// One INSERT INTO: how the rows of one source become rows of one sink.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapping {
    /// Index into [`Job::sources`](super::job::Job::sources).
    pub source: usize,
    /// Rows for which this is not TRUE are left out.
    pub filter: Option<Expression>,
    /// The expressions for the sink's columns, in the order of the columns.
    pub expressions: Vec<Expression>,
    /// `table.local-time-zone`: the zone in which TIMESTAMP_LTZ is converted to local times and back.
    pub time_zone: TimeZone,
    pub sink: Sink,
}

impl Mapping {
    /// The sink's columns, each with its expression.
    pub fn columns(&self) -> impl Iterator<Item = (&str, &Expression)> {
        self.sink.columns.iter().map(|column| column.name.as_str()).zip(&self.expressions)
    }
}
