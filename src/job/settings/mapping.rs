//! What goes into a sink.

use crate::settings::Sink;
use crate::sql::expression::Expression;
use crate::types::time_zone::TimeZone;

/// One INSERT INTO: a projection of one source into one table.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapping {
    /// Index into [`Job::sources`](super::job::Job::sources).
    pub source: usize,
    /// Rows for which this is not TRUE are left out.
    pub filter: Option<Expression>,
    /// What feeds the sink's columns, in their order.
    pub expressions: Vec<Expression>,
    /// `table.local-time-zone`: where TIMESTAMP_LTZ meets local times.
    pub time_zone: TimeZone,
    pub sink: Sink,
}

impl Mapping {
    /// The sink's columns with what feeds each.
    pub fn columns(&self) -> impl Iterator<Item = (&str, &Expression)> {
        self.sink.columns.iter().map(|column| column.name.as_str()).zip(&self.expressions)
    }
}
