//! A dead letter as one line of JSON.

use serde_json::{Map, Value, json};

use crate::dead_letters::dead_letter::{DeadLetter, base64, from_base64, headers_from_json, utc};
use crate::error::{Rejection, Stage};
use crate::position::Position;

/// Appends `dead_letter` to `out`, with its line feed. Key, header values and value are in base64, because they may be any bytes. If
/// there is none, it is null, which differs from an empty one.
pub fn append(dead_letter: &DeadLetter, out: &mut Vec<u8>) {
    let object = json!({
        "topic": &*dead_letter.position.topic,
        "partition": dead_letter.position.partition,
        "offset": dead_letter.position.offset,
        "timestamp": dead_letter.timestamp_ms,
        "key": base64(&dead_letter.key),
        "headers": dead_letter.headers_json(),
        "value": base64(&dead_letter.value),
        "sink": dead_letter.sink,
        "stage": dead_letter.rejection.stage.as_str(),
        "sqlstate": dead_letter.rejection.sqlstate,
        "reason": dead_letter.rejection.reason,
        "column": dead_letter.rejection.column,
        "time": utc(dead_letter.time_ms),
    });
    // Serialised JSON has no raw line feed: strings escape it.
    out.extend_from_slice(object.to_string().as_bytes());
    out.push(b'\n');
}

/// Reads a line, which may have been edited by hand: the reason of the rejection may be missing, and `value` may be
/// `{"text": "…"}` instead of base64. The error says which field is wrong.
pub fn read(line: &[u8]) -> Result<DeadLetter, String> {
    let object: Map<String, Value> =
        serde_json::from_slice(line).map_err(|error| format!("not a JSON object: {error}"))?;
    let field = |name: &str| object.get(name).unwrap_or(&Value::Null);
    let text = |name: &str| match field(name) {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        _ => Err(format!("'{name}' must be text")),
    };
    let integer = |name: &str| field(name).as_i64().ok_or_else(|| format!("'{name}' must be a whole number"));
    let bytes = |name: &str| match field(name) {
        Value::Null => Ok(None),
        Value::String(text) => from_base64(text).map(Some).map_err(|wrong| format!("'{name}' {wrong}")),
        Value::Object(object) => match object.get("text") {
            Some(Value::String(text)) if object.len() == 1 => Ok(Some(text.clone().into_bytes())),
            _ => Err(format!("'{name}' must be base64 or {{\"text\": \"…\"}}")),
        },
        _ => Err(format!("'{name}' must be base64, {{\"text\": \"…\"}} or null")),
    };
    if !object.contains_key("value") {
        return Err("'value' is missing; a tombstone has null".into());
    }
    let partition = i32::try_from(integer("partition")?).map_err(|_| "'partition' is too large")?;
    Ok(DeadLetter {
        position: Position {
            topic: text("topic")?.ok_or("'topic' is missing")?.into(),
            partition,
            offset: integer("offset")?,
        },
        timestamp_ms: field("timestamp").as_i64(),
        key: bytes("key")?,
        headers: headers_from_json(field("headers")).map_err(|wrong| format!("'headers' {wrong}"))?,
        value: bytes("value")?,
        sink: text("sink")?.unwrap_or_default(),
        rejection: Rejection {
            stage: text("stage")?.and_then(|stage| Stage::named(&stage)).unwrap_or(Stage::Decode),
            reason: text("reason")?.unwrap_or_default(),
            column: text("column")?,
            sqlstate: text("sqlstate")?,
        },
        // Not needed: a record that is rejected again gets a new time.
        time_ms: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dead_letters::dead_letter::samples::{bare, dead_letter};

    fn line(dead_letter: &DeadLetter) -> String {
        let mut out = Vec::new();
        append(dead_letter, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_dead_letter_carries_position_original_and_reason() {
        assert_eq!(
            line(&dead_letter()),
            concat!(
                r#"{"topic":"cars","partition":3,"offset":41,"timestamp":1700000000123,"key":"awD/","#,
                r#""headers":[{"name":"trace","value":"MQ=="},{"name":"trace","value":null}],"value":"MQlyZWQ=","#,
                r#""sink":"vector_test.car_info","stage":"write","sqlstate":"22001","reason":"too long","column":"color","#,
                r#""time":"2026-11-22T23:59:59.123Z"}"#,
                "\n"
            )
        );
    }

    #[test]
    fn the_fields_are_those_that_every_target_has() {
        let object: Map<String, Value> = serde_json::from_str(&line(&dead_letter())).unwrap();
        assert_eq!(
            object.keys().collect::<Vec<_>>(),
            crate::dead_letters::dead_letter::FIELDS.iter().collect::<Vec<_>>()
        );
    }

    #[test]
    fn what_is_absent_is_null_and_an_empty_value_is_not() {
        let parsed: Value = serde_json::from_str(&line(&DeadLetter { value: Some(vec![]), ..bare() })).unwrap();
        assert!(parsed["timestamp"].is_null() && parsed["key"].is_null() && parsed["sqlstate"].is_null());
        assert_eq!(parsed["value"], "");
        assert_eq!(parsed["headers"], json!([]));
        let parsed: Value = serde_json::from_str(&line(&bare())).unwrap();
        assert!(parsed["value"].is_null());
    }

    #[test]
    fn a_reason_with_line_feeds_and_quotes_stays_one_line() {
        let text = line(&bare());
        assert_eq!(text.matches('\n').count(), 1);
        let parsed: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(parsed["reason"], "first\nsecond \"third\" \u{2028}");
    }

    #[test]
    fn a_line_reads_back_as_the_dead_letter_it_was() {
        for dead_letter in [dead_letter(), bare(), DeadLetter { value: Some(vec![]), ..dead_letter() }] {
            assert_eq!(read(line(&dead_letter).as_bytes()), Ok(DeadLetter { time_ms: 0, ..dead_letter }));
        }
    }

    #[test]
    fn a_value_may_be_repaired_as_text_and_the_reason_left_out() {
        let repaired = r#"{"topic":"t","partition":0,"offset":7,"value":{"text":"1\tred"}}"#;
        let dead_letter = read(repaired.as_bytes()).unwrap();
        assert_eq!((dead_letter.value.as_deref(), dead_letter.position.offset), (Some(&b"1\tred"[..]), 7));
        assert_eq!((dead_letter.sink.as_str(), dead_letter.key), ("", None));
    }

    #[test]
    fn the_error_of_a_line_that_is_no_dead_letter_names_the_field() {
        for (line, wrong) in [
            ("{\"topic\":\"cars\",\"par", "not a JSON object"),
            ("[]", "not a JSON object"),
            (r#"{"partition":0,"offset":0,"value":null}"#, "'topic' is missing"),
            (r#"{"topic":"t","partition":0,"offset":0}"#, "'value' is missing"),
            (r#"{"topic":"t","partition":0,"offset":"x","value":null}"#, "'offset' must be"),
            (r#"{"topic":"t","partition":0,"offset":0,"value":"?"}"#, "'value' is not base64"),
            (r#"{"topic":"t","partition":0,"offset":0,"value":{"txt":"?"}}"#, "'value' must be"),
            (r#"{"topic":"t","partition":0,"offset":0,"value":null,"headers":{}}"#, "'headers' must be"),
        ] {
            let error = read(line.as_bytes()).unwrap_err();
            assert!(error.contains(wrong), "{line}: {error}");
        }
    }
}
