//! Each format from end to end: its job file in `examples/sql`, a real broker, a real server.

use super::scene::{Indexes, bounded, car_info, dead_letters, job_of, with_dead_letters};
use crate::support::{kafka, postgres18};

/// The rows in the table, and the reasons of the dead letters, after a job has read these messages.
fn run<M: AsRef<[u8]>>(job: &str, messages: &[M]) -> Option<(String, Vec<String>)> {
    let values = messages.iter().map(|message| (None::<&[u8]>, Some(message.as_ref())));
    run_keyed(job, &values.collect::<Vec<_>>())
}

/// A message's key and its value.
type Message<'a> = (Option<&'a [u8]>, Option<&'a [u8]>);

fn run_keyed(job: &str, messages: &[Message<'_>]) -> Option<(String, Vec<String>)> {
    let (server, kafka) = (postgres18()?, kafka()?);
    let mut schema = car_info(&server, Indexes::Structured);
    let topic = kafka.topic(1);
    topic.produce_keyed(0, messages.iter().copied());
    let (job, _) = with_dead_letters(bounded(job_of(job, &schema, &topic)));
    let finished = job.finish().exited(0);
    let rows = schema.text(
        "SELECT coalesce(string_agg(concat_ws(' ', id, market_time, color, price, feature), '; ' ORDER BY id), '') FROM car_info",
    );
    let reason = |dead_letter: serde_json::Value| dead_letter["reason"].as_str().unwrap_or_default().to_string();
    Some((rows.unwrap_or_default(), dead_letters(&finished).into_iter().map(reason).collect()))
}

#[track_caller]
fn check<M: AsRef<[u8]>>(job: &str, messages: &[M], rows: &str, refused: &[&str]) {
    compare(run(job, messages), rows, refused);
}

#[track_caller]
fn check_keyed(job: &str, messages: &[Message<'_>], rows: &str, refused: &[&str]) {
    compare(run_keyed(job, messages), rows, refused);
}

#[track_caller]
fn compare(found: Option<(String, Vec<String>)>, rows: &str, refused: &[&str]) {
    let Some((found, reasons)) = found else { return };
    assert_eq!(found, rows, "{reasons:#?}");
    assert_eq!(reasons.len(), refused.len(), "{reasons:#?}");
    for (reason, expected) in reasons.iter().zip(refused) {
        assert!(reason.contains(expected), "{reason}");
    }
}

#[test]
fn json_objects_become_rows() {
    check(
        include_str!("../../../examples/sql/json.sql"),
        &[
            r#"{"id": 7, "market_time": "2024-03-01 08:30:00.5", "color": "red", "price": "19900", "feature": [0.12, -0.5, 0.03]}"#,
            r#"{"id": 8, "feature": [1e-3, 2], "extra": {"ignored": true}}"#,
            r#"{"id": 9, "feature": [0.5, "x"]}"#,
            r#"{"id": 10"#,
            r#"{"id": 7, "color": "blue"}"#,
        ],
        "7 blue; 8 {0.001,2}",
        &["/feature/1, byte 27", "the message ends where ',' or '}' was expected, at byte 9"],
    );
}

#[test]
fn debezium_changes_are_followed() {
    let row = |id: i32, color: &str| {
        format!(r#"{{"id":{id},"maker":"VW","color":"{color}","price":1,"feature":"{{0.1,0.2}}"}}"#)
    };
    let (red, blue) = (row(7, "red"), row(7, "blue"));
    check(
        include_str!("../../../examples/sql/debezium_json.sql"),
        &[
            &format!(r#"{{"before":null,"after":{red},"op":"c"}}"#),
            &format!(r#"{{"before":null,"after":{},"op":"r"}}"#, row(8, "green")),
            &format!(r#"{{"before":{red},"after":{blue},"op":"u"}}"#),
            r#"{"before":{"id":8},"after":null,"op":"d"}"#,
            &format!(r#"{{"before":{blue},"after":{},"op":"u"}}"#, row(9, "white")),
            &format!(
                r#"{{"before":{},"after":{{"id":9,"color":"black","price":2,"feature":"__debezium_unavailable_value"}},"op":"u"}}"#,
                row(9, "white")
            ),
            r#"{"before":null,"after":{"id":9},"op":"u"}"#,
        ],
        "9 black 2 {0.1,0.2}",
        &["REPLICA IDENTITY FULL"],
    );
}

#[test]
fn canal_changes_are_followed() {
    check(
        include_str!("../../../examples/sql/canal_json.sql"),
        &[
            r#"{"data":[{"id":"7","maker":"VW","color":"red","price":"1","feature":"{0.1}"},{"id":"8","color":"green","price":"2","feature":"{0.2}"}],"old":null,"type":"INSERT","database":"shop","table":"cars"}"#,
            r#"{"data":[{"id":"7","color":"blue","price":"1","feature":"{0.1}"}],"old":[{"color":"red"}],"type":"UPDATE","database":"shop","table":"cars"}"#,
            r#"{"data":[{"id":"x"}],"old":null,"type":"INSERT","database":"shop","table":"people"}"#,
            r#"{"data":[{"id":"8","color":"green","price":"2","feature":"{0.2}"}],"old":null,"type":"DELETE","database":"shop","table":"cars"}"#,
            r#"{"data":null,"type":"ALTER","isDdl":true,"database":"shop","table":"cars"}"#,
        ],
        "7 blue 1 {0.1}",
        &["found 'type' = 'ALTER'"],
    );
}

#[test]
fn maxwell_changes_are_followed() {
    check(
        include_str!("../../../examples/sql/maxwell_json.sql"),
        &[
            r#"{"type":"bootstrap-insert","data":{"id":6,"color":"grey"}}"#,
            r#"{"type":"insert","data":{"id":7,"maker":"VW","color":"red","price":1,"feature":"{0.1}"}}"#,
            r#"{"type":"update","data":{"id":7,"color":"blue"},"old":{"color":"red"}}"#,
            r#"{"type":"delete","data":{"id":6,"color":"grey"}}"#,
        ],
        "7 blue 1 {0.1}",
        &[],
    );
}

#[test]
fn goldengate_changes_are_followed() {
    check(
        include_str!("../../../examples/sql/ogg_json.sql"),
        &[
            r#"{"op_type":"I","after":{"id":7,"maker":"VW","color":"red","price":1,"feature":"{0.1}"}}"#,
            r#"{"op_type":"U","before":{"id":7,"color":"red"},"after":{"id":7,"color":"blue"}}"#,
            r#"{"op_type":"I","after":{"id":8}}"#,
            r#"{"op_type":"D","before":{"id":8}}"#,
            r#"{"op_type":"T"}"#,
        ],
        "7 blue 1 {0.1}",
        &["found 'op_type' = 'T'"],
    );
}

#[test]
fn raw_messages_are_one_value() {
    check(include_str!("../../../examples/sql/raw.sql"), &["[0.1,0.2]", "{0.3}"], "0 {0.1,0.2}; 1 {0.3}", &[]);
}

#[test]
fn protobuf_messages_become_rows() {
    check(
        include_str!("../../../examples/sql/protobuf.sql"),
        &[
            &b"\x08\x07\x12\x0c\x08\x88\xa4\x86\xaf\x06\x10\x80\xca\xb5\xee\x01\x18\x01\x22\x09\x08\xbc\x9b\x01\x12\x03EUR*\x0c\x00\x00\x00>\x00\x00\x00\xbf\x00\x00\x00="[..],
            b"\x08\x08\x2a\x04\0\0\x80\x3e\xc2\x3e\x03new",
            b"\x08\x09\x2a\x05\0\0\x80\x3e\0",
            b"\x08\x0a\x22\x09\x12",
            b"\x08\x07\x18\x02",
        ],
        "7 blue; 8 NO_COLOR {0.25}",
        &["packed numbers of 4 were expected, at /feature, byte 4", "found a length of 9 bytes where 1 are left, at /price, byte 3"],
    );
}

#[test]
fn the_key_holds_some_columns_and_the_value_the_others() {
    check_keyed(
        include_str!("../../../examples/sql/key_format.sql"),
        &[
            (Some(br#"{"id": 7}"#), Some(b"2024-03-01 08:30:00\tred\t19900\t{0.1,0.2}")),
            (None, Some(b"2024-03-01 08:30:00\tno key, no row\t1\t{0.3}")),
            (Some(br#"{"id": 8}"#), None),
            (Some(br#"{"id": "x"}"#), Some(b"2024-03-01 08:30:00\tred\t1\t{0.3}")),
            (Some(br#"{"id": 7}"#), Some(b"2024-03-01 08:30:00\tblue\t5\t{0.5}")),
            (Some(br#"{"id": 9}"#), Some(b"2024-03-01 08:30:00\tred")),
        ],
        "7 2024-03-01 08:30:00 blue 5 {0.5}",
        &["in the message key: ", "found 2 fields where 4 were expected"],
    );
}

#[test]
fn a_compacted_topic_is_followed() {
    let (seven, eight, nine) = (&7_i32.to_be_bytes()[..], &8_i32.to_be_bytes()[..], &9_i32.to_be_bytes()[..]);
    check_keyed(
        include_str!("../../../examples/sql/upsert_kafka.sql"),
        &[
            (Some(seven), Some(br#"{"color": "red", "price": 1, "feature": "{0.1,0.2}"}"#)),
            (Some(eight), Some(br#"{"color": "red", "price": 2}"#)),
            (Some(nine), Some(br#"{"color": "red"}"#)),
            (Some(seven), Some(br#"{"color": "blue", "feature": [0.5, 0.25]}"#)),
            (Some(eight), None),
            (Some(nine), Some(b"")),
            (Some(b"xy"), Some(br#"{"color": "red"}"#)),
            (None, Some(br#"{"color": "red"}"#)),
            (Some(nine), None),
            (Some(nine), Some(br#"{"color": "green"}"#)),
        ],
        "7 blue {0.5,0.25}; 9 green",
        &["in the message key: found 2 bytes where INT was expected: four bytes", "NULL in a NOT NULL column"],
    );
}

#[test]
fn a_filter_over_upserts_deletes_the_rows_that_no_longer_match() {
    let job = include_str!("../../../examples/sql/upsert_kafka.sql")
        .replace("'key.format' = 'raw', 'key.raw.endianness' = 'big-endian'", "'key.format' = 'csv'")
        .replace(
            "SELECT * FROM vector_kafka",
            "SELECT * FROM vector_kafka WHERE color IS NOT NULL AND color <> 'gone'",
        );
    check_keyed(
        &job,
        &[
            (Some(b"1"), Some(br#"{"color": "red"}"#)),
            (Some(b"2"), Some(br#"{"color": "red"}"#)),
            (Some(b"3"), Some(br#"{"color": "red"}"#)),
            (Some(b"4"), Some(br#"{"color": "gone"}"#)),
            (Some(b"1"), Some(br#"{"color": "gone"}"#)),
            (Some(b"2"), None),
        ],
        "3 red",
        &[],
    );
}
