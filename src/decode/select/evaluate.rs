//! The value of an expression over a row, in SQL's three-valued logic.

use std::cmp::Ordering;

use super::cast::{cast, changes_nothing};
use super::context::{Context, Failure};
use crate::data_type::DataType;
use crate::decode::decimal;
use crate::expression::{Comparison, Expression, Literal};
use crate::value::Value;

pub(super) fn evaluate<'a>(expression: &'a Expression, context: &Context<'a>) -> Result<Value<'a>, Failure<'a>> {
    Ok(match expression {
        Expression::Column(index, _) => context.column(*index),
        Expression::Literal(value, data_type) => literal(value, data_type, context)?,
        Expression::Cast(operand, to) => cast(evaluate(operand, context)?, type_of(operand), to, context)?,
        Expression::Compare(comparison, left, right) => {
            truth(compare(*comparison, evaluate(left, context)?, evaluate(right, context)?))
        }
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
    })
}

/// Whether the expression gives the row's column `index` as it is.
pub(super) fn is_column(expression: &Expression, index: usize) -> bool {
    match expression {
        Expression::Column(column, _) => *column == index,
        Expression::Cast(operand, to) => is_column(operand, index) && changes_nothing(type_of(operand), to),
        _ => false,
    }
}

/// [`Expression::data_type`] without a copy.
fn type_of(expression: &Expression) -> &DataType {
    match expression {
        Expression::Column(_, data_type) | Expression::Literal(_, data_type) | Expression::Cast(_, data_type) => {
            data_type
        }
        _ => &DataType::Boolean,
    }
}

/// `None` is SQL's UNKNOWN.
fn condition<'a>(expression: &'a Expression, context: &Context<'a>) -> Result<Option<bool>, Failure<'a>> {
    Ok(match evaluate(expression, context)? {
        Value::Bool(value) => Some(value),
        _ => None,
    })
}

fn truth<'a>(value: Option<bool>) -> Value<'a> {
    value.map_or(Value::Null, Value::Bool)
}

fn literal<'a>(literal: &'a Literal, data_type: &'a DataType, context: &Context<'a>) -> Result<Value<'a>, Failure<'a>> {
    // A number or a point in time may be written in a simpler form than its type has.
    let (value, written) = match literal {
        Literal::Null => return Ok(Value::Null),
        Literal::Bool(value) => return Ok(Value::Bool(*value)),
        Literal::Text(text) => return Ok(Value::Text(text)),
        Literal::Date(days) => (Value::Date(*days), &DataType::Date),
        Literal::Time(nanos) => (Value::Time(*nanos), &DataType::Time { precision: 9 }),
        Literal::Int(value) => (Value::Int(*value), &DataType::BigInt),
        Literal::Double(value) => (Value::Double(*value), &DataType::Double),
        Literal::Decimal(value) => (Value::Decimal(value), &DataType::Decimal { precision: 38, scale: 0 }),
        Literal::Timestamp { seconds, nanos } => {
            (Value::Timestamp { seconds: *seconds, nanos: *nanos }, &DataType::Timestamp { precision: 9 })
        }
    };
    cast(value, written, data_type, context)
}

fn compare(comparison: Comparison, left: Value<'_>, right: Value<'_>) -> Option<bool> {
    if left.is_null() || right.is_null() {
        return None;
    }
    let ordering = order(left, right);
    Some(match comparison {
        Comparison::Equal => ordering == Some(Ordering::Equal),
        // NaN differs from everything, as in Java.
        Comparison::NotEqual => ordering != Some(Ordering::Equal),
        Comparison::Less => ordering.is_some_and(Ordering::is_lt),
        Comparison::LessOrEqual => ordering.is_some_and(Ordering::is_le),
        Comparison::Greater => ordering.is_some_and(Ordering::is_gt),
        Comparison::GreaterOrEqual => ordering.is_some_and(Ordering::is_ge),
    })
}

/// The order of two values of the same type; text byte by byte.
fn order(left: Value<'_>, right: Value<'_>) -> Option<Ordering> {
    match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(&right)),
        (Value::Int(left), Value::Int(right)) => Some(left.cmp(&right)),
        (Value::Float(left), Value::Float(right)) => left.partial_cmp(&right),
        (Value::Double(left), Value::Double(right)) => left.partial_cmp(&right),
        (Value::Decimal(left), Value::Decimal(right)) => Some(decimal::compare(*left, *right)),
        (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
        (Value::Bytes(left), Value::Bytes(right)) => Some(left.cmp(right)),
        (Value::Date(left), Value::Date(right)) => Some(left.cmp(&right)),
        (Value::Time(left), Value::Time(right)) => Some(left.cmp(&right)),
        (Value::Timestamp { seconds, nanos }, Value::Timestamp { seconds: other, nanos: more })
        | (Value::Instant { seconds, nanos }, Value::Instant { seconds: other, nanos: more }) => {
            Some((seconds, nanos).cmp(&(other, more)))
        }
        (Value::Array(left), Value::Array(right)) => {
            if left.len() != right.len() {
                return None;
            }
            let equal = |(left, right): (&Value<'_>, &Value<'_>)| match (left, right) {
                (Value::Null, Value::Null) => true,
                (left, right) => order(*left, *right) == Some(Ordering::Equal),
            };
            left.iter().zip(right).all(equal).then_some(Ordering::Equal)
        }
        _ => None,
    }
}
