//! `vecsink topic create` and `vecsink produce` on a real broker.

use std::io::Write;
use std::process::{Output, Stdio};

use super::support::broker::Kafka;
use super::support::command::vecsink;
use super::support::postgresql::unique;
use super::support::{Topic, kafka};

fn create(kafka: &Kafka, name: &str, further: &[&str]) -> Output {
    let mut command = vecsink();
    command.args(["topic", "create", name, "--brokers", &kafka.brokers]).args(further);
    command.output().expect("the vecsink command is built")
}

/// `vecsink produce` from standard input.
fn produce(topic: &Topic, input: &[u8]) -> Output {
    let mut command = vecsink();
    command.args(["produce", "--topic", &topic.name, "--brokers", &topic.kafka.brokers, "-"]).stdin(Stdio::piped());
    let mut child = command.spawn().expect("the vecsink command is built");
    child.stdin.take().expect("a pipe").write_all(input).expect("it reads its input");
    child.wait_with_output().expect("the child is ours")
}

#[test]
fn a_topic_is_made_once() {
    let Some(kafka) = kafka() else { return };
    let topic = Topic { name: unique("made"), partitions: 3, kafka };
    let made = create(&topic.kafka, &topic.name, &["--partitions", "3"]);
    assert_eq!(made.status.code(), Some(0), "{made:?}");
    assert_eq!(topic.watermarks(2), (0, 0));
    let again = create(&topic.kafka, &topic.name, &[]);
    assert_eq!(again.status.code(), Some(1), "{again:?}");
    assert!(String::from_utf8_lossy(&again.stderr).contains(&topic.name));
    assert_eq!(create(&topic.kafka, &topic.name, &["--if-not-exists"]).status.code(), Some(0));
}

#[test]
fn every_line_becomes_a_message() {
    let Some(kafka) = kafka() else { return };
    let topic = kafka.topic(1);
    let sent = produce(&topic, b"one\ntwo\r\n\nfour, without an end");
    assert_eq!(sent.status.code(), Some(0), "{sent:?}");
    assert_eq!(topic.watermarks(0), (0, 4));
    assert_eq!(sent.stdout, b"");
}

#[test]
fn producing_to_a_topic_that_is_not_there_fails() {
    let Some(kafka) = kafka() else { return };
    let topic = Topic { name: unique("no_such_topic"), partitions: 1, kafka };
    let sent = produce(&topic, b"one\n");
    assert_eq!(sent.status.code(), Some(1), "{sent:?}");
}
