//! Casts to booleans and numbers, with Java's narrowing.

use bumpalo::Bump;

use super::parse;
use crate::types::java::{decimal, number};
use crate::types::value::{Decimal, Value};

pub(super) fn boolean(value: Value<'_>) -> Option<bool> {
    match value {
        Value::Int(value) => Some(value != 0),
        Value::Float(value) => Some(value != 0.0),
        Value::Double(value) => Some(value != 0.0),
        Value::Decimal(value) => Some(value.unscaled != 0),
        Value::Text(text) => parse::boolean(text),
        _ => None,
    }
}

/// An integer of `bits` bits. Integers and decimals wrap around. Floats are limited to the bounds of INT or BIGINT and then
/// wrap around, as in Java. A text that is out of range is refused.
pub(super) fn integer<'a>(value: Value<'_>, bits: u32) -> Option<Value<'a>> {
    let wide = match value {
        Value::Bool(value) => i64::from(value),
        Value::Int(value) => value,
        Value::Months(months) => months.into(),
        Value::Millis(millis) => millis,
        Value::Float(value) if bits == 64 => value as i64,
        Value::Float(value) => i64::from(value as i32),
        Value::Double(value) if bits == 64 => value as i64,
        Value::Double(value) => i64::from(value as i32),
        Value::Decimal(value) => (value.unscaled / 10_i128.pow(value.scale.into())) as i64,
        Value::Text(text) => {
            let value = parse::whole(text)?;
            return (narrow(value, bits) == value).then_some(Value::Int(value));
        }
        _ => return None,
    };
    Some(Value::Int(narrow(wide, bits)))
}

fn narrow(value: i64, bits: u32) -> i64 {
    match bits {
        8 => i64::from(value as i8),
        16 => i64::from(value as i16),
        32 => i64::from(value as i32),
        _ => value,
    }
}

pub(super) fn double(value: Value<'_>) -> Option<f64> {
    match value {
        Value::Bool(value) => Some(f64::from(u8::from(value))),
        Value::Int(value) => Some(value as f64),
        Value::Float(value) => Some(f64::from(value)),
        Value::Double(value) => Some(value),
        Value::Decimal(value) => double_of(*value),
        Value::Text(text) => number::real(text.as_bytes()),
        _ => None,
    }
}

pub(super) fn float(value: Value<'_>) -> Option<f32> {
    match value {
        Value::Int(value) => Some(value as f32),
        Value::Text(text) => number::real(text.as_bytes()),
        // Flink converts by way of DOUBLE, also from DECIMAL.
        other => double(other).map(|value| value as f32),
    }
}

fn double_of(value: Decimal) -> Option<f64> {
    // Here both numbers are exact as doubles, so only the quotient is rounded.
    if value.unscaled.unsigned_abs() < 1 << 53 && value.scale <= 22 {
        return Some(value.unscaled as f64 / 10_f64.powi(value.scale.into()));
    }
    format!("{}e-{}", value.unscaled, value.scale).parse().ok()
}

/// A DECIMAL(precision, scale). A number with too many digits becomes NULL. A text with too many digits is refused.
pub(super) fn decimal<'a>(value: Value<'_>, precision: u8, scale: u8, arena: &'a Bump) -> Option<Value<'a>> {
    let number = match value {
        Value::Bool(value) => decimal::rescale(Decimal { unscaled: value.into(), scale: 0 }, precision, scale),
        Value::Int(value) => decimal::rescale(Decimal { unscaled: value.into(), scale: 0 }, precision, scale),
        Value::Decimal(value) => decimal::rescale(*value, precision, scale),
        Value::Float(value) => shortest(value.into(), precision, scale)?,
        Value::Double(value) => shortest(value, precision, scale)?,
        Value::Text(text) => {
            let text = text.trim_matches([' ', '\n', '\t']);
            Some(decimal::parse(text.as_bytes(), precision, scale).ok()??)
        }
        _ => return None,
    };
    Some(number.map_or(Value::Null, |number| Value::Decimal(arena.alloc(number))))
}

/// The result of Java's `BigDecimal.valueOf`: the shortest digits that are read as this double.
fn shortest(value: f64, precision: u8, scale: u8) -> Option<Option<Decimal>> {
    decimal::parse(format!("{value:e}").as_bytes(), precision, scale).ok()
}
