//! Prints values as CAST to text does in Flink and Java.

use std::fmt::{self, Write};

use bumpalo::Bump;
use bumpalo::collections::String;

use crate::types::calendar::date_from_days;
use crate::types::calendar::java::SECONDS_PER_DAY;
use crate::types::data_type::DataType;
use crate::types::interval::{DayTime, YearMonth};
use crate::types::java::real;
use crate::types::time_zone::TimeZone;
use crate::types::value::{Decimal, Value};

/// The value's text. `None`: bytes that are not UTF-8.
pub(super) fn text<'a>(value: Value<'a>, from: &DataType, zone: &TimeZone, arena: &'a Bump) -> Option<&'a str> {
    match value {
        Value::Text(text) => Some(text),
        Value::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
        value => {
            let mut printed = String::new_in(arena);
            write(value, from, zone, &mut printed).ok()?;
            Some(printed.into_bump_str())
        }
    }
}

pub(super) fn write(value: Value<'_>, from: &DataType, zone: &TimeZone, out: &mut impl Write) -> fmt::Result {
    match value {
        Value::Null | Value::Unchanged => out.write_str("NULL"),
        Value::Bool(true) => out.write_str("TRUE"),
        Value::Bool(false) => out.write_str("FALSE"),
        Value::Int(value) => write!(out, "{value}"),
        Value::Float(value) => real::write_float(value, out),
        Value::Double(value) => real::write_double(value, out),
        Value::Decimal(value) => decimal(*value, out),
        Value::Text(text) => out.write_str(text),
        // Only elements of arrays are printed here.
        Value::Bytes(bytes) => out.write_str(&std::string::String::from_utf8_lossy(bytes)),
        Value::Date(days) => date(days.into(), out),
        Value::Time(nanos) => time(nanos, precision(from), out),
        Value::Timestamp { seconds, nanos } => timestamp(seconds, nanos, precision(from), out),
        Value::Instant { seconds, nanos } => timestamp(zone.local(seconds), nanos, precision(from), out),
        Value::Months(months) => write!(out, "{}", YearMonth(months)),
        Value::Millis(millis) => write!(out, "{}", DayTime(millis)),
        Value::Array(elements) => {
            let element_type = if let DataType::Array(element_type) = from { element_type } else { from };
            out.write_char('[')?;
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    out.write_str(", ")?;
                }
                write(*element, element_type, zone, out)?;
            }
            out.write_char(']')
        }
        Value::Vector(elements) => {
            out.write_char('[')?;
            for index in 0..elements.len() {
                if index > 0 {
                    out.write_str(", ")?;
                }
                write(elements.element(index), from, zone, out)?;
            }
            out.write_char(']')
        }
        Value::Row(fields) => {
            let types = if let DataType::Row(types) = from { types.as_slice() } else { &[] };
            out.write_char('(')?;
            for (index, (field, field_type)) in fields.iter().zip(types).enumerate() {
                if index > 0 {
                    out.write_str(", ")?;
                }
                write(*field, &field_type.data_type, zone, out)?;
            }
            out.write_char(')')
        }
        Value::Map(entries) => {
            let (key_type, value_type) = from.entries().unwrap_or((from, from));
            out.write_char('{')?;
            for (index, (key, value)) in entries.iter().enumerate() {
                if index > 0 {
                    out.write_str(", ")?;
                }
                write(*key, key_type, zone, out)?;
                out.write_char('=')?;
                write(*value, value_type, zone, out)?;
            }
            out.write_char('}')
        }
    }
}

fn precision(data_type: &DataType) -> u8 {
    match data_type {
        DataType::Time { precision } | DataType::Timestamp { precision } | DataType::TimestampLtz { precision } => {
            *precision
        }
        _ => 0,
    }
}

fn decimal(value: Decimal, out: &mut impl Write) -> fmt::Result {
    let divisor = 10_u128.pow(value.scale.into());
    let (whole, fraction) = (value.unscaled.unsigned_abs() / divisor, value.unscaled.unsigned_abs() % divisor);
    if value.unscaled < 0 {
        out.write_char('-')?;
    }
    write!(out, "{whole}")?;
    if value.scale > 0 {
        write!(out, ".{fraction:0width$}", width = usize::from(value.scale))?;
    }
    Ok(())
}

fn date(days: i64, out: &mut impl Write) -> fmt::Result {
    let (year, month, day) = date_from_days(days);
    write!(out, "{year:04}-{month:02}-{day:02}")
}

/// Prints a time with milliseconds at most. Trailing zeros are left out, except for one.
fn time(nanos: i64, precision: u8, out: &mut impl Write) -> fmt::Result {
    let millis = nanos / 1_000_000;
    let seconds = millis / 1000;
    write!(out, "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)?;
    let mut rest = millis % 1000;
    for index in 0..precision {
        if index == 0 {
            out.write_char('.')?;
        }
        write!(out, "{}", rest / 100)?;
        rest = rest % 100 * 10;
        if rest == 0 {
            break;
        }
    }
    Ok(())
}

/// Prints a timestamp with at least `precision` digits of fraction, and with more if it has more.
fn timestamp(seconds: i64, nanos: u32, precision: u8, out: &mut impl Write) -> fmt::Result {
    date(seconds.div_euclid(SECONDS_PER_DAY), out)?;
    let time = seconds.rem_euclid(SECONDS_PER_DAY);
    write!(out, " {:02}:{:02}:{:02}", time / 3600, time / 60 % 60, time % 60)?;
    let (mut fraction, mut width) = (nanos, 9);
    while width > usize::from(precision) && fraction % 10 == 0 {
        fraction /= 10;
        width -= 1;
    }
    if width > 0 {
        write!(out, ".{fraction:0width$}")?;
    }
    Ok(())
}
