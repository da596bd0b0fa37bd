//! Values as PostgreSQL prints them: the text form that its input functions read back.

use std::fmt::Display;
use std::io::Write;

use super::calendar::SECONDS_A_DAY;
use crate::calendar::date_from_days;
use crate::value::{Decimal, Value, Vector};

/// Appends the text form of a value; NULL as `NULL`.
pub(super) fn print(value: &Value<'_>, out: &mut Vec<u8>) {
    match *value {
        Value::Null | Value::Unchanged => out.extend_from_slice(b"NULL"),
        Value::Bool(value) => out.extend_from_slice(if value { b"true" } else { b"false" }),
        Value::Int(value) => display(value, out),
        Value::Float(value) => float(value, 6, out),
        Value::Double(value) => float(value, 15, out),
        Value::Decimal(value) => decimal(value, out),
        Value::Text(text) => out.extend_from_slice(text.as_bytes()),
        Value::Bytes(bytes) => hex(bytes, out),
        Value::Date(days) => date(i64::from(days), out),
        Value::Time(nanos) => time(nanos.div_euclid(1_000_000_000), nanos.rem_euclid(1_000_000_000) as u32, out),
        Value::Timestamp { seconds, nanos } => timestamp(seconds, nanos, b"", out),
        Value::Instant { seconds, nanos } => timestamp(seconds, nanos, b"+00", out),
        Value::Array(elements) | Value::Row(elements) => array(elements, b"{}", out),
        Value::Vector(elements) => vector(elements, b"{}", out),
        Value::Map(entries) => entries.iter().for_each(|(key, value)| {
            print(key, out);
            print(value, out);
        }),
    }
}

/// Appends an array between the two bytes of `brackets`.
pub(super) fn array(elements: &[Value<'_>], brackets: &[u8; 2], out: &mut Vec<u8>) {
    out.push(brackets[0]);
    for (at, element) in elements.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        match element {
            Value::Array(inner) => array(inner, brackets, out),
            Value::Vector(inner) => vector(*inner, brackets, out),
            Value::Text(text) => quoted(text, out),
            Value::Null if brackets == b"[]" => out.extend_from_slice(b"null"),
            Value::Timestamp { .. } | Value::Instant { .. } | Value::Bytes(_) => {
                let mut printed = Vec::new();
                print(element, &mut printed);
                quoted(&String::from_utf8_lossy(&printed), out);
            }
            element => print(element, out),
        }
    }
    out.push(brackets[1]);
}

/// The same for a vector.
pub(super) fn vector(elements: Vector<'_>, brackets: &[u8; 2], out: &mut Vec<u8>) {
    out.push(brackets[0]);
    for at in 0..elements.len() {
        if at > 0 {
            out.push(b',');
        }
        print(&elements.element(at), out);
    }
    out.push(brackets[1]);
}

fn quoted(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for &byte in text.as_bytes() {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
}

pub(super) fn display(value: impl Display, out: &mut Vec<u8>) {
    // Writing to a Vec can't fail.
    let _ = write!(out, "{value}");
}

/// The shortest digits that read back as the same float; an exponent from `10^limit` and below `10^-4`.
pub(super) fn float(value: impl std::fmt::LowerExp + Into<f64> + Copy, limit: i32, out: &mut Vec<u8>) {
    let wide: f64 = value.into();
    if !wide.is_finite() {
        let name: &[u8] = if wide.is_nan() {
            b"NaN"
        } else if wide > 0.0 {
            b"Infinity"
        } else {
            b"-Infinity"
        };
        return out.extend_from_slice(name);
    }
    let start = out.len();
    let _ = write!(out, "{value:e}");
    let Some(at) = memchr::memchr(b'e', &out[start..]) else { return };
    let exponent: i32 = std::str::from_utf8(&out[start + at + 1..]).ok().and_then(|e| e.parse().ok()).unwrap_or(0);
    out.truncate(start + at);
    if !(-4..limit).contains(&exponent) {
        let _ = write!(out, "e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs());
        return;
    }
    // `d.ddd` · 10^exponent becomes plain digits.
    let digits = start + usize::from(out[start] == b'-');
    if out.len() > digits + 1 {
        out.remove(digits + 1);
    }
    if exponent < 0 {
        let zeros = b"0.0000";
        out.splice(digits..digits, zeros[..1 + exponent.unsigned_abs() as usize].iter().copied());
    } else {
        let point = digits + 1 + exponent as usize;
        if out.len() > point {
            out.insert(point, b'.');
        } else {
            out.resize(point, b'0');
        }
    }
}

/// Plain digits, never an exponent.
pub(super) fn decimal(value: &Decimal, out: &mut Vec<u8>) {
    if value.unscaled < 0 {
        out.push(b'-');
    }
    let start = out.len();
    let _ = write!(out, "{:0width$}", value.unscaled.unsigned_abs(), width = usize::from(value.scale) + 1);
    if value.scale > 0 {
        let point = out.len() - usize::from(value.scale);
        debug_assert!(point > start);
        out.insert(point, b'.');
    }
}

fn hex(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.extend_from_slice(b"\\x");
    out.extend(bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]));
}

fn date(days: i64, out: &mut Vec<u8>) {
    let (year, month, day) = date_from_days(days);
    let _ = write!(out, "{:04}-{month:02}-{day:02}", if year > 0 { year } else { 1 - year });
    if year <= 0 {
        out.extend_from_slice(b" BC");
    }
}

fn time(seconds: i64, nanos: u32, out: &mut Vec<u8>) {
    let _ = write!(out, "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if nanos > 0 {
        let _ = write!(out, ".{nanos:09}");
        while out.last() == Some(&b'0') {
            out.pop();
        }
    }
}

fn timestamp(seconds: i64, nanos: u32, zone: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    date(seconds.div_euclid(SECONDS_A_DAY), out);
    // The era stands at the very end.
    let era: &[u8] = if out.ends_with(b" BC") { b" BC" } else { b"" };
    out.truncate(out.len() - era.len());
    debug_assert!(out.len() > start);
    out.push(b' ');
    time(seconds.rem_euclid(SECONDS_A_DAY), nanos, out);
    out.extend_from_slice(zone);
    out.extend_from_slice(era);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(value: Value<'_>) -> String {
        let mut out = b"before ".to_vec();
        print(&value, &mut out);
        String::from_utf8(out).unwrap().split_off(7)
    }

    #[test]
    fn floats_are_printed_as_postgresql_does() {
        for (value, expected) in [
            (0.1, "0.1"),
            (-1.0, "-1"),
            (123456.0, "123456"),
            (-1234567.0, "-1.234567e+06"),
            (0.00012, "0.00012"),
            (0.000012, "1.2e-05"),
            (12.5, "12.5"),
            (0.0, "0"),
            (f32::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(printed(Value::Float(value)), expected);
        }
        assert_eq!(printed(Value::Double(1e14)), "100000000000000");
        assert_eq!(printed(Value::Double(1.5e15)), "1.5e+15");
        assert_eq!(printed(Value::Double(1e-300)), "1e-300");
    }

    #[test]
    fn decimals_are_plain() {
        for (unscaled, scale, expected) in [(-5, 2, "-0.05"), (1250, 2, "12.50"), (7, 0, "7"), (0, 1, "0.0")] {
            assert_eq!(printed(Value::Decimal(&Decimal { unscaled, scale })), expected);
        }
    }

    #[test]
    fn times_carry_their_fraction_zone_and_era() {
        assert_eq!(printed(Value::Timestamp { seconds: 946_684_801, nanos: 500_000_000 }), "2000-01-01 00:00:01.5");
        assert_eq!(printed(Value::Instant { seconds: -1, nanos: 0 }), "1969-12-31 23:59:59+00");
        assert_eq!(printed(Value::Timestamp { seconds: -62_135_596_801, nanos: 0 }), "0001-12-31 23:59:59 BC");
        assert_eq!(printed(Value::Time(3_600_000_000_001)), "01:00:00.000000001");
        assert_eq!(printed(Value::Date(-719_528)), "0001-01-01 BC");
    }

    #[test]
    fn text_in_arrays_is_quoted() {
        let elements = [Value::Text("a\"b"), Value::Null, Value::Int(1), Value::Bytes(b"\x01")];
        assert_eq!(printed(Value::Array(&elements)), r#"{"a\"b",NULL,1,"\\x01"}"#);
    }
}
