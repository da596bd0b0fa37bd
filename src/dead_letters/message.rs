//! A dead letter as a Kafka message. Key, headers and value stay as they were. Headers are added that say why the record was
//! rejected. They have the names that Kafka Connect uses; where it has no name for something, names of our own.

use crate::dead_letters::dead_letter::{DeadLetter, utc};
use crate::error::{Rejection, Stage};
use crate::position::Position;
use crate::record::{Header, Original, Record};

/// The first of the headers that are added. The headers before it are the record's own.
const FIRST: &str = "__connect.errors.topic";

/// A header's name and its value as text.
type Added = (&'static str, String);

/// The headers that are added to a dead letter of `job`. A field without a value gets no header.
pub fn headers(dead_letter: &DeadLetter, job: &str) -> Vec<Added> {
    let DeadLetter { position, rejection, .. } = dead_letter;
    let stage = rejection.stage.as_str();
    let mut headers = vec![
        (FIRST, position.topic.to_string()),
        ("__connect.errors.partition", position.partition.to_string()),
        ("__connect.errors.offset", position.offset.to_string()),
        ("__connect.errors.connector.name", job.to_owned()),
        ("__connect.errors.task.id", "0".to_owned()),
        ("__connect.errors.stage", connect_stage(rejection.stage).to_owned()),
        ("__connect.errors.class.name", format!("vecsink.{stage}")),
        ("__connect.errors.exception.class.name", "vecsink.Rejection".to_owned()),
        ("__connect.errors.exception.message", rejection.to_string()),
        ("__connect.errors.exception.stacktrace", format!("{}: {position}: {rejection}", dead_letter.sink)),
        ("__vecsink.errors.sink", dead_letter.sink.clone()),
        ("__vecsink.errors.stage", stage.to_owned()),
        ("__vecsink.errors.reason", rejection.reason.clone()),
        ("__vecsink.errors.time", utc(dead_letter.time_ms)),
    ];
    let optional = [
        ("__vecsink.errors.sqlstate", rejection.sqlstate.clone()),
        ("__vecsink.errors.column", rejection.column.clone()),
        ("__vecsink.errors.timestamp", dead_letter.timestamp_ms.map(|ms| ms.to_string())),
    ];
    headers.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?))));
    headers
}

/// Kafka Connect's word for a stage.
fn connect_stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Decode => "VALUE_CONVERTER",
        Stage::Select => "TRANSFORMATION",
        Stage::Encode | Stage::Write => "TASK_PUT",
    }
}

/// The message of a dead letter with the headers added to it. Its timestamp is the time of the rejection, so that the topic's
/// retention counts from then on. The record's own timestamp becomes a header.
pub fn message<'a>(dead_letter: &'a DeadLetter, added: &'a [Added]) -> Original<'a> {
    let own = dead_letter.headers.iter().map(|(name, value)| -> Header<'a> { (name, value.as_deref()) });
    let added = added.iter().map(|(name, value)| -> Header<'a> { (name, Some(value.as_bytes())) });
    Original {
        timestamp_ms: Some(dead_letter.time_ms),
        key: dead_letter.key.as_deref(),
        headers: own.chain(added).collect(),
        value: dead_letter.value.as_deref(),
    }
}

/// The dead letter in a message, as its headers describe it. Messages of Kafka Connect name no sink. A message without the headers of a
/// dead letter is taken for the record itself.
pub fn read(record: &Record<'_>) -> DeadLetter {
    let start = record.headers.iter().rposition(|(name, _)| *name == FIRST).unwrap_or(record.headers.len());
    let (own, added) = record.headers.split_at(start);
    let text = |name: &str| -> Option<String> {
        let (_, value) = added.iter().rfind(|(other, _)| *other == name)?;
        Some(String::from_utf8_lossy((*value)?).into_owned())
    };
    let number = |name: &str| text(name)?.parse::<i64>().ok();
    let mut position = record.position();
    if let (Some(topic), Some(partition), Some(offset)) =
        (text(FIRST), number("__connect.errors.partition"), number("__connect.errors.offset"))
    {
        position = Position { topic: topic.into(), partition: partition.try_into().unwrap_or_default(), offset };
    }
    let is_ours = text("__vecsink.errors.sink").is_some();
    DeadLetter {
        position,
        timestamp_ms: if is_ours { number("__vecsink.errors.timestamp") } else { record.timestamp_ms },
        key: record.key.map(<[u8]>::to_vec),
        headers: own.iter().map(|(name, value)| ((*name).to_owned(), value.map(<[u8]>::to_vec))).collect(),
        value: record.value.map(<[u8]>::to_vec),
        sink: text("__vecsink.errors.sink").unwrap_or_default(),
        rejection: Rejection {
            stage: text("__vecsink.errors.stage").and_then(|stage| Stage::named(&stage)).unwrap_or(Stage::Decode),
            reason: text("__vecsink.errors.reason")
                .or_else(|| text("__connect.errors.exception.message"))
                .unwrap_or_default(),
            column: text("__vecsink.errors.column"),
            sqlstate: text("__vecsink.errors.sqlstate"),
        },
        time_ms: record.timestamp_ms.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::dead_letters::dead_letter::samples::{bare, dead_letter};
    use crate::record::TimestampType;

    fn through_a_topic(dead_letter: &DeadLetter) -> DeadLetter {
        let (added, topic) = (headers(dead_letter, "cars job"), Arc::from("dead"));
        let message = message(dead_letter, &added);
        read(&Record {
            topic: &topic,
            partition: 0,
            offset: 9,
            timestamp_ms: message.timestamp_ms,
            timestamp_type: TimestampType::Created,
            leader_epoch: None,
            key: message.key,
            headers: &message.headers,
            value: message.value,
        })
    }

    #[test]
    fn a_dead_letter_is_read_back_from_its_message() {
        for dead_letter in [dead_letter(), bare()] {
            assert_eq!(through_a_topic(&dead_letter), dead_letter);
        }
    }

    #[test]
    fn a_record_that_was_a_dead_letter_before_keeps_those_headers_as_its_own() {
        let mut again = dead_letter();
        let earlier = headers(&bare(), "another job");
        again.headers.extend(earlier.into_iter().map(|(name, value)| (name.to_owned(), Some(value.into_bytes()))));
        assert_eq!(through_a_topic(&again), again);
    }

    #[test]
    fn the_names_are_those_of_kafka_connect_and_ours() {
        let names: Vec<&str> = headers(&dead_letter(), "job").into_iter().map(|(name, _)| name).collect();
        let connect = [
            "topic",
            "partition",
            "offset",
            "connector.name",
            "task.id",
            "stage",
            "class.name",
            "exception.class.name",
            "exception.message",
            "exception.stacktrace",
        ];
        let ours = ["sink", "stage", "reason", "time", "sqlstate", "column", "timestamp"];
        let expected: Vec<String> = connect
            .iter()
            .map(|name| format!("__connect.errors.{name}"))
            .chain(ours.iter().map(|name| format!("__vecsink.errors.{name}")))
            .collect();
        assert_eq!(names, expected);
    }

    #[test]
    fn a_message_without_error_headers_stands_for_itself() {
        let topic = Arc::from("t");
        let headers = [("trace", Some(&b"1"[..]))];
        let record = Record {
            topic: &topic,
            partition: 2,
            offset: 5,
            timestamp_ms: Some(7),
            timestamp_type: TimestampType::Created,
            leader_epoch: None,
            key: None,
            headers: &headers,
            value: None,
        };
        let dead_letter = read(&record);
        assert_eq!(dead_letter.position, record.position());
        assert_eq!((dead_letter.timestamp_ms, dead_letter.headers.len(), dead_letter.sink.as_str()), (Some(7), 1, ""));
    }
}
