//! Arithmetic. Integers wrap around as in Java, DECIMALs become NULL where they don't fit.

use std::cmp::Ordering;

use bumpalo::Bump;
use ethnum::I256;

use super::operation::Operation;
use super::{Called, decimal};
use crate::sql::values::context::EvaluationError;
use crate::sql::values::order::order;
use crate::types::data_type::DataType;
use crate::types::value::{Decimal, Value};

pub(super) fn binary<'a>(
    operation: Operation,
    left: Value<'a>,
    right: Value<'a>,
    data_type: &DataType,
    arena: &'a Bump,
) -> Called<'a> {
    Ok(match (left, right) {
        (Value::Int(left), Value::Int(right)) => Value::Int(wrap(integer(operation, left, right)?, data_type)),
        (Value::Double(left), Value::Double(right)) => Value::Double(match operation {
            Operation::Add => left + right,
            Operation::Subtract => left - right,
            Operation::Multiply => left * right,
            Operation::Divide => left / right,
            Operation::Remainder => left % right,
        }),
        (Value::Float(left), Value::Float(right)) => Value::Float(match operation {
            Operation::Add => left + right,
            Operation::Subtract => left - right,
            Operation::Multiply => left * right,
            Operation::Divide => left / right,
            Operation::Remainder => left % right,
        }),
        (Value::Decimal(left), Value::Decimal(right)) => {
            let (precision, scale) = digits(data_type);
            let result = decimal::binary(operation, *left, *right, precision, scale);
            decimal_or_null(result.map_err(|()| EvaluationError::DivisionByZero)?, arena)
        }
        (Value::Months(left), right) => match interval(operation, left.into(), right)? {
            Some(months) => Value::Months(months as i32),
            None => Value::Null,
        },
        (Value::Millis(left), right) => interval(operation, left, right)?.map_or(Value::Null, Value::Millis),
        _ => Value::Null,
    })
}

/// With another interval of the kind, or with a number. It wraps around as the number that it is.
fn interval<'a>(operation: Operation, left: i64, right: Value<'a>) -> Result<Option<i64>, EvaluationError<'a>> {
    let right = match right {
        Value::Int(number) => number,
        Value::Months(months) => months.into(),
        Value::Millis(millis) => millis,
        _ => return Ok(None),
    };
    integer(operation, left, right).map(Some)
}

fn integer<'a>(operation: Operation, left: i64, right: i64) -> Result<i64, EvaluationError<'a>> {
    Ok(match operation {
        Operation::Add => left.wrapping_add(right),
        Operation::Subtract => left.wrapping_sub(right),
        Operation::Multiply => left.wrapping_mul(right),
        Operation::Divide | Operation::Remainder if right == 0 => return Err(EvaluationError::DivisionByZero),
        Operation::Divide => left.wrapping_div(right),
        Operation::Remainder => left.wrapping_rem(right),
    })
}

fn decimal_or_null(value: Option<Decimal>, arena: &Bump) -> Value<'_> {
    value.map_or(Value::Null, |value| Value::Decimal(arena.alloc(value)))
}

/// Precision and scale of a DECIMAL.
fn digits(data_type: &DataType) -> (u8, u8) {
    match data_type {
        DataType::Decimal { precision, scale } => (*precision, *scale),
        _ => (38, 0),
    }
}

/// The lowest bits, as many as the type has.
fn wrap(value: i64, data_type: &DataType) -> i64 {
    match data_type {
        DataType::TinyInt => i64::from(value as i8),
        DataType::SmallInt => i64::from(value as i16),
        DataType::Int => i64::from(value as i32),
        _ => value,
    }
}

pub(super) fn negate<'a>(value: Value<'a>, data_type: &DataType, arena: &'a Bump) -> Value<'a> {
    match value {
        Value::Int(value) => Value::Int(wrap(value.wrapping_neg(), data_type)),
        Value::Double(value) => Value::Double(-value),
        Value::Float(value) => Value::Float(-value),
        Value::Decimal(value) => Value::Decimal(arena.alloc(Decimal { unscaled: -value.unscaled, ..*value })),
        Value::Months(months) => Value::Months(months.wrapping_neg()),
        Value::Millis(millis) => Value::Millis(millis.wrapping_neg()),
        _ => Value::Null,
    }
}

pub(super) fn absolute<'a>(value: Value<'a>, data_type: &DataType, arena: &'a Bump) -> Value<'a> {
    match value {
        Value::Double(value) => Value::Double(value.abs()),
        Value::Float(value) => Value::Float(value.abs()),
        Value::Int(value) if value >= 0 => Value::Int(value),
        Value::Decimal(Decimal { unscaled: 0.., .. }) => value,
        value => negate(value, data_type, arena),
    }
}

pub(super) fn sign<'a>(value: Value<'a>, arena: &'a Bump) -> Value<'a> {
    match value {
        Value::Int(value) => Value::Int(value.signum()),
        Value::Double(value) if value == 0.0 || value.is_nan() => Value::Double(value),
        Value::Double(value) => Value::Double(value.signum()),
        Value::Float(value) if value == 0.0 || value.is_nan() => Value::Float(value),
        Value::Float(value) => Value::Float(value.signum()),
        Value::Decimal(value) => {
            let one = 10_i128.pow(value.scale.into());
            Value::Decimal(arena.alloc(Decimal { unscaled: value.unscaled.signum() * one, ..*value }))
        }
        _ => Value::Null,
    }
}

pub(super) fn floor<'a>(value: Value<'a>, data_type: &DataType, arena: &'a Bump) -> Value<'a> {
    match value {
        Value::Double(value) => Value::Double(value.floor()),
        Value::Float(value) => Value::Float(value.floor()),
        Value::Decimal(value) => whole(*value, i128::div_euclid, data_type, arena),
        value => value,
    }
}

pub(super) fn ceil<'a>(value: Value<'a>, data_type: &DataType, arena: &'a Bump) -> Value<'a> {
    match value {
        Value::Double(value) => Value::Double(value.ceil()),
        Value::Float(value) => Value::Float(value.ceil()),
        Value::Decimal(value) => whole(*value, |unscaled, unit| -(-unscaled).div_euclid(unit), data_type, arena),
        value => value,
    }
}

fn whole<'a>(value: Decimal, divide: fn(i128, i128) -> i128, data_type: &DataType, arena: &'a Bump) -> Value<'a> {
    let (precision, scale) = digits(data_type);
    let whole = divide(value.unscaled, 10_i128.pow(value.scale.into()));
    decimal_or_null(decimal::fit(I256::from(whole), 0, precision, scale, false), arena)
}

/// Keeps `digits` digits behind the point, or makes that many before it zeros where negative.
pub(super) fn round<'a>(
    value: Value<'a>,
    digits: i64,
    rounds: bool,
    data_type: &DataType,
    arena: &'a Bump,
) -> Called<'a> {
    Ok(match value {
        Value::Int(value) => {
            let Some(unit) = 10_i128.checked_pow(digits.min(0).unsigned_abs().min(40) as u32) else {
                return Ok(Value::Int(0));
            };
            let rounded = round_to(value.into(), unit, rounds);
            Value::Int(wrap(rounded as i64, data_type))
        }
        Value::Decimal(value) => {
            let (precision, scale) = self::digits(data_type);
            let kept = digits.clamp(-38, value.scale.into());
            let drop = (i64::from(value.scale) - kept) as u32;
            let rounded = match 10_i128.checked_pow(drop) {
                Some(unit) => round_to(value.unscaled, unit, rounds),
                None => 0,
            };
            decimal_or_null(decimal::fit(I256::from(rounded), value.scale.into(), precision, scale, false), arena)
        }
        Value::Double(value) => Value::Double(real(value, format_args!("{value:e}"), digits, rounds, arena)?),
        Value::Float(value) => {
            Value::Float(real(value.into(), format_args!("{value:e}"), digits, rounds, arena)? as f32)
        }
        _ => Value::Null,
    })
}

fn round_to(value: i128, unit: i128, rounds: bool) -> i128 {
    let (quotient, rest) = (value / unit, value % unit);
    let up = rounds && rest.unsigned_abs() >= unit.unsigned_abs().div_ceil(2) && rest != 0;
    (quotient + if up { value.signum() } else { 0 }).saturating_mul(unit)
}

/// Rounds the shortest digits that mean the number, as Java's `BigDecimal.valueOf` has them.
fn real<'a>(
    value: f64,
    shortest: std::fmt::Arguments<'_>,
    digits: i64,
    rounds: bool,
    arena: &'a Bump,
) -> Result<f64, EvaluationError<'a>> {
    if !value.is_finite() {
        return Err(EvaluationError::Refused("NaN and Infinity can't be rounded"));
    }
    let shortest = bumpalo::format!(in arena, "{}", shortest);
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let unscaled = bumpalo::format!(in arena, "{}{}", whole, fraction).parse::<i128>().unwrap_or_default();
    // value = unscaled × 10^exponent
    let exponent = exponent.parse::<i64>().unwrap_or_default() - fraction.len() as i64;
    let drop = digits.saturating_neg().saturating_sub(exponent);
    if drop <= 0 {
        return Ok(value);
    }
    let Some(unit) = u32::try_from(drop).ok().and_then(|drop| 10_i128.checked_pow(drop)) else {
        return Ok(0.0);
    };
    let rounded = round_to(unscaled, unit, rounds);
    Ok(bumpalo::format!(in arena, "{}e{}", rounded, exponent).parse().unwrap_or(value))
}

pub(super) fn extreme<'a>(values: &[Value<'a>], greatest: bool) -> Value<'a> {
    let wanted = if greatest { Ordering::Greater } else { Ordering::Less };
    let better = |best: Value<'a>, value: &Value<'a>| if order(*value, best) == Some(wanted) { *value } else { best };
    values.iter().skip(1).fold(values.first().copied().unwrap_or(Value::Null), better)
}
