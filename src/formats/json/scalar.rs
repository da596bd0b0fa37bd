//! JSON strings, numbers and booleans → scalars, as Flink's json format converts them.

use bumpalo::Bump;
use bumpalo::collections::String;

use super::cursor::Number;
use super::print;
use super::quoted::Quoted;
use super::shape::Kind;
use crate::formats::json::settings::TimestampStandard;
use crate::formats::{base64, temporal};
use crate::types::float;
use crate::types::float::Float;
use crate::types::java::{decimal, number};
use crate::types::value::Value;

#[inline]
pub fn from_string<'a>(
    kind: &Kind,
    quoted: Quoted<'a>,
    standard: TimestampStandard,
    arena: &'a Bump,
) -> Option<Value<'a>> {
    let text = quoted.text(arena);
    let bytes = text.as_bytes();
    match kind {
        Kind::Text => Some(Value::Text(text)),
        Kind::Boolean => Some(Value::Bool(number::trim(bytes).eq_ignore_ascii_case(b"true"))),
        Kind::Integer { least, most, .. } => integer(number::integer(number::trim(bytes))?, *least, *most),
        Kind::Months => number::integer(number::trim(bytes)).and_then(months),
        Kind::Millis => number::integer(number::trim(bytes)).map(Value::Millis),
        Kind::Float => number::real(bytes).map(Value::Float),
        Kind::Double => number::real(bytes).map(Value::Double),
        Kind::Decimal { precision, scale } => self::decimal(number::trim(bytes), *precision, *scale, arena),
        Kind::Bytes => base64::decode(bytes, arena).map(Value::Bytes),
        Kind::Date => temporal::iso_date(bytes).map(Value::Date),
        Kind::Time => temporal::whole_seconds(bytes).map(Value::Time),
        Kind::Timestamp => timestamp(bytes, standard).map(|(seconds, nanos)| Value::Timestamp { seconds, nanos }),
        Kind::Instant => {
            timestamp(bytes.strip_suffix(b"Z")?, standard).map(|(seconds, nanos)| Value::Instant { seconds, nanos })
        }
        Kind::Null => Some(Value::Null),
        Kind::Array(_) | Kind::Row(_) | Kind::Map(_) => None,
    }
}

/// `as_double`: a fraction's text is that of its double, as in Flink's decoders of a tree; else as it is written.
#[inline]
pub fn from_number<'a>(kind: &Kind, number: Number<'a>, as_double: bool, arena: &'a Bump) -> Option<Value<'a>> {
    let bytes = number.text.as_bytes();
    match kind {
        Kind::Integer { least, most, .. } if number.is_whole => integer(number::integer(bytes)?, *least, *most),
        Kind::Integer { least, most, truncates: true } => integer(number::whole_part(bytes)?, *least, *most),
        Kind::Integer { truncates: false, .. } => None,
        Kind::Months | Kind::Millis => {
            let value = if number.is_whole { number::integer(bytes) } else { number::whole_part(bytes) };
            if matches!(kind, Kind::Months) { value.and_then(months) } else { value.map(Value::Millis) }
        }
        Kind::Float => real(number.text).map(Value::Float),
        Kind::Double => real(number.text).map(Value::Double),
        Kind::Decimal { precision, scale } => self::decimal(bytes, *precision, *scale, arena),
        Kind::Text if as_double => {
            let mut text = String::new_in(arena);
            print::number(number, &mut text);
            Some(Value::Text(text.into_bump_str()))
        }
        Kind::Text => Some(Value::Text(number.text)),
        // Anything but "true" is false, as in Java.
        Kind::Boolean => Some(Value::Bool(false)),
        Kind::Null => Some(Value::Null),
        Kind::Bytes | Kind::Date | Kind::Time | Kind::Timestamp | Kind::Instant => None,
        Kind::Array(_) | Kind::Row(_) | Kind::Map(_) => None,
    }
}

pub fn from_boolean<'a>(kind: &Kind, value: bool) -> Option<Value<'a>> {
    match kind {
        Kind::Boolean => Some(Value::Bool(value)),
        Kind::Text => Some(Value::Text(if value { "true" } else { "false" })),
        Kind::Null => Some(Value::Null),
        _ => None,
    }
}

/// The nearest float of a JSON number.
#[inline]
fn real<F: Float>(text: &str) -> Option<F> {
    match float::scan(text.as_bytes()).and_then(|scanned| F::nearest(&scanned)) {
        Some(value) => Some(value),
        None => text.parse().ok(),
    }
}

#[inline]
fn integer<'a>(value: i64, least: i64, most: i64) -> Option<Value<'a>> {
    (least..=most).contains(&value).then_some(Value::Int(value))
}

fn months<'a>(value: i64) -> Option<Value<'a>> {
    i32::try_from(value).ok().map(Value::Months)
}

/// Flink's rule: too large is NULL, not an error.
fn decimal<'a>(text: &[u8], precision: u8, scale: u8, arena: &'a Bump) -> Option<Value<'a>> {
    let value = decimal::parse(text, precision, scale).ok()?;
    Some(value.map_or(Value::Null, |value| Value::Decimal(arena.alloc(value))))
}

fn timestamp(text: &[u8], standard: TimestampStandard) -> Option<(i64, u32)> {
    match standard {
        TimestampStandard::Sql => temporal::timestamp(text),
        TimestampStandard::Iso8601 => temporal::iso_timestamp(text),
    }
}
