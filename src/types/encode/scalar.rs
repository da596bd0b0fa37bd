//! Values → what a scalar column stores.

use std::io::Write;

use super::calendar::{self, SECONDS_A_DAY};
use super::float::Number;
use super::numeric::{self, Numeric};
use super::print;
use super::refusal::{EncodeError, excerpt, sqlstate};
use crate::types::float;
use crate::types::value::{Decimal, Value};

pub(super) fn boolean(value: &Value<'_>) -> Result<bool, EncodeError> {
    match *value {
        Value::Bool(value) => Ok(value),
        Value::Text("t" | "true") => Ok(true),
        Value::Text("f" | "false") => Ok(false),
        _ => Err(EncodeError::AsText),
    }
}

/// An integer within `smallest..=largest`, the range of `type_name`.
pub(super) fn integer(value: &Value<'_>, smallest: i64, largest: i64, type_name: &str) -> Result<i64, EncodeError> {
    let number = match *value {
        Value::Int(value) => Some(value),
        Value::Float(value) => whole(f64::from(value), type_name)?,
        Value::Double(value) => whole(value, type_name)?,
        Value::Decimal(value) => whole_decimal(value, type_name)?,
        Value::Text(text) => parse_integer(text.as_bytes())?,
        _ => return Err(EncodeError::AsText),
    };
    match number {
        Some(number) if (smallest..=largest).contains(&number) => Ok(number),
        _ => {
            let reason = format!("{} is out of range for {type_name} ({smallest} to {largest})", shown(value));
            Err(EncodeError::reject(sqlstate::OUT_OF_RANGE, reason))
        }
    }
}

/// Decimal digits with an optional minus. `Ok(None)`: beyond an i64.
fn parse_integer(text: &[u8]) -> Result<Option<i64>, EncodeError> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(EncodeError::AsText);
    }
    let magnitude =
        digits.iter().try_fold(0_i64, |sum, digit| sum.checked_mul(10)?.checked_sub(i64::from(digit - b'0')));
    // Summed below zero, where i64 has room for its smallest number.
    Ok(magnitude.and_then(|sum| if negative { Some(sum) } else { sum.checked_neg() }))
}

fn whole(value: f64, type_name: &str) -> Result<Option<i64>, EncodeError> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if value.is_finite() && value.fract() != 0.0 {
        return Err(not_whole(shown(&Value::Double(value)), type_name));
    }
    Ok((-LIMIT..LIMIT).contains(&value).then_some(value as i64))
}

fn whole_decimal(value: &Decimal, type_name: &str) -> Result<Option<i64>, EncodeError> {
    let unit = 10_i128.checked_pow(u32::from(value.scale));
    match unit {
        Some(unit) if value.unscaled % unit == 0 => Ok(i64::try_from(value.unscaled / unit).ok()),
        _ => Err(not_whole(shown(&Value::Decimal(value)), type_name)),
    }
}

fn not_whole(value: String, type_name: &str) -> EncodeError {
    let reason = format!("{value} is not a whole number, the column is {type_name}; use CAST to round it");
    EncodeError::reject(sqlstate::MALFORMED, reason)
}

/// float4 or float8. What is too small for float4 becomes 0, as a FLOAT of Flink would have.
pub(super) fn float<N: Number>(value: &Value<'_>) -> Result<N, EncodeError> {
    match *value {
        Value::Int(value) => Ok(N::from_int(value)),
        Value::Float(value) => Ok(N::from_double(f64::from(value))),
        Value::Double(value) => {
            let number = N::from_double(value);
            if number.is_finite() || !value.is_finite() {
                Ok(number)
            } else {
                Err(overflow::<N>(shown(&Value::Double(value))))
            }
        }
        Value::Decimal(value) => with_decimal_text(value, parse_float),
        Value::Text(text) => parse_float(text),
        _ => Err(EncodeError::AsText),
    }
}

/// float4 or float8 of a column of its own. Text that underflows is left to the server, which refuses it; only the elements
/// of a vector are rounded to 0 for it.
pub(super) fn scalar_float<N: Number>(value: &Value<'_>) -> Result<N, EncodeError> {
    let number: N = float(value)?;
    match *value {
        Value::Text(text) if number == N::from_int(0) && has_digit_above_zero(text) => Err(EncodeError::AsText),
        _ => Ok(number),
    }
}

fn has_digit_above_zero(text: &str) -> bool {
    text.bytes().take_while(|byte| !matches!(byte, b'e' | b'E')).any(|byte| matches!(byte, b'1'..=b'9'))
}

fn parse_float<N: Number>(text: &str) -> Result<N, EncodeError> {
    if let Some(scanned) = float::scan(text.as_bytes())
        && scanned.length == text.len()
        && let Some(number) = N::nearest(&scanned)
    {
        return Ok(number);
    }
    let number = N::parse(text).ok_or(EncodeError::AsText)?;
    // `Infinity` is a value. But a number whose digits give infinity is too large.
    if number.is_finite() || !text.bytes().any(|byte| byte.is_ascii_digit()) {
        Ok(number)
    } else {
        Err(overflow::<N>(excerpt(text)))
    }
}

pub(super) fn overflow<N: Number>(value: String) -> EncodeError {
    EncodeError::reject(sqlstate::OUT_OF_RANGE, format!("{value} is out of range for {}", N::NAME))
}

/// Calls `read` with the decimal's plain digits, which need no allocation.
fn with_decimal_text<T>(value: &Decimal, read: impl FnOnce(&str) -> Result<T, EncodeError>) -> Result<T, EncodeError> {
    let mut digits = [0; 400];
    let mut rest = &mut digits[..];
    let sign = if value.unscaled < 0 { "-" } else { "" };
    let magnitude = value.unscaled.unsigned_abs();
    let scale = u32::from(value.scale);
    let written = match 10_u128.checked_pow(scale) {
        Some(_) if scale == 0 => write!(rest, "{sign}{magnitude}"),
        Some(unit) => {
            write!(rest, "{sign}{}.{:0width$}", magnitude / unit, magnitude % unit, width = scale as usize)
        }
        None => write!(rest, "{sign}0.{magnitude:0width$}", width = scale as usize),
    };
    let length = 400 - rest.len();
    written.map_err(|_| EncodeError::AsText)?;
    read(std::str::from_utf8(&digits[..length]).map_err(|_| EncodeError::AsText)?)
}

/// A numeric; `None` is NaN.
pub(super) fn numeric(value: &Value<'_>, modifier: Option<(u16, i16)>) -> Result<Option<Numeric>, EncodeError> {
    let plain = |text: &str| Numeric::parse(text.as_bytes(), modifier).map(Some);
    match *value {
        Value::Int(value) => with_decimal_text(&Decimal { unscaled: i128::from(value), scale: 0 }, plain),
        Value::Decimal(value) => with_decimal_text(value, plain),
        Value::Text(text) => plain(text),
        Value::Float(value) if value.is_nan() => Ok(None),
        Value::Double(value) if value.is_nan() => Ok(None),
        Value::Float(value) if value.is_finite() => with_display(value, plain),
        Value::Double(value) if value.is_finite() => with_display(value, plain),
        _ => Err(EncodeError::AsText),
    }
}

/// Calls `read` with the shortest plain digits of a float, at most some 340.
fn with_display<T>(
    value: impl std::fmt::Display,
    read: impl FnOnce(&str) -> Result<T, EncodeError>,
) -> Result<T, EncodeError> {
    let mut digits = [0; 400];
    let mut rest = &mut digits[..];
    let written = write!(rest, "{value}");
    let length = 400 - rest.len();
    written.map_err(|_| EncodeError::AsText)?;
    read(std::str::from_utf8(&digits[..length]).map_err(|_| EncodeError::AsText)?)
}

pub(super) fn write_numeric(number: Option<Numeric>, out: &mut Vec<u8>) {
    match number {
        Some(number) => number.write(out),
        None => numeric::nan(out),
    }
}

/// Days since 2000-01-01.
pub(super) fn date(value: &Value<'_>) -> Result<i32, EncodeError> {
    let days = match *value {
        Value::Date(days) => i64::from(days),
        Value::Timestamp { seconds, .. } => seconds.div_euclid(SECONDS_A_DAY),
        Value::Text(text) => calendar::parse_date(text.as_bytes()).ok_or(EncodeError::AsText)?,
        _ => return Err(EncodeError::AsText),
    };
    calendar::date(days).ok_or_else(|| out_of_calendar(value, "date"))
}

/// Microseconds since midnight.
pub(super) fn time(value: &Value<'_>, precision: u8) -> Result<i64, EncodeError> {
    let nanos = match *value {
        Value::Time(nanos) => nanos,
        Value::Text(text) => {
            let (seconds, nanos) = calendar::parse_time(text.as_bytes()).ok_or(EncodeError::AsText)?;
            seconds * 1_000_000_000 + i64::from(nanos)
        }
        _ => return Err(EncodeError::AsText),
    };
    calendar::time(nanos, precision).ok_or_else(|| out_of_calendar(value, "time"))
}

/// Microseconds since 2000-01-01 on a wall clock. An instant is the clock of UTC.
pub(super) fn timestamp(value: &Value<'_>, precision: u8) -> Result<i64, EncodeError> {
    let (seconds, nanos) = match *value {
        Value::Timestamp { seconds, nanos } | Value::Instant { seconds, nanos } => (seconds, nanos),
        Value::Date(days) => (i64::from(days) * SECONDS_A_DAY, 0),
        Value::Text(text) => calendar::parse_timestamp(text.as_bytes()).ok_or(EncodeError::AsText)?,
        _ => return Err(EncodeError::AsText),
    };
    calendar::timestamp(seconds, nanos, precision).ok_or_else(|| out_of_calendar(value, "timestamp"))
}

/// Microseconds since 2000-01-01 in UTC. A wall clock without zone is the server's to place.
pub(super) fn timestamptz(value: &Value<'_>, precision: u8) -> Result<i64, EncodeError> {
    let (seconds, nanos) = match *value {
        Value::Instant { seconds, nanos } => (seconds, nanos),
        Value::Text(text) => {
            let clock = text.strip_suffix('Z').or_else(|| text.strip_suffix("+00")).ok_or(EncodeError::AsText)?;
            calendar::parse_timestamp(clock.as_bytes()).ok_or(EncodeError::AsText)?
        }
        _ => return Err(EncodeError::AsText),
    };
    calendar::timestamp(seconds, nanos, precision).ok_or_else(|| out_of_calendar(value, "timestamp with time zone"))
}

fn out_of_calendar(value: &Value<'_>, type_name: &str) -> EncodeError {
    EncodeError::reject(sqlstate::DATETIME_OVERFLOW, format!("{} is out of range for {type_name}", shown(value)))
}

/// A value for a message. A float of 300 digits is shortened too.
pub(super) fn shown(value: &Value<'_>) -> String {
    let mut printed = Vec::new();
    print::scalar(value, &mut printed);
    let text = String::from_utf8_lossy(&printed);
    match value {
        Value::Text(_) => excerpt(&text),
        _ => text.into_owned(),
    }
}
