//! Values without parts as PostgreSQL prints them.

use std::fmt::Display;
use std::io::Write;

use crate::types::calendar::{SECONDS_PER_DAY, date_from_days};
use crate::types::value::{Decimal, Value};

/// Appends the text form of a value without parts.
pub fn scalar(value: &Value<'_>, out: &mut Vec<u8>) {
    match *value {
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
        Value::Months(months) => span(months, 0, out),
        Value::Millis(millis) => span(0, millis, out),
        Value::Null | Value::Unchanged | Value::Array(_) | Value::Vector(_) | Value::Row(_) | Value::Map(_) => {
            out.extend_from_slice(b"NULL")
        }
    }
}

pub fn display(value: impl Display, out: &mut Vec<u8>) {
    // Writing to a Vec can't fail.
    let _ = write!(out, "{value}");
}

/// Appends the shortest digits that are read as the same float, with an exponent from `10^limit` on and below `10^-4`.
pub fn float(value: impl std::fmt::LowerExp + Into<f64> + Copy, limit: i32, out: &mut Vec<u8>) {
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
    // The text `d.ddd` becomes plain digits, with the exponent applied.
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

/// Appends plain digits, never an exponent.
pub fn decimal(value: &Decimal, out: &mut Vec<u8>) {
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

pub fn hex(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.extend_from_slice(b"\\x");
    out.extend(bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]));
}

/// The byte that two hexadecimal digits stand for.
pub fn from_hex(pair: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    match *pair {
        [high, low] => u8::try_from(digit(high)? << 4 | digit(low)?).ok(),
        _ => None,
    }
}

pub fn date(days: i64, out: &mut Vec<u8>) {
    let (year, month, day) = date_from_days(days);
    let _ = write!(out, "{:04}-{month:02}-{day:02}", if year > 0 { year } else { 1 - year });
    if year <= 0 {
        out.extend_from_slice(b" BC");
    }
}

pub fn time(seconds: i64, nanos: u32, out: &mut Vec<u8>) {
    let _ = write!(out, "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if nanos > 0 {
        let _ = write!(out, ".{nanos:09}");
        while out.last() == Some(&b'0') {
            out.pop();
        }
    }
}

pub fn timestamp(seconds: i64, nanos: u32, zone: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    date(seconds.div_euclid(SECONDS_PER_DAY), out);
    // The era must be the last part of the text.
    let era: &[u8] = if out.ends_with(b" BC") { b" BC" } else { b"" };
    out.truncate(out.len() - era.len());
    debug_assert!(out.len() > start);
    out.push(b' ');
    time(seconds.rem_euclid(SECONDS_PER_DAY), nanos, out);
    out.extend_from_slice(zone);
    out.extend_from_slice(era);
}

/// Each part has its own sign. If one sign stood before all parts, the server's `IntervalStyle` would decide to which it applies.
fn span(months: i32, millis: i64, out: &mut Vec<u8>) {
    const MILLIS_A_DAY: i64 = 86_400_000;
    let start = out.len();
    let mut part = |count: i64, unit: &str| {
        if count != 0 {
            let _ = write!(out, "{count} {unit}{} ", if count == 1 { "" } else { "s" });
        }
    };
    part((months / 12).into(), "year");
    part((months % 12).into(), "mon");
    part(millis / MILLIS_A_DAY, "day");
    let rest = millis % MILLIS_A_DAY;
    if rest == 0 && out.len() > start {
        out.pop();
        return;
    }
    if rest < 0 {
        out.push(b'-');
    }
    time(rest.abs() / 1000, (rest.abs() % 1000) as u32 * 1_000_000, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(value: Value<'_>) -> String {
        let mut out = b"before ".to_vec();
        scalar(&value, &mut out);
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
    fn an_interval_carries_the_sign_of_each_part() {
        for (months, expected) in [(14, "1 year 2 mons"), (-14, "-1 years -2 mons"), (1, "1 mon"), (0, "00:00:00")] {
            assert_eq!(printed(Value::Months(months)), expected);
        }
        for (millis, expected) in [
            (93_784_005, "1 day 02:03:04.005"),
            (-93_784_005, "-1 days -02:03:04.005"),
            (-500, "-00:00:00.5"),
            (172_800_000, "2 days"),
            (0, "00:00:00"),
            (i64::MIN, "-106751991167 days -07:12:55.808"),
        ] {
            assert_eq!(printed(Value::Millis(millis)), expected);
        }
    }
}
