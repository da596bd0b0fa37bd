//! JSON strings, numbers and booleans → scalars, as Flink's json format converts them.

use bumpalo::Bump;
use bumpalo::collections::String;

use super::cursor::JsonNumber;
use super::print;
use super::quoted::Quoted;
use super::shape::JsonKind;
use crate::formats::json::options::TimestampStandard;
use crate::formats::{base64, temporal};
use crate::types::float;
use crate::types::float::Float;
use crate::types::java::{decimal, number};
use crate::types::value::Value;

#[inline]
pub fn from_string<'a>(
    kind: &JsonKind,
    quoted: Quoted<'a>,
    standard: TimestampStandard,
    arena: &'a Bump,
) -> Option<Value<'a>> {
    let text = quoted.text(arena);
    let bytes = text.as_bytes();
    match kind {
        JsonKind::Text => Some(Value::Text(text)),
        JsonKind::Boolean => Some(Value::Bool(number::trim(bytes).eq_ignore_ascii_case(b"true"))),
        JsonKind::Integer { least, most, .. } => integer(number::integer(number::trim(bytes))?, *least, *most),
        JsonKind::Months => number::integer(number::trim(bytes)).and_then(months),
        JsonKind::Millis => number::integer(number::trim(bytes)).map(Value::Millis),
        JsonKind::Float => number::real(bytes).map(Value::Float),
        JsonKind::Double => number::real(bytes).map(Value::Double),
        JsonKind::Decimal { precision, scale } => self::decimal(number::trim(bytes), *precision, *scale, arena),
        JsonKind::Bytes => base64::decode(bytes, arena).map(Value::Bytes),
        JsonKind::Date => temporal::iso_date(bytes).map(Value::Date),
        JsonKind::Time => temporal::whole_seconds(bytes).map(Value::Time),
        JsonKind::Timestamp => timestamp(bytes, standard).map(|(seconds, nanos)| Value::Timestamp { seconds, nanos }),
        JsonKind::Instant => {
            timestamp(bytes.strip_suffix(b"Z")?, standard).map(|(seconds, nanos)| Value::Instant { seconds, nanos })
        }
        JsonKind::Null => Some(Value::Null),
        JsonKind::Array(_) | JsonKind::Row(_) | JsonKind::Map(_) => None,
    }
}

/// `as_double`: the text of a number with a fraction is that of its double, as in Flink's decoders that parse into a tree.
/// `false`: the text is the number as it is written.
#[inline]
pub fn from_number<'a>(kind: &JsonKind, number: JsonNumber<'a>, as_double: bool, arena: &'a Bump) -> Option<Value<'a>> {
    let bytes = number.text.as_bytes();
    match kind {
        JsonKind::Integer { least, most, .. } if number.is_whole => integer(number::integer(bytes)?, *least, *most),
        JsonKind::Integer { least, most, truncates: true } => integer(number::whole_part(bytes)?, *least, *most),
        JsonKind::Integer { truncates: false, .. } => None,
        JsonKind::Months | JsonKind::Millis => {
            let value = if number.is_whole { number::integer(bytes) } else { number::whole_part(bytes) };
            if matches!(kind, JsonKind::Months) { value.and_then(months) } else { value.map(Value::Millis) }
        }
        JsonKind::Float => real(number.text).map(Value::Float),
        JsonKind::Double => real(number.text).map(Value::Double),
        JsonKind::Decimal { precision, scale } => self::decimal(bytes, *precision, *scale, arena),
        JsonKind::Text if as_double => {
            let mut text = String::new_in(arena);
            print::number(number, &mut text);
            Some(Value::Text(text.into_bump_str()))
        }
        JsonKind::Text => Some(Value::Text(number.text)),
        // Any text except "true" is false, as in Java.
        JsonKind::Boolean => Some(Value::Bool(false)),
        JsonKind::Null => Some(Value::Null),
        JsonKind::Bytes | JsonKind::Date | JsonKind::Time | JsonKind::Timestamp | JsonKind::Instant => None,
        JsonKind::Array(_) | JsonKind::Row(_) | JsonKind::Map(_) => None,
    }
}

pub fn from_boolean<'a>(kind: &JsonKind, value: bool) -> Option<Value<'a>> {
    match kind {
        JsonKind::Boolean => Some(Value::Bool(value)),
        JsonKind::Text => Some(Value::Text(if value { "true" } else { "false" })),
        JsonKind::Null => Some(Value::Null),
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

/// A number that is too large is NULL and not an error, as in Flink.
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
