//! Values as JSON, the way Flink's json format prints them: for json and jsonb columns, and for ROW, MAP and ARRAY in
//! text columns.

use std::io::Write;

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;

use super::scalar;
use crate::types::calendar::date_from_days;
use crate::types::data_type::DataType;
use crate::types::refusal::{EncodeError, sqlstate};
use crate::types::value::Value;

const SECONDS_A_DAY: i64 = 86_400;
const NANOS_A_SECOND: i64 = 1_000_000_000;

/// Appends the JSON of a value of `data_type`, which names the fields of a ROW.
pub fn write(value: &Value<'_>, data_type: &DataType, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    match *value {
        Value::Null | Value::Unchanged => out.extend_from_slice(b"null"),
        Value::Text(text) => string(text, out),
        // JSON has no such numbers.
        Value::Float(number) if !number.is_finite() => quoted(value, out),
        Value::Double(number) if !number.is_finite() => quoted(value, out),
        Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Double(_) | Value::Decimal(_) => {
            scalar::scalar(value, out);
        }
        Value::Bytes(bytes) => scalar::display(format_args!("\"{}\"", Base64Display::new(bytes, &STANDARD)), out),
        Value::Date(days) => between_quotes(out, |out| date(days.into(), out)),
        Value::Time(nanos) => between_quotes(out, |out| time(nanos, out)),
        Value::Timestamp { seconds, nanos } => between_quotes(out, |out| timestamp(seconds, nanos, out)),
        Value::Instant { seconds, nanos } => between_quotes(out, |out| {
            timestamp(seconds, nanos, out);
            out.push(b'Z');
        }),
        Value::Months(months) => scalar::display(months, out),
        Value::Millis(millis) => scalar::display(millis, out),
        Value::Array(elements) => {
            let element = if let DataType::Array(element) = data_type { element } else { &DataType::Null };
            separated(b"[]", elements, out, |value, _, out| write(value, element, out))?;
        }
        Value::Vector(elements) => {
            out.push(b'[');
            for at in 0..elements.len() {
                if at > 0 {
                    out.push(b',');
                }
                write(&elements.element(at), data_type, out)?;
            }
            out.push(b']');
        }
        Value::Row(fields) => {
            let types: &[_] = if let DataType::Row(types) = data_type { types } else { &[] };
            separated(b"{}", fields, out, |value, at, out| match types.get(at) {
                Some(field) => {
                    string(&field.name, out);
                    out.push(b':');
                    write(value, &field.data_type, out)
                }
                None => {
                    scalar::display(format_args!("\"f{at}\":"), out);
                    write(value, &DataType::Null, out)
                }
            })?;
        }
        Value::Map(entries) => {
            let (key_type, value_type) = data_type.entries().unwrap_or((data_type, data_type));
            separated(b"{}", entries, out, |(key, value), _, out| {
                name(key, key_type, out)?;
                out.push(b':');
                write(value, value_type, out)
            })?;
        }
    }
    Ok(())
}

fn separated<T>(
    brackets: &[u8; 2],
    items: &[T],
    out: &mut Vec<u8>,
    mut write: impl FnMut(&T, usize, &mut Vec<u8>) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    out.push(brackets[0]);
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write(item, at, out)?;
    }
    out.push(brackets[1]);
    Ok(())
}

/// A map's key: a string, whatever its type.
fn name(key: &Value<'_>, key_type: &DataType, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let start = out.len();
    match key {
        Value::Null | Value::Unchanged => {
            return Err(EncodeError::reject(
                sqlstate::NULL_NOT_ALLOWED,
                "a key of the MAP is NULL, JSON has no such name",
            ));
        }
        Value::Array(_) | Value::Vector(_) | Value::Row(_) | Value::Map(_) => {
            write(key, key_type, out)?;
            let written = out.split_off(start);
            string(&String::from_utf8_lossy(&written), out);
        }
        key => {
            write(key, key_type, out)?;
            if out[start] != b'"' {
                out.insert(start, b'"');
                out.push(b'"');
            }
        }
    }
    Ok(())
}

fn quoted(value: &Value<'_>, out: &mut Vec<u8>) {
    between_quotes(out, |out| scalar::scalar(value, out));
}

fn between_quotes(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'"');
    write(out);
    out.push(b'"');
}

fn string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut start = 0;
    for (at, &byte) in text.as_bytes().iter().enumerate() {
        let letter = match byte {
            b'"' | b'\\' => byte,
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0x08 => b'b',
            0x0c => b'f',
            ..0x20 => b'u',
            _ => continue,
        };
        out.extend_from_slice(&text.as_bytes()[start..at]);
        out.extend_from_slice(&[b'\\', letter]);
        if letter == b'u' && byte < 0x20 {
            scalar::display(format_args!("{byte:04x}"), out);
        }
        start = at + 1;
    }
    out.extend_from_slice(&text.as_bytes()[start..]);
    out.push(b'"');
}

/// As ISO 8601, years beyond four digits with a sign.
fn date(days: i64, out: &mut Vec<u8>) {
    let (year, month, day) = date_from_days(days);
    // Writing to a Vec can't fail.
    let _ = match year {
        0..=9999 => write!(out, "{year:04}-{month:02}-{day:02}"),
        ..0 => write!(out, "-{:04}-{month:02}-{day:02}", -year),
        _ => write!(out, "+{year}-{month:02}-{day:02}"),
    };
}

fn time(nanos: i64, out: &mut Vec<u8>) {
    scalar::time(nanos.div_euclid(NANOS_A_SECOND), nanos.rem_euclid(NANOS_A_SECOND) as u32, out);
}

fn timestamp(seconds: i64, nanos: u32, out: &mut Vec<u8>) {
    date(seconds.div_euclid(SECONDS_A_DAY), out);
    out.push(b' ');
    scalar::time(seconds.rem_euclid(SECONDS_A_DAY), nanos, out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::data_type::RowField;
    use crate::types::value::Decimal;

    fn json(value: Value<'_>, data_type: &DataType) -> String {
        let mut out = Vec::new();
        write(&value, data_type, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_row_is_an_object_with_its_fields_names() {
        let field = |name: &str, data_type| RowField { name: name.into(), data_type };
        let row = DataType::Row(vec![
            field("id", DataType::BigInt),
            field("a \"b\"", DataType::Array(Box::new(DataType::Double))),
            field("none", DataType::STRING),
        ]);
        let value = [Value::Int(7), Value::Array(&[Value::Double(0.1), Value::Null]), Value::Null];
        assert_eq!(json(Value::Row(&value), &row), r#"{"id":7,"a \"b\"":[0.1,null],"none":null}"#);
    }

    #[test]
    fn numbers_are_exact_and_what_json_lacks_is_a_string() {
        let decimal = Decimal { unscaled: 12_345_678_901_234_567_890_123_456_789, scale: 2 };
        assert_eq!(json(Value::Decimal(&decimal), &DataType::Null), "123456789012345678901234567.89");
        assert_eq!(json(Value::Double(1e300), &DataType::Double), "1e+300");
        assert_eq!(json(Value::Float(f32::NAN), &DataType::Float), r#""NaN""#);
        assert_eq!(json(Value::Bytes(&[0, 255]), &DataType::Varbinary(9)), r#""AP8=""#);
    }

    #[test]
    fn times_are_printed_as_by_flinks_json_format() {
        assert_eq!(json(Value::Date(19_783), &DataType::Date), r#""2024-03-01""#);
        assert_eq!(json(Value::Time(30_600_500_000_000), &DataType::Null), r#""08:30:00.5""#);
        let (seconds, nanos) = (1_709_281_800, 120_000_000);
        assert_eq!(json(Value::Timestamp { seconds, nanos }, &DataType::Null), r#""2024-03-01 08:30:00.12""#);
        assert_eq!(json(Value::Instant { seconds, nanos: 0 }, &DataType::Null), r#""2024-03-01 08:30:00Z""#);
    }

    #[test]
    fn a_map_is_an_object_whatever_its_keys_are() {
        let map = [(Value::Int(1), Value::Text("a\u{1}\n"))];
        assert_eq!(json(Value::Map(&map), &DataType::Null), "{\"1\":\"a\\u0001\\n\"}");
        let nested = [(Value::Array(&[Value::Text("k")]), Value::Bool(true))];
        assert_eq!(json(Value::Map(&nested), &DataType::Null), r#"{"[\"k\"]":true}"#);
        let null = [(Value::Null, Value::Int(1))];
        assert!(write(&Value::Map(&null), &DataType::Null, &mut Vec::new()).is_err());
    }
}
