//! Reading dead letters for a replay: a dead letter that was read is written, read again, and is the same.

use vecsink::internals::dead_letters::dead_letter::DeadLetter;
use vecsink::internals::dead_letters::{json_line, message};
use vecsink::internals::record::{Original, Record, TimestampType};

pub const PIECES: &[&str] = &[
    "\"",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "null",
    "\"topic\":",
    "\"partition\":",
    "\"offset\":",
    "\"value\":",
    "\"key\":",
    "\"headers\":",
    "\"name\":",
    "{\"text\":\"",
    "MQlyZWQ=",
    "====",
    "\\ud83d",
    "-1",
    "9223372036854775808",
    "1.5",
    "é",
];

/// `0`: a line of a file; otherwise: a stored original.
pub fn check(input: &[u8]) {
    match input.split_first() {
        Some((b'0', text)) => check_line(text),
        Some((_, bytes)) => check_original(bytes),
        None => {}
    }
}

fn check_line(text: &[u8]) {
    let dead_letter = match json_line::read(text) {
        Ok(dead_letter) => dead_letter,
        Err(wrong) => return assert!(!wrong.is_empty() && wrong.len() < 1000, "{wrong}"),
    };
    let mut written = Vec::new();
    json_line::append(&dead_letter, &mut written);
    let (end, within) = written.split_last().expect("a line");
    assert!(*end == b'\n' && !within.contains(&b'\n'));
    assert_eq!(json_line::read(&written).as_ref(), Ok(&dead_letter));
    check_message(&dead_letter);
}

/// The same for a dead letter that is a message of a topic.
fn check_message(dead_letter: &DeadLetter) {
    let added = message::headers(dead_letter, "job");
    let sent = message::message(dead_letter, &added);
    let topic = std::sync::Arc::from("dead");
    let received = message::read(&Record {
        topic: &topic,
        partition: 0,
        offset: 0,
        timestamp_ms: sent.timestamp_ms,
        timestamp_type: TimestampType::Created,
        leader_epoch: None,
        key: sent.key,
        headers: &sent.headers,
        value: sent.value,
    });
    assert_eq!(received, *dead_letter);
}

fn check_original(bytes: &[u8]) {
    let Some(original) = Original::read(bytes) else { return };
    let topic = std::sync::Arc::from("t");
    let record = Record {
        topic: &topic,
        partition: 0,
        offset: 0,
        timestamp_ms: original.timestamp_ms,
        timestamp_type: TimestampType::Created,
        leader_epoch: None,
        key: original.key,
        headers: &original.headers,
        value: original.value,
    };
    let mut stored = Vec::new();
    record.store_original(&mut stored);
    assert!(bytes.starts_with(&stored));
}
