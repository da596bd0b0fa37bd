//! A dead letter: a rejected record with everything needed to repair it and to replay it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::error::{Rejection, Result};
use crate::position::Position;
use crate::types::calendar::date_from_days;

/// The fields of a dead letter, under the same names in a file, a topic and a table.
#[cfg(test)]
pub const FIELDS: [&str; 13] = [
    "topic",
    "partition",
    "offset",
    "timestamp",
    "key",
    "headers",
    "value",
    "sink",
    "stage",
    "sqlstate",
    "reason",
    "column",
    "time",
];

/// A header that outlives its message.
pub type OwnedHeader = (String, Option<Vec<u8>>);

#[derive(Debug, Clone, PartialEq)]
pub struct DeadLetter {
    pub position: Position,
    /// The record's own timestamp, in milliseconds since 1970 in UTC.
    pub timestamp_ms: Option<i64>,
    pub key: Option<Vec<u8>>,
    pub headers: Vec<OwnedHeader>,
    pub value: Option<Vec<u8>>,
    /// The sink that rejected the record; another sink of the same job may have written it. Empty if it isn't known.
    pub sink: String,
    pub rejection: Rejection,
    /// When it was rejected, in milliseconds since 1970 in UTC.
    pub time_ms: i64,
}

impl DeadLetter {
    /// Name and value of each header. Values are in base64, or null if there is none.
    pub fn headers_json(&self) -> Value {
        let header = |(name, value): &OwnedHeader| json!({"name": name, "value": base64(value)});
        self.headers.iter().map(header).collect()
    }
}

/// A place that keeps dead letters.
pub trait DeadLetters: Send + Sync {
    /// Returns only when all `dead_letters` are stored, because after that the source's progress moves past their records. After a
    /// crash or an error a dead letter may be written again.
    fn write(&self, dead_letters: &[DeadLetter]) -> Result<()>;
}

/// A key or value in base64. `None` if there is none.
pub fn base64(bytes: &Option<Vec<u8>>) -> Option<String> {
    bytes.as_ref().map(|bytes| BASE64.encode(bytes))
}

pub fn from_base64(text: &str) -> std::result::Result<Vec<u8>, String> {
    BASE64.decode(text).map_err(|error| format!("is not base64 ({error})"))
}

/// Reads the headers that [`DeadLetter::headers_json`] has written.
pub fn headers_from_json(value: &Value) -> std::result::Result<Vec<OwnedHeader>, String> {
    let header = |header: &Value| {
        let name = header["name"].as_str().ok_or("must be a list of objects with 'name' and 'value'")?;
        let value = match &header["value"] {
            Value::Null => None,
            Value::String(text) => Some(from_base64(text)?),
            _ => return Err("has a value that is not base64".to_owned()),
        };
        Ok((name.to_owned(), value))
    };
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(headers) => headers.iter().map(header).collect(),
        _ => Err("must be a list".into()),
    }
}

/// `2026-11-22T23:59:59.123Z`
pub fn utc(milliseconds: i64) -> String {
    let (year, month, day) = date_from_days(milliseconds.div_euclid(86_400_000));
    let rest = milliseconds.rem_euclid(86_400_000);
    let (seconds, millis) = (rest / 1000, rest % 1000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

#[cfg(test)]
pub mod samples {
    use super::*;
    use crate::error::Stage;

    /// The dead letter of offset 41 of `cars[3]`, with bytes that are no text.
    pub fn dead_letter() -> DeadLetter {
        DeadLetter {
            position: Position { topic: "cars".into(), partition: 3, offset: 41 },
            timestamp_ms: Some(1_700_000_000_123),
            key: Some(b"k\x00\xff".to_vec()),
            headers: vec![("trace".into(), Some(b"1".to_vec())), ("trace".into(), None)],
            value: Some(b"1\tred".to_vec()),
            sink: "vector_test.car_info".into(),
            rejection: Rejection {
                sqlstate: Some("22001".into()),
                ..Rejection::in_column(Stage::Write, "color", "too long")
            },
            time_ms: 1_795_391_999_123,
        }
    }

    /// A dead letter without any of the parts that may be absent.
    pub fn bare() -> DeadLetter {
        DeadLetter {
            timestamp_ms: None,
            key: None,
            headers: vec![],
            value: None,
            rejection: Rejection::new(Stage::Decode, "first\nsecond \"third\" \u{2028}"),
            ..dead_letter()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_utc() {
        assert_eq!(utc(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(utc(-1), "1969-12-31T23:59:59.999Z");
        assert_eq!(utc(1_795_391_999_123), "2026-11-22T23:59:59.123Z");
    }

    #[test]
    fn headers_come_back_from_json() {
        let dead_letter = samples::dead_letter();
        assert_eq!(headers_from_json(&dead_letter.headers_json()), Ok(dead_letter.headers));
        assert!(headers_from_json(&json!([{"value": null}])).is_err());
        assert!(headers_from_json(&json!("x")).is_err());
    }
}
