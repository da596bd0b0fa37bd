//! The value of an expression over a row, in SQL's three-valued logic.

use std::cmp::Ordering;

use crate::sql::expression::call::Call;
use crate::sql::expression::{Comparison, Expression, Literal};
use crate::sql::values::cast::{cast, changes_nothing};
use crate::sql::values::context::{Evaluated, EvaluationContext, EvaluationError};
use crate::sql::values::order::{order, same};
use crate::types::data_type::DataType;
use crate::types::value::Value;

/// The value for a column of the sink. If the expression is a column that the update doesn't carry, the value is
/// [`Value::Unchanged`].
pub(crate) fn feed<'a>(expression: &'a Expression, context: &EvaluationContext<'a>) -> Evaluated<'a> {
    match expression {
        Expression::Column(index, _) => Ok(context.column(*index)),
        Expression::Cast(operand, to) => cast(feed(operand, context)?, operand.type_ref(), to, context),
        computed => evaluate(computed, context),
    }
}

pub(crate) fn evaluate<'a>(expression: &'a Expression, context: &EvaluationContext<'a>) -> Evaluated<'a> {
    Ok(match expression {
        Expression::Column(index, _) => match context.column(*index) {
            Value::Unchanged => return Err(EvaluationError::Unchanged),
            value => value,
        },
        Expression::Literal(value, data_type) => constant(value, data_type),
        Expression::Cast(operand, to) => cast(evaluate(operand, context)?, operand.type_ref(), to, context)?,
        Expression::TryCast(operand, to) => {
            cast(evaluate(operand, context)?, operand.type_ref(), to, context).unwrap_or(Value::Null)
        }
        Expression::Compare(comparison, left, right) => {
            truth(compare(*comparison, evaluate(left, context)?, evaluate(right, context)?))
        }
        Expression::IsDistinct(left, right) => {
            let (left, right) = (evaluate(left, context)?, evaluate(right, context)?);
            Value::Bool(match (left.is_null(), right.is_null()) {
                (false, false) => order(left, right) != Some(Ordering::Equal),
                (left, right) => left != right,
            })
        }
        Expression::In(operand, list) => truth(is_in(evaluate(operand, context)?, list, context)?),
        Expression::And(left, right) => truth(match condition(left, context)? {
            Some(false) => Some(false),
            Some(true) => condition(right, context)?,
            None => condition(right, context)?.filter(|right| !right),
        }),
        Expression::Or(left, right) => truth(match condition(left, context)? {
            Some(true) => Some(true),
            Some(false) => condition(right, context)?,
            None => condition(right, context)?.filter(|right| *right),
        }),
        Expression::Not(operand) => truth(condition(operand, context)?.map(|value| !value)),
        Expression::IsNull(operand) => Value::Bool(evaluate(operand, context)?.is_null()),
        Expression::Is(wanted, operand) => Value::Bool(condition(operand, context)? == Some(*wanted)),
        Expression::Case { branches, otherwise, .. } => {
            for (when, then) in branches {
                if condition(when, context)? == Some(true) {
                    return evaluate(then, context);
                }
            }
            evaluate(otherwise, context)?
        }
        Expression::Coalesce(operands, _) => {
            for operand in operands {
                let value = evaluate(operand, context)?;
                if !value.is_null() {
                    return Ok(value);
                }
            }
            Value::Null
        }
        Expression::Field(row, index, _) => match evaluate(row, context)? {
            Value::Row(fields) => fields.get(*index).copied().unwrap_or(Value::Null),
            _ => Value::Null,
        },
        Expression::Call(Call { function, operands, data_type }) => {
            let values = context.arena.alloc_slice_fill_copy(operands.len(), Value::Null);
            for (value, operand) in values.iter_mut().zip(operands) {
                *value = evaluate(operand, context)?;
                if value.is_null() && !function.takes_null() {
                    return Ok(Value::Null);
                }
            }
            return function.value(values, data_type, context);
        }
    })
}

/// The result of a condition. `None` is SQL's UNKNOWN.
fn compare(comparison: Comparison, left: Value<'_>, right: Value<'_>) -> Option<bool> {
    if left.is_null() || right.is_null() {
        return None;
    }
    let ordering = order(left, right);
    Some(match comparison {
        Comparison::Equal => ordering == Some(Ordering::Equal),
        // NaN differs from every value, also from NaN, as in Java.
        Comparison::NotEqual => ordering != Some(Ordering::Equal),
        Comparison::Less => ordering.is_some_and(Ordering::is_lt),
        Comparison::LessOrEqual => ordering.is_some_and(Ordering::is_le),
        Comparison::Greater => ordering.is_some_and(Ordering::is_gt),
        Comparison::GreaterOrEqual => ordering.is_some_and(Ordering::is_ge),
    })
}

/// TRUE if one value of the list is equal. Otherwise UNKNOWN if one of them is NULL.
fn is_in<'a>(value: Value<'a>, list: &'a [Expression], context: &EvaluationContext<'a>) -> Evaluated<'a, Option<bool>> {
    if value.is_null() {
        return Ok(None);
    }
    let mut found = Some(false);
    for candidate in list {
        match evaluate(candidate, context)? {
            Value::Null => found = None,
            candidate if same(value, candidate) => return Ok(Some(true)),
            _ => {}
        }
    }
    Ok(found)
}

/// Whether the expression is the row's column `index`, unchanged.
pub(crate) fn is_column(expression: &Expression, index: usize) -> bool {
    match expression {
        Expression::Column(column, _) => *column == index,
        Expression::Cast(operand, to) => is_column(operand, index) && changes_nothing(operand.type_ref(), to),
        _ => false,
    }
}

/// The result of a condition. `None` is SQL's UNKNOWN.
fn condition<'a>(expression: &'a Expression, context: &EvaluationContext<'a>) -> Evaluated<'a, Option<bool>> {
    Ok(match evaluate(expression, context)? {
        Value::Bool(value) => Some(value),
        _ => None,
    })
}

fn truth<'a>(value: Option<bool>) -> Value<'a> {
    value.map_or(Value::Null, Value::Bool)
}

/// The value of a constant. Folding has converted it to its type before.
fn constant<'a>(literal: &'a Literal, data_type: &DataType) -> Value<'a> {
    match literal {
        Literal::Null => Value::Null,
        Literal::Bool(value) => Value::Bool(*value),
        Literal::Int(value) => Value::Int(*value),
        Literal::Double(value) if *data_type == DataType::Float => Value::Float(*value as f32),
        Literal::Double(value) => Value::Double(*value),
        Literal::Decimal(value) => Value::Decimal(value),
        Literal::Text(text) => Value::Text(text),
        Literal::Bytes(bytes) => Value::Bytes(bytes),
        Literal::Date(days) => Value::Date(*days),
        Literal::Time(nanos) => Value::Time(*nanos),
        Literal::Timestamp { seconds, nanos } => Value::Timestamp { seconds: *seconds, nanos: *nanos },
        Literal::Months(months) => Value::Months(*months),
        Literal::Millis(millis) => Value::Millis(*millis),
        Literal::Instant { seconds, nanos } => Value::Instant { seconds: *seconds, nanos: *nanos },
    }
}
