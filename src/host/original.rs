//! A pushed row as JSON: what its dead letter holds, since there is no message to keep.

use std::io::Write;

use serde_json::Value as Json;

use crate::types::calendar::date_from_days;
use crate::types::interval::{DayTime, YearMonth};
use crate::types::value::{Decimal, Value};

/// Appends the row as one object, its members named like the columns. Bytes are in hexadecimal, times as ISO 8601 has them;
/// a number that JSON has no form for is a string.
pub fn write(columns: &[impl AsRef<str>], row: &[Value<'_>], out: &mut Vec<u8>) {
    out.push(b'{');
    for (at, (column, value)) in columns.iter().zip(row).enumerate() {
        separate(at, out);
        string(column.as_ref(), out);
        out.push(b':');
        write_value(value, out);
    }
    out.push(b'}');
}

fn write_value(value: &Value<'_>, out: &mut Vec<u8>) {
    // Writing to a Vec can't fail.
    let _ = match *value {
        Value::Null | Value::Unchanged => write!(out, "null"),
        Value::Bool(value) => write!(out, "{value}"),
        Value::Int(value) => write!(out, "{value}"),
        Value::Float(value) if value.is_finite() => write!(out, "{value}"),
        Value::Float(value) => write!(out, "\"{value}\""),
        Value::Double(value) if value.is_finite() => write!(out, "{value}"),
        Value::Double(value) => write!(out, "\"{value}\""),
        Value::Decimal(value) => decimal(value, out),
        Value::Text(text) => {
            string(text, out);
            Ok(())
        }
        Value::Bytes(bytes) => {
            out.push(b'"');
            bytes.iter().for_each(|byte| drop(write!(out, "{byte:02x}")));
            write!(out, "\"")
        }
        Value::Date(days) => {
            let (year, month, day) = date_from_days(days.into());
            write!(out, "\"{year:04}-{month:02}-{day:02}\"")
        }
        Value::Time(nanos) => {
            out.push(b'"');
            time(nanos.div_euclid(1_000_000_000), nanos.rem_euclid(1_000_000_000), out);
            write!(out, "\"")
        }
        Value::Timestamp { seconds, nanos } => timestamp(seconds, nanos, "", out),
        Value::Instant { seconds, nanos } => timestamp(seconds, nanos, "Z", out),
        Value::Months(months) => write!(out, "\"{}\"", YearMonth(months)),
        Value::Millis(millis) => write!(out, "\"{}\"", DayTime(millis)),
        Value::Array(elements) | Value::Row(elements) => {
            out.push(b'[');
            for (at, element) in elements.iter().enumerate() {
                separate(at, out);
                write_value(element, out);
            }
            write!(out, "]")
        }
        Value::Vector(elements) => {
            out.push(b'[');
            for at in 0..elements.len() {
                separate(at, out);
                write_value(&elements.element(at), out);
            }
            write!(out, "]")
        }
        Value::Map(entries) => {
            out.push(b'[');
            for (at, (key, value)) in entries.iter().enumerate() {
                separate(at, out);
                write_value(&Value::Array(&[*key, *value]), out);
            }
            write!(out, "]")
        }
    };
}

fn separate(at: usize, out: &mut Vec<u8>) {
    if at > 0 {
        out.push(b',');
    }
}

fn string(text: &str, out: &mut Vec<u8>) {
    let _ = write!(out, "{}", Json::from(text));
}

fn decimal(value: &Decimal, out: &mut Vec<u8>) -> std::io::Result<()> {
    let sign = if value.unscaled < 0 { "-" } else { "" };
    let width = usize::from(value.scale) + 1;
    let digits = format!("{:0width$}", value.unscaled.unsigned_abs());
    let (whole, fraction) = digits.split_at(digits.len() - usize::from(value.scale));
    let point = if fraction.is_empty() { "" } else { "." };
    write!(out, "{sign}{whole}{point}{fraction}")
}

fn time(seconds: i64, nanos: i64, out: &mut Vec<u8>) {
    let _ = write!(out, "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if nanos > 0 {
        let _ = write!(out, ".{nanos:09}");
    }
}

fn timestamp(seconds: i64, nanos: u32, zone: &str, out: &mut Vec<u8>) -> std::io::Result<()> {
    let (year, month, day) = date_from_days(seconds.div_euclid(86_400));
    write!(out, "\"{year:04}-{month:02}-{day:02}T")?;
    time(seconds.rem_euclid(86_400), nanos.into(), out);
    write!(out, "{zone}\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::value::Vector;

    #[test]
    fn a_row_is_an_object_that_parses() {
        let price = Decimal { unscaled: -5, scale: 2 };
        let row = [
            Value::Int(7),
            Value::Text("a \"b\"\n"),
            Value::Vector(Vector::Float(&[0.5, f32::NAN])),
            Value::Decimal(&price),
            Value::Instant { seconds: 86_461, nanos: 500_000_000 },
            Value::Bytes(&[0, 255]),
            Value::Null,
        ];
        let mut out = Vec::new();
        write(&["id", "text", "v", "price", "at", "raw", "none"], &row, &mut out);
        let read: Json = serde_json::from_slice(&out).unwrap();
        assert_eq!(read["id"], 7);
        assert_eq!(read["text"], "a \"b\"\n");
        assert_eq!(read["v"][0], 0.5);
        assert_eq!(read["v"][1], "NaN");
        assert_eq!(read["price"], -0.05);
        assert_eq!(read["at"], "1970-01-02T00:01:01.500000000Z");
        assert_eq!(read["raw"], "00ff");
        assert!(read["none"].is_null());
    }
}
