//! Values as JSON, the way Flink's json format prints them: for json and jsonb columns, for ROW, MAP and ARRAY in text columns,
//! and for the dead letters of pushed rows.

use std::io::Write;

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;

use super::scalar;
use crate::types::calendar::{SECONDS_PER_DAY, date_from_days};
use crate::types::data_type::DataType;
use crate::types::refusal::{EncodeError, sqlstate};
use crate::types::value::Value;

const NANOS_A_SECOND: i64 = 1_000_000_000;

/// Appends the JSON of a value of `data_type`, which names the fields of a ROW. A MAP with a NULL key can't be written as
/// JSON.
pub fn write(value: &Value<'_>, data_type: &DataType, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let mut printer = Printer { out, has_null_key: false };
    printer.value(value, data_type);
    if printer.has_null_key {
        let reason = "a key of the MAP is NULL, which JSON can't write";
        return Err(EncodeError::reject(sqlstate::NULL_NOT_ALLOWED, reason));
    }
    Ok(())
}

/// Appends a row as an object whose members are named like the columns. It is for people to read: a NULL key of a MAP gets
/// the name `null`, and a ROW's fields have no names, because they aren't known here.
pub fn row(columns: &[impl AsRef<str>], row: &[Value<'_>], out: &mut Vec<u8>) {
    let mut printer = Printer { out, has_null_key: false };
    printer.separated(b"{}", row, |printer, value, at| {
        string(columns.get(at).map_or("", AsRef::as_ref), printer.out);
        printer.out.push(b':');
        printer.value(value, &DataType::Null);
    });
}

struct Printer<'o> {
    out: &'o mut Vec<u8>,
    has_null_key: bool,
}

impl Printer<'_> {
    fn value(&mut self, value: &Value<'_>, data_type: &DataType) {
        match *value {
            Value::Null | Value::Unchanged => self.out.extend_from_slice(b"null"),
            Value::Text(text) => string(text, self.out),
            // JSON has no NaN and no infinities.
            Value::Float(number) if !number.is_finite() => quoted(value, self.out),
            Value::Double(number) if !number.is_finite() => quoted(value, self.out),
            Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Double(_) | Value::Decimal(_) => {
                scalar::scalar(value, self.out);
            }
            Value::Bytes(bytes) => {
                scalar::display(format_args!("\"{}\"", Base64Display::new(bytes, &STANDARD)), self.out);
            }
            Value::Date(days) => between_quotes(self.out, |out| date(days.into(), out)),
            Value::Time(nanos) => between_quotes(self.out, |out| time(nanos, out)),
            Value::Timestamp { seconds, nanos } => between_quotes(self.out, |out| timestamp(seconds, nanos, out)),
            Value::Instant { seconds, nanos } => between_quotes(self.out, |out| {
                timestamp(seconds, nanos, out);
                out.push(b'Z');
            }),
            Value::Months(months) => scalar::display(months, self.out),
            Value::Millis(millis) => scalar::display(millis, self.out),
            Value::Array(elements) => {
                let element = if let DataType::Array(element) = data_type { element } else { &DataType::Null };
                self.separated(b"[]", elements, |printer, value, _| printer.value(value, element));
            }
            Value::Vector(elements) => {
                self.out.push(b'[');
                for at in 0..elements.len() {
                    if at > 0 {
                        self.out.push(b',');
                    }
                    self.value(&elements.element(at), data_type);
                }
                self.out.push(b']');
            }
            Value::Row(fields) => {
                let types: &[_] = if let DataType::Row(types) = data_type { types } else { &[] };
                self.separated(b"{}", fields, |printer, value, at| match types.get(at) {
                    Some(field) => {
                        string(&field.name, printer.out);
                        printer.out.push(b':');
                        printer.value(value, &field.data_type);
                    }
                    None => {
                        scalar::display(format_args!("\"f{at}\":"), printer.out);
                        printer.value(value, &DataType::Null);
                    }
                });
            }
            Value::Map(entries) => {
                let (key_type, value_type) = data_type.entries().unwrap_or((data_type, data_type));
                self.separated(b"{}", entries, |printer, (key, value), _| {
                    printer.name(key, key_type);
                    printer.out.push(b':');
                    printer.value(value, value_type);
                });
            }
        }
    }

    fn separated<T>(&mut self, brackets: &[u8; 2], items: &[T], mut print: impl FnMut(&mut Self, &T, usize)) {
        self.out.push(brackets[0]);
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.out.push(b',');
            }
            print(self, item, at);
        }
        self.out.push(brackets[1]);
    }

    /// A map's key. It is written as a string, whatever its type is.
    fn name(&mut self, key: &Value<'_>, key_type: &DataType) {
        self.has_null_key |= matches!(key, Value::Null | Value::Unchanged);
        let start = self.out.len();
        self.value(key, key_type);
        match self.out.get(start) {
            Some(b'"') => {}
            Some(b'[' | b'{') => {
                let written = self.out.split_off(start);
                string(&String::from_utf8_lossy(&written), self.out);
            }
            _ => {
                self.out.insert(start, b'"');
                self.out.push(b'"');
            }
        }
    }
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

/// The date as in ISO 8601. Years with more than four digits have a sign.
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
    date(seconds.div_euclid(SECONDS_PER_DAY), out);
    out.push(b' ');
    scalar::time(seconds.rem_euclid(SECONDS_PER_DAY), nanos, out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::data_type::RowField;
    use crate::types::value::{Decimal, Vector};

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
    fn numbers_are_exact_and_values_that_json_lacks_are_strings() {
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

    #[test]
    fn a_pushed_row_is_an_object_that_parses_whatever_it_holds() {
        let price = Decimal { unscaled: -5, scale: 2 };
        let values = [
            Value::Int(7),
            Value::Text("a \"b\"\n"),
            Value::Vector(Vector::Float(&[0.5, f32::NAN])),
            Value::Decimal(&price),
            Value::Instant { seconds: 86_461, nanos: 500_000_000 },
            Value::Bytes(&[0, 255]),
            Value::Null,
            Value::Map(&[(Value::Null, Value::Int(1))]),
        ];
        let mut out = Vec::new();
        row(&["id", "text", "v", "price", "at", "raw", "none", "map"], &values, &mut out);
        let read: serde_json::Value = serde_json::from_slice(&out).unwrap();
        let expected = serde_json::json!({
            "id": 7, "text": "a \"b\"\n", "v": [0.5, "NaN"], "price": -0.05, "at": "1970-01-02 00:01:01.5Z", "raw": "AP8=",
            "none": null, "map": {"null": 1}
        });
        assert_eq!(read, expected);
    }
}
