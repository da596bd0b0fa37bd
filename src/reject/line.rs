//! A dead letter as one line of JSON.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::Letter;

/// Appends `letter` to `out`, with its line feed. Key, header values and value are base64, null when absent: they are
/// bytes of any kind, and a null value is not an empty one.
pub fn append(letter: &Letter<'_>, out: &mut Vec<u8>) {
    let headers: Vec<Value> =
        letter.original.headers.iter().map(|(name, value)| json!({"name": name, "value": base64(*value)})).collect();
    let object = json!({
        "topic": &*letter.position.topic,
        "partition": letter.position.partition,
        "offset": letter.position.offset,
        "timestamp": letter.original.timestamp_ms,
        "key": base64(letter.original.key),
        "headers": headers,
        "value": base64(letter.original.value),
        "sink": letter.sink,
        "stage": letter.rejection.stage.as_str(),
        "sqlstate": letter.rejection.sqlstate,
        "reason": letter.rejection.reason,
        "column": letter.rejection.column,
    });
    // Serialised JSON has no raw line feed: strings escape it.
    out.extend_from_slice(object.to_string().as_bytes());
    out.push(b'\n');
}

fn base64(bytes: Option<&[u8]>) -> Option<String> {
    bytes.map(|bytes| BASE64.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Rejection, Stage};
    use crate::position::Position;
    use crate::record::Original;

    fn line(original: &Original<'_>, rejection: &Rejection) -> String {
        let position = Position { topic: "cars".into(), partition: 3, offset: 41 };
        let mut out = Vec::new();
        append(&Letter { position: &position, original, sink: "vector_test.car_info", rejection }, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_letter_carries_position_original_and_reason() {
        let original = Original {
            timestamp_ms: Some(1_700_000_000_123),
            key: Some(b"k\x00\xff"),
            headers: vec![("trace", Some(b"1")), ("trace", None)],
            value: Some(b"1\tred"),
        };
        let rejection =
            Rejection { sqlstate: Some("22001".into()), ..Rejection::in_column(Stage::Write, "color", "too long") };
        assert_eq!(
            line(&original, &rejection),
            concat!(
                r#"{"topic":"cars","partition":3,"offset":41,"timestamp":1700000000123,"key":"awD/","#,
                r#""headers":[{"name":"trace","value":"MQ=="},{"name":"trace","value":null}],"value":"MQlyZWQ=","#,
                r#""sink":"vector_test.car_info","stage":"write","sqlstate":"22001","reason":"too long","column":"color"}"#,
                "\n"
            )
        );
    }

    #[test]
    fn what_is_absent_is_null_and_an_empty_value_is_not() {
        let original = Original { timestamp_ms: None, key: None, headers: vec![], value: Some(b"") };
        let parsed: Value = serde_json::from_str(&line(&original, &Rejection::new(Stage::Decode, "no"))).unwrap();
        assert!(parsed["timestamp"].is_null() && parsed["key"].is_null() && parsed["sqlstate"].is_null());
        assert_eq!(parsed["value"], "");
        assert_eq!(parsed["headers"], json!([]));
        let tombstone = Original { value: None, ..original };
        let parsed: Value = serde_json::from_str(&line(&tombstone, &Rejection::new(Stage::Decode, "no"))).unwrap();
        assert!(parsed["value"].is_null());
    }

    #[test]
    fn a_reason_with_line_feeds_and_quotes_stays_one_line() {
        let original = Original { timestamp_ms: None, key: None, headers: vec![], value: None };
        let text = line(&original, &Rejection::new(Stage::Decode, "first\nsecond \"third\" \u{2028}\0"));
        assert_eq!(text.matches('\n').count(), 1);
        let parsed: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(parsed["reason"], "first\nsecond \"third\" \u{2028}\0");
    }
}
