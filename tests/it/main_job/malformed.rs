//! Messages of each format, damaged in many ways: only the damaged messages are rejected, and each becomes a dead letter with its place
//! and the reason.

mod avro;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::scene::{Indexes, JOB, bounded, car_info, dead_letters, job_of, with_dead_letters};
use crate::support::{kafka, postgres18};

/// How many arrays are nested: more than fit on any stack.
const DEEP: usize = 200_000;

/// A damaged message, and a part of the reason for its rejection.
type Bad = (Vec<u8>, &'static str);

/// Produces the bad messages between two good ones, and checks that the good ones become rows and the bad ones dead letters. Settings
/// `None`: the topic has the default settings.
#[track_caller]
fn check(job: &str, settings: &[(&str, &str)], good: [&[u8]; 2], bad: &[Bad], rows: &str) {
    check_with(&[], job, settings, good, bad, rows);
}

/// The same for a job with further variables.
#[track_caller]
fn check_with(
    variables: &[(&str, &str)],
    job: &str,
    settings: &[(&str, &str)],
    good: [&[u8]; 2],
    bad: &[Bad],
    rows: &str,
) {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let mut schema = car_info(&server, Indexes::Structured);
    let topic = kafka.topic_with(1, settings);
    let all = std::iter::once(good[0]).chain(bad.iter().map(|(message, _)| message.as_slice())).chain([good[1]]);
    topic.produce(0, all);
    let job = variables.iter().fold(job_of(job, &schema, &topic), |job, (name, value)| job.variable(name, *value));
    let (job, _) = with_dead_letters(bounded(job));
    let finished = job.finish().exited(0);
    let found = schema.text(
        "SELECT coalesce(string_agg(concat_ws(' ', id, color, price, feature), '; ' ORDER BY id), '') FROM car_info",
    );
    let dead_letters = dead_letters(&finished);
    assert_eq!(found.as_deref(), Some(rows), "{dead_letters:#?}");
    assert_eq!(dead_letters.len(), bad.len(), "{dead_letters:#?}");
    for (offset, (dead_letter, (message, expected))) in (1..).zip(dead_letters.iter().zip(bad)) {
        assert_eq!(dead_letter["offset"], offset);
        assert_eq!((&dead_letter["topic"], &dead_letter["partition"]), (&topic.name.as_str().into(), &0.into()));
        let reason = dead_letter["reason"].as_str().unwrap_or_default();
        assert!(reason.contains(expected) && reason.len() < 2000, "{offset}: {reason}");
        let kept = BASE64.decode(dead_letter["value"].as_str().unwrap_or_default()).expect("base64");
        assert!(kept == *message, "{offset}: the message is kept as it was");
    }
}

/// Damages a JSON message, which contains `"id":7` and `"color":"red"`.
fn damaged(message: &str) -> Vec<Bad> {
    let with = |from: &str, to: &[u8]| {
        let (before, after) = message.split_once(from).expect("a message that can be damaged so");
        [before.as_bytes(), to, after.as_bytes()].concat()
    };
    vec![
        (message.as_bytes()[..message.len() / 2].to_vec(), "byte "),
        (with("\"id\":7", b"\"id\":{}"), "where INT was expected"),
        (with("\"id\":7", b"\"id\":99999999999999999999999"), "where INT was expected"),
        (with("\"red\"", format!("\"red\",\"more\":{}", "[".repeat(DEEP)).as_bytes()), "nested objects and arrays"),
        (with("\"red\"", "{\"a\":".repeat(DEEP).as_bytes()), "nested objects and arrays"),
        (with("\"red\"", b"\"r\xffd\""), "UTF-8"),
        (b" ".to_vec(), "a JSON object"),
        (b"[1]".to_vec(), "a JSON object"),
        (b"\0\x01\x02\xff".to_vec(), "a JSON object"),
    ]
}

#[track_caller]
fn check_json(job: &str, message: &str, rows: &str) {
    let second = message.replace("\"id\":7", "\"id\":8");
    check(job, &[], [message.as_bytes(), second.as_bytes()], &damaged(message), rows);
}

#[test]
fn bad_objects_of_json_are_rejected_alone() {
    check_json(
        include_str!("../../../examples/sql/json.sql"),
        r#"{"id":7,"color":"red","price":1,"feature":[0.5,1e-3]}"#,
        "7 red 1 {0.5,0.001}; 8 red 1 {0.5,0.001}",
    );
}

#[test]
fn bad_changes_of_debezium_are_rejected_alone() {
    check_json(
        include_str!("../../../examples/sql/debezium_json.sql"),
        r#"{"before":null,"after":{"id":7,"color":"red","price":1,"feature":"{0.1}"},"op":"c"}"#,
        "7 red 1 {0.1}; 8 red 1 {0.1}",
    );
}

#[test]
fn bad_changes_of_canal_are_rejected_alone() {
    check_json(
        include_str!("../../../examples/sql/canal_json.sql"),
        r#"{"database":"shop","table":"cars","data":[{"id":7,"color":"red","price":"1","feature":"{0.1}"}],"type":"INSERT"}"#,
        "7 red 1 {0.1}; 8 red 1 {0.1}",
    );
}

#[test]
fn bad_changes_of_maxwell_are_rejected_alone() {
    check_json(
        include_str!("../../../examples/sql/maxwell_json.sql"),
        r#"{"type":"insert","data":{"id":7,"color":"red","price":1,"feature":"{0.1}"}}"#,
        "7 red 1 {0.1}; 8 red 1 {0.1}",
    );
}

#[test]
fn bad_changes_of_goldengate_are_rejected_alone() {
    check_json(
        include_str!("../../../examples/sql/ogg_json.sql"),
        r#"{"op_type":"I","after":{"id":7,"color":"red","price":1,"feature":"{0.1}"}}"#,
        "7 red 1 {0.1}; 8 red 1 {0.1}",
    );
}

#[test]
fn bad_lines_of_csv_are_rejected_alone() {
    let row = |id: &str, color: &[u8], feature: &str| {
        [format!("{id}\t2024-03-01 08:30:00\t").as_bytes(), color, format!("\t1\t{feature}").as_bytes()].concat()
    };
    let deep = format!("{}1{}", "{".repeat(DEEP), "}".repeat(DEEP));
    check(
        JOB,
        &[],
        [&row("7", b"red", "{0.1,0.2}"), &row("8", b"red", "[3e-2]")],
        &[
            (b"9\t2024-03-01 08:30:00\tre".to_vec(), "found 3 fields where 5 were expected"),
            (row("x", b"red", "{1}"), "found 'x' where INT was expected"),
            (row("99999999999999999999999", b"red", "{1}"), "where INT was expected"),
            (row("9", b"r\xffd", "{1}"), "UTF-8"),
            (row("9", b"\"red", "{1}"), "no closing quote"),
            (row("9", b"red", "{1,x}"), "is not a number"),
            (row("9", b"red", "{1e999}"), "out of range"),
            (row("9", b"red", &deep), ""),
            (Vec::new(), "found an empty message"),
            (b"\0\x01\x02\xff".to_vec(), "where INT was expected"),
        ],
        "7 red 1 {0.1,0.2}; 8 red 1 {0.03}",
    );
}

#[test]
fn bad_raw_values_are_rejected_alone() {
    check(
        include_str!("../../../examples/sql/raw.sql"),
        &[],
        [b"[0.1,0.2]", b"{0.3}"],
        &[
            (b"[1,2".to_vec(), "is not a vector"),
            (b"[1,x]".to_vec(), "is not a number"),
            (b"[1e999]".to_vec(), "out of range"),
            (b"[1\xff]".to_vec(), "text in UTF-8"),
            ("[".repeat(DEEP).into_bytes(), "is not a vector"),
            (Vec::new(), "is not a vector"),
        ],
        "0 {0.1,0.2}; 7 {0.3}",
    );
}

#[test]
fn bad_messages_of_protobuf_are_rejected_alone() {
    let (open, close) = (b"\xfb\x3e".repeat(DEEP), b"\xfc\x3e".repeat(DEEP));
    check(
        include_str!("../../../examples/sql/protobuf.sql"),
        &[],
        [b"\x08\x07\x2a\x04\0\0\x80\x3e", b"\x08\x08"],
        &[
            (b"\x08\x07\x2a\x04\0\0\x80".to_vec(), "found a length of 4 bytes where 3 are left, at /feature, byte 3"),
            (b"\x08\x07\x2a\x05\0\0\x80\x3e\0".to_vec(), "packed numbers of 4 were expected"),
            (b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01".to_vec(), "a number of more than 10 bytes"),
            (b"\x08\x07\x22\x03\x12\x01\xff".to_vec(), "text in UTF-8 was expected, at /price/currency, byte 6"),
            ([open, close].concat(), "more than 100 nested groups"),
            (b"\x0f\x01".to_vec(), "the wire type 7"),
            (b"{\"id\":7}".to_vec(), "byte "),
        ],
        "7 NO_COLOR {0.25}; 8 NO_COLOR",
    );
}

#[test]
fn a_message_of_a_hundred_megabytes_is_rejected_alone() {
    let long = "x".repeat(100_000_000);
    let good = |id: u8| format!(r#"{{"id":{id},"color":"red","feature":[0.5]}}"#).into_bytes();
    check(
        include_str!("../../../examples/sql/json.sql"),
        // A topic for messages of this size needs this setting.
        &[("max.message.bytes", "104000000")],
        [&good(7), &good(8)],
        &[(format!(r#"{{"id":9,"color":"{}"}}"#, &long[..99_999_000]).into_bytes(), "the column takes 10")],
        "7 red {0.5}; 8 red {0.5}",
    );
}
