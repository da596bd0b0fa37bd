//! Stored progress: it never jumps over records that are still there, and after a failure it is stored as soon as possible.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use vecsink::internals::kafka::StartReason;
use vecsink::internals::settings::kafka::{OffsetReset, PartitionOffsets, Startup};

use super::rig::{Rig, commit_as};
use super::values;
use crate::support::{Job, Schema, Topic, eventually, kafka, postgres18};

/// Every startup mode, with each reset policy that makes a difference for it.
fn modes() -> Vec<(&'static str, Startup, Option<OffsetReset>)> {
    vec![
        ("earliest", Startup::Earliest, None),
        ("latest", Startup::Latest, None),
        ("timestamp", Startup::Timestamp(i64::MAX / 2), None),
        ("specific", Startup::SpecificOffsets(PartitionOffsets(vec![(0, 990)])), None),
        ("group", Startup::GroupOffsets, None),
        ("group-none", Startup::GroupOffsets, Some(OffsetReset::None)),
        ("group-earliest", Startup::GroupOffsets, Some(OffsetReset::Earliest)),
        ("group-latest", Startup::GroupOffsets, Some(OffsetReset::Latest)),
    ]
}

fn with(rig: Rig, startup: Startup, reset: Option<OffsetReset>) -> Rig {
    let rig = rig.startup(startup);
    match reset {
        Some(reset) => rig.reset(reset),
        None => rig,
    }
}

#[test]
fn a_restart_whose_stored_offset_was_deleted_reads_all_that_is_left_in_every_startup_mode() {
    let Some(kafka) = kafka() else { return };
    let topic = kafka.topic(1);
    topic.produce(0, values(0..1000));
    topic.delete_before(0, 490);
    for (name, startup, reset) in modes() {
        let rig = with(Rig::new(&[&topic]).group(name).bounded(), startup, reset);
        commit_as(&topic, &rig.resume.group, &[(0, 100)], "vecsink cars");
        let read = rig.read();
        assert_eq!(read.offsets(&topic, 0), (490..1000).collect::<Vec<_>>(), "{name}");
        assert_eq!(read.missed, 390, "{name}");
        assert_eq!(kafka.committed(&rig.resume.group, &topic.name, 0), Some(1000), "{name}");
    }
}

#[test]
fn a_restart_after_the_topic_was_created_again_reads_all_of_it_in_every_startup_mode() {
    let Some(kafka) = kafka() else { return };
    let topic = kafka.topic(1);
    topic.produce(0, values(0..5));
    for (name, startup, reset) in modes() {
        let rig = with(Rig::new(&[&topic]).group(name).bounded(), startup, reset);
        commit_as(&topic, &rig.resume.group, &[(0, 99)], "vecsink cars");
        assert_eq!(rig.open().unwrap().start_positions()[0].origin, StartReason::OutOfRange, "{name}");
        let read = rig.read();
        assert_eq!((read.offsets(&topic, 0), read.missed), (vec![0, 1, 2, 3, 4], 0), "{name}");
    }
}

#[test]
fn records_deleted_before_they_are_read_are_counted_and_everything_after_them_is_read_in_every_startup_mode() {
    let Some(kafka) = kafka() else { return };
    const ALL: i64 = 8000;
    for (name, startup, reset) in modes() {
        let topic = kafka.topic(2);
        topic.produce(0, (0..ALL).map(|number| format!("{number} {}", "x".repeat(1000))));
        topic.produce(1, values(0..10));
        let rig = with(Rig::new(&[&topic]).bounded(), startup, reset);
        commit_as(&topic, &rig.resume.group, &[(0, 0), (1, 0)], "vecsink cars");
        // The client fetches only a little ahead, and drops it when it pauses because the intake is full.
        let rig = rig.memory(1 << 20).full_every(1000).full_for(Duration::from_millis(50));
        let deleted = AtomicBool::new(false);
        let read = rig.read_until(|memory| {
            if memory.records.len() >= 1990 && !deleted.swap(true, Ordering::Relaxed) {
                topic.delete_before(0, 6000);
            }
            false
        });
        let offsets = read.offsets(&topic, 0);
        assert_eq!(offsets[offsets.len() - 2000..], (6000..ALL).collect::<Vec<_>>(), "{name}: what is left is read");
        assert_eq!(offsets.len() as u64 + read.missed, ALL as u64, "{name}: each was read or is counted");
        assert_eq!(read.offsets(&topic, 1), (0..10).collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn a_pattern_leaves_kafkas_own_topics_out() {
    let Some(kafka) = kafka() else { return };
    let topic = kafka.topic(1);
    topic.produce(0, values(0..3));
    // This makes the brokers create their topic for offsets.
    commit_as(&topic, &format!("any-{}", topic.name), &[(0, 0)], "");
    let mut rig = Rig::new(&[&topic]).bounded();
    let pattern = format!("__.*|{}", topic.name);
    rig.source.kafka.topics = vecsink::internals::settings::topics::Topics::Matching(
        vecsink::internals::settings::topics::TopicPattern::parse(&pattern).unwrap(),
    );
    let reader = rig.open().unwrap();
    let topics: Vec<&str> = reader.start_positions().iter().map(|start| &*start.topic).collect();
    assert_eq!(topics, [&topic.name]);
}

const JOB: &str = "
CREATE TABLE numbers (id INT) WITH ('connector' = 'adbpg', 'url' = '${URL}', 'tablename' = 'numbers',
    'username' = '${PGUSER}', 'password' = '${PGPASSWORD}', 'targetschema' = '${SCHEMA}');
CREATE TABLE messages (id INT) WITH ('connector' = 'kafka', 'topic' = '${TOPIC}',
    'properties.bootstrap.servers' = '${BROKERS}', 'properties.group.id' = 'group-${TOPIC}', 'format' = 'csv',
    'scan.startup.mode' = 'earliest-offset');
INSERT INTO numbers SELECT * FROM messages;";

fn job(schema: &Schema, topic: &Topic) -> Job {
    Job::run(JOB)
        .variable("URL", schema.server.jdbc_url())
        .variable("PGUSER", &schema.server.user)
        .variable("PGPASSWORD", &schema.server.password)
        .variable("SCHEMA", &schema.name)
        .variable("TOPIC", &topic.name)
        .variable("BROKERS", &topic.kafka.brokers)
}

#[test]
fn progress_is_stored_again_when_another_consumer_has_left_the_group() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let topic = kafka.topic(1);
    let group = format!("group-{}", topic.name);
    topic.produce(0, values(0..10));
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE numbers (id int PRIMARY KEY)");
    let running = job(&schema, &topic).start();
    eventually("progress is stored", || kafka.committed(&group, &topic.name, 0) == Some(10));

    let other: BaseConsumer = kafka.config().set("group.id", &group).create().unwrap();
    other.subscribe(&[&topic.name]).unwrap();
    eventually("the other has joined", || {
        other.poll(Duration::from_millis(100));
        other.assignment().unwrap().count() == 1
    });
    topic.produce(0, values(10..20));
    eventually("the rows are there", || schema.count("numbers") == 20);
    eventually("it is said who is in the way", || {
        other.poll(Duration::from_millis(10));
        running.said().contains("another consumer has joined the group")
    });
    drop(other);
    eventually("progress is stored again", || kafka.committed(&group, &topic.name, 0) == Some(20));
    eventually("that is said", || running.said().contains("stores the progress of group"));
    running.terminate();
    let finished = running.wait().exited(0);
    let age = finished.summary()["progress_age_seconds"].as_f64().unwrap();
    assert!(age < 5.0, "{age}");
}

#[test]
fn the_summary_says_how_old_the_stored_progress_is() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let topic = kafka.topic(1);
    let group = format!("group-{}", topic.name);
    let other: BaseConsumer = kafka.config().set("group.id", &group).create().unwrap();
    other.subscribe(&[&topic.name]).unwrap();
    eventually("the other has joined", || {
        other.poll(Duration::from_millis(100));
        other.assignment().unwrap().count() == 1
    });
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE numbers (id int PRIMARY KEY)");
    let running = job(&schema, &topic).start();
    topic.produce(0, values(0..10));
    eventually("the rows are there", || schema.count("numbers") == 10);
    running.terminate();
    let finished = running.wait().exited(0);
    let age = finished.summary()["progress_age_seconds"].as_f64().unwrap();
    assert!(age > 5.0, "{age}: the last commit alone was tried for longer");
    assert!(finished.stderr.contains("didn't store the last offsets of group"), "{}", finished.stderr);
    assert_eq!(kafka.committed(&group, &topic.name, 0), None);
    drop(other);
}
