//! Applies the SELECT to a decoded row: WHERE, the expressions with their casts, and the sink's NOT NULL.

use bumpalo::Bump;

use crate::error::{Rejection, Stage};
use crate::job::settings::mapping::Mapping;
use crate::sql::evaluate::evaluate::{evaluate, feed, is_column};
use crate::sql::evaluate::fold::fold;
use crate::sql::expression::Expression;
use crate::sql::values::context::EvaluationContext;
use crate::types::time_zone::TimeZone;
use crate::types::value::Value;

/// Makes rows of the sink of its source's rows, as one INSERT INTO says.
#[derive(Debug, Clone)]
pub struct Selection {
    filter: Option<Expression>,
    columns: Vec<SelectedColumn>,
    not_null_drop: bool,
    zone: TimeZone,
    /// The sink's columns are the first columns of the source, in the same order and unchanged.
    identity: bool,
}

#[derive(Debug, Clone)]
struct SelectedColumn {
    name: String,
    expression: Expression,
    not_null: bool,
}

/// The result for a source row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Selected<'a> {
    /// The values of the sink's columns.
    Row(&'a [Value<'a>]),
    /// WHERE is not true.
    Filtered,
    /// A NOT NULL column would get NULL, and the sink drops such rows.
    DroppedNull,
}

impl Selection {
    pub fn new(mapping: &Mapping) -> Self {
        let zone = &mapping.time_zone;
        let columns =
            mapping.sink.columns.iter().zip(&mapping.expressions).map(|(column, expression)| SelectedColumn {
                name: column.name.clone(),
                expression: fold(expression.clone(), zone),
                not_null: column.not_null,
            });
        Selection {
            filter: mapping.filter.clone().map(|filter| fold(filter, zone)),
            identity: mapping.expressions.iter().enumerate().all(|(index, expression)| is_column(expression, index)),
            columns: columns.collect(),
            not_null_drop: mapping.sink.not_null_drop,
            zone: zone.clone(),
        }
    }

    /// Applies the SELECT. If nothing changes, the row itself is borrowed. `metadata` is the metadata of the record.
    pub fn apply<'a>(
        &'a self,
        row: &'a [Value<'a>],
        metadata: &'a [Value<'a>],
        arena: &'a Bump,
    ) -> Result<Selected<'a>, Rejection> {
        let context = EvaluationContext::new(row, metadata, arena, &self.zone);
        if let Some(filter) = &self.filter {
            match evaluate(filter, &context) {
                Ok(Value::Bool(true)) => {}
                Ok(_) => return Ok(Selected::Filtered),
                Err(failure) => return Err(Rejection::new(Stage::Select, format!("in WHERE: {failure}"))),
            }
        }
        let selected = match row.get(..self.columns.len()) {
            Some(unchanged) if self.identity => unchanged,
            _ => self.project(&context)?,
        };
        self.enforce_not_null(selected, &self.columns)
    }

    /// The result of WHERE for the row of an update or a delete, in which values can be missing. `None` is SQL's UNKNOWN.
    pub fn matches<'a>(
        &'a self,
        row: &'a [Value<'a>],
        metadata: &'a [Value<'a>],
        arena: &'a Bump,
    ) -> Result<Option<bool>, Rejection> {
        let Some(filter) = &self.filter else { return Ok(Some(true)) };
        if row.contains(&Value::Unchanged) && reads(filter, &|column| is_unchanged(row, column)) {
            return Ok(None);
        }
        match evaluate(filter, &EvaluationContext::new(row, metadata, arena, &self.zone)) {
            Ok(Value::Bool(matches)) => Ok(Some(matches)),
            Ok(_) => Ok(None),
            Err(failure) => Err(Rejection::new(Stage::Select, format!("in WHERE: {failure}"))),
        }
    }

    /// Applies the SELECT, without WHERE, to the row of an update that doesn't carry all columns. If an expression reads
    /// only columns that the update doesn't carry, its result is [`Value::Unchanged`].
    pub fn updated<'a>(
        &'a self,
        row: &'a [Value<'a>],
        metadata: &'a [Value<'a>],
        arena: &'a Bump,
    ) -> Result<Selected<'a>, Rejection> {
        let context = EvaluationContext::new(row, metadata, arena, &self.zone);
        let selected = arena.alloc_slice_fill_copy(self.columns.len(), Value::Unchanged);
        for (value, column) in selected.iter_mut().zip(&self.columns) {
            if reads(&column.expression, &|index| is_unchanged(row, index)) {
                if reads(&column.expression, &|index| !is_unchanged(row, index)) {
                    let reason = "it is computed from several columns, and the update carries only some of them";
                    return Err(Rejection::in_column(Stage::Select, &column.name, reason));
                }
                continue;
            }
            *value = value_of(column, &context)?;
        }
        self.enforce_not_null(selected, &self.columns)
    }

    /// The values of the columns of `key` only, in its order. A delete needs no others.
    pub fn key<'a>(
        &'a self,
        key: &[usize],
        row: &'a [Value<'a>],
        metadata: &'a [Value<'a>],
        arena: &'a Bump,
    ) -> Result<Selected<'a>, Rejection> {
        let context = EvaluationContext::new(row, metadata, arena, &self.zone);
        let columns = || key.iter().filter_map(|&index| self.columns.get(index));
        let selected = arena.alloc_slice_fill_copy(key.len(), Value::Null);
        for (value, column) in selected.iter_mut().zip(columns()) {
            if reads(&column.expression, &|index| is_unchanged(row, index)) {
                return Err(Rejection::in_column(
                    Stage::Select,
                    &column.name,
                    "the change has no value for this column of the key",
                ));
            }
            *value = value_of(column, &context)?;
        }
        self.enforce_not_null(selected, columns())
    }

    #[inline]
    fn enforce_not_null<'a, 'c>(
        &self,
        selected: &'a [Value<'a>],
        columns: impl IntoIterator<Item = &'c SelectedColumn>,
    ) -> Result<Selected<'a>, Rejection> {
        for (value, column) in selected.iter().zip(columns) {
            if column.not_null && value.is_null() {
                if self.not_null_drop {
                    return Ok(Selected::DroppedNull);
                }
                return Err(Rejection::in_column(Stage::Select, &column.name, "NULL in a NOT NULL column"));
            }
        }
        Ok(Selected::Row(selected))
    }

    fn project<'a>(&'a self, context: &EvaluationContext<'a>) -> Result<&'a [Value<'a>], Rejection> {
        let projected = context.arena.alloc_slice_fill_copy(self.columns.len(), Value::Null);
        for (value, column) in projected.iter_mut().zip(&self.columns) {
            *value = value_of(column, context)?;
        }
        Ok(projected)
    }
}

#[inline]
fn value_of<'a>(column: &'a SelectedColumn, context: &EvaluationContext<'a>) -> Result<Value<'a>, Rejection> {
    feed(&column.expression, context)
        .map_err(|failure| Rejection::in_column(Stage::Select, &column.name, failure.to_string()))
}

fn is_unchanged(row: &[Value<'_>], column: usize) -> bool {
    row.get(column) == Some(&Value::Unchanged)
}

/// Whether `test` holds for one of the columns that the expression reads.
fn reads(expression: &Expression, test: &impl Fn(usize) -> bool) -> bool {
    match expression {
        Expression::Column(index, _) => test(*index),
        other => other.operands().into_iter().any(|operand| reads(operand, test)),
    }
}

#[cfg(test)]
mod tests;
