//! Reading Kafka: where it starts, where it ends, what is handed on, and what the group remembers.

#[path = "consume/full.rs"]
mod full;
#[path = "consume/gaps.rs"]
mod gaps;
#[path = "consume/group.rs"]
mod group;
#[path = "consume/metadata.rs"]
mod metadata;
#[path = "consume/progress.rs"]
mod progress;
#[path = "consume/ranges.rs"]
mod ranges;
#[path = "consume/rig.rs"]
mod rig;
#[path = "consume/security.rs"]
mod security;
#[path = "consume/takeover.rs"]
mod takeover;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use vecsink::internals::kafka::admin;
use vecsink::internals::kafka::admin::Creation;
use vecsink::internals::kafka::produce_lines;
use vecsink::internals::settings::kafka::{Bounded, OffsetReset, Startup};

use crate::support::{Topic, eventually, kafka};
use rig::{Rig, commit_as, grow};

fn values(numbers: std::ops::Range<i64>) -> impl Iterator<Item = String> {
    numbers.map(|n| n.to_string())
}

#[test]
fn earliest_reads_everything_in_order_and_ends_at_the_bound() {
    let Some(kafka) = kafka() else { return };
    let topic = kafka.topic(2);
    topic.produce(0, values(0..1000));
    topic.produce(1, values(0..500));
    let read = Rig::new(&[&topic]).bounded().read();
    assert_eq!(read.offsets(&topic, 0), (0..1000).collect::<Vec<_>>());
    assert_eq!(read.values(&topic, 1), values(0..500).collect::<Vec<_>>());
    assert_eq!(read.lag, 0);
}

#[test]
fn latest_skips_what_was_there_before() {
    let Some(kafka) = kafka() else { return };
    let topic = kafka.topic(1);
    topic.produce(0, values(0..10));
    let read = Rig::new(&[&topic]).startup(Startup::Latest).bounded().read();
    assert_eq!(read.assigned(&topic, 0), vec![10]);
    assert_eq!(read.offsets(&topic, 0), Vec::<i64>::new());
}

#[test]
fn group_offsets_starts_at_what_any_consumer_of_the_group_committed() {
    let Some(kafka) = kafka() else { return };
    let topic = kafka.topic(1);
    topic.produce(0, values(0..10));
    let rig = Rig::new(&[&topic]).startup(Startup::GroupOffsets).bounded();
    commit_as(&topic, &rig.resume.group, &[(0, 4)], "");
    assert_eq!(rig.read().offsets(&topic, 0), (4..10).collect::<Vec<_>>());
}

#[test]
fn group_offsets_without_a_commit_follows_auto_offset_reset_or_fails() {
    let Some(kafka) = kafka() else { return };
    let topic = kafka.topic(1);
    topic.produce(0, values(0..3));
    let rig = Rig::new(&[&topic]).startup(Startup::GroupOffsets).bounded();
    assert!(rig.open().is_err_and(|error| error.to_string().contains("properties.auto.offset.reset")));
    let read = rig.reset(OffsetReset::Earliest).read();
    assert_eq!(read.offsets(&topic, 0).len(), 3);
}

#[test]
fn a_timestamp_starts_and_ends_at_the_first_record_of_that_time_or_later() {
    let Some(kafka) = kafka() else { return };
    let topic = kafka.topic(2);
    let producer = topic.producer(0);
    for at in 0..10 {
        let record = BaseRecord::<(), str>::to(&topic.name).partition(0).payload("x").timestamp(1_000 + at * 100);
        assert!(producer.send(record).is_ok());
    }
    producer.flush(Duration::from_secs(60)).unwrap();
    let from = |at| Rig::new(&[&topic]).fresh().startup(Startup::Timestamp(at));
    assert_eq!(from(1_350).bounded().read().offsets(&topic, 0), (4..10).collect::<Vec<_>>());
    assert_eq!(from(9_000).bounded().read().assigned(&topic, 0), vec![10], "nothing is as young: the end");
    let ended = from(1_200).bounded_by(Bounded::Timestamp(1_600)).read();
    assert_eq!(ended.offsets(&topic, 0), vec![2, 3, 4, 5]);
}

#[test]
fn a_restart_goes_on_where_the_rows_were_durable() {
    let Some(kafka) = kafka() else { return };
    let topic = kafka.topic(2);
    topic.produce(0, values(0..10));
    let rig = Rig::new(&[&topic]).bounded();
    rig.read();
    topic.produce(0, values(10..15));
    topic.produce(1, values(0..5));
    let read = rig.read();
    assert_eq!(read.offsets(&topic, 0), (10..15).collect::<Vec<_>>());
    assert_eq!(read.offsets(&topic, 1), (0..5).collect::<Vec<_>>());
    assert_eq!(rig.fresh().read().offsets(&topic, 0).len(), 15, "--fresh starts by the startup mode again");
}

#[test]
fn the_start_is_committed_even_if_nothing_is_read() {
    let Some(kafka) = kafka() else { return };
    let topic = kafka.topic(1);
    topic.produce(0, values(0..3));
    let rig = Rig::new(&[&topic]).startup(Startup::Latest).bounded();
    rig.read();
    assert_eq!(kafka.committed(&rig.resume.group, &topic.name, 0), Some(3));
    topic.produce(0, values(3..5));
    assert_eq!(rig.read().offsets(&topic, 0), vec![3, 4]);
}

#[test]
fn commits_of_other_programs_do_not_change_the_startup_mode() {
    let Some(kafka) = kafka() else { return };
    let topic = kafka.topic(1);
    topic.produce(0, values(0..10));
    let rig = Rig::new(&[&topic]).bounded();
    commit_as(&topic, &rig.resume.group, &[(0, 7)], "some other tool");
    assert_eq!(rig.read().offsets(&topic, 0).len(), 10);
}

#[test]
fn progress_of_another_job_in_the_same_group_stops_the_job() {
    let Some(kafka) = kafka() else { return };
    let topic = kafka.topic(1);
    let rig = Rig::new(&[&topic]).bounded();
    commit_as(&topic, &rig.resume.group, &[(0, 0)], "vecsink nightly");
    let error = rig.open().err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.contains("'nightly'") && error.contains("group id"), "{error}");
}

#[test]
fn a_partition_without_stored_progress_is_read_from_its_beginning_if_another_one_has_some() {
    let Some(kafka) = kafka() else { return };
    let topic = kafka.topic(2);
    topic.produce(0, values(0..5));
    topic.produce(1, values(0..5));
    let rig = Rig::new(&[&topic]).startup(Startup::Latest).bounded();
    commit_as(&topic, &rig.resume.group, &[(0, 2)], "vecsink cars");
    let read = rig.read();
    assert_eq!(read.offsets(&topic, 0), vec![2, 3, 4]);
    assert_eq!(read.offsets(&topic, 1), vec![0, 1, 2, 3, 4]);
}

#[test]
fn an_empty_topic_ends_at_once_when_bounded() {
    let Some(kafka) = kafka() else { return };
    let topic = kafka.topic(3);
    let read = Rig::new(&[&topic]).bounded().read();
    assert_eq!(read.assigned(&topic, 2), vec![0]);
    assert_eq!(read.records.len(), 0);
}

#[test]
fn a_missing_topic_is_an_error_that_says_how_to_create_it() {
    let Some(kafka) = kafka() else { return };
    let topic = Topic { name: "no-such-topic".into(), partitions: 1, kafka };
    let error = Rig::new(&[&topic]).open().err().map(|error| error.to_string()).unwrap_or_default();
    let command = format!("vecsink topic create no-such-topic --brokers {}", topic.kafka.brokers);
    assert!(error.contains(&command), "{error}");
}

#[test]
fn a_bounded_read_ends_although_transaction_markers_are_at_the_end() {
    let Some(kafka) = kafka() else { return };
    for level in ["read_uncommitted", "read_committed"] {
        let topic = kafka.topic(1);
        let producer: ThreadedProducer<DefaultProducerContext> =
            kafka.config().set("transactional.id", format!("tx-{}", topic.name)).create().unwrap();
        let wait = Duration::from_secs(60);
        producer.init_transactions(wait).unwrap();
        for (batch, keep) in [("kept", true), ("dropped", false)] {
            producer.begin_transaction().unwrap();
            for _ in 0..3 {
                let record = BaseRecord::<(), str>::to(&topic.name).partition(0).payload(batch);
                assert!(producer.send(record).is_ok());
            }
            producer.flush(wait).unwrap();
            if keep { producer.commit_transaction(wait).unwrap() } else { producer.abort_transaction(wait).unwrap() }
        }
        // Three records, a marker, three aborted ones and their marker, which the broker writes after its answer.
        let end = 8;
        eventually("the markers are written", || topic.watermarks(0).1 == end);
        let rig = Rig::new(&[&topic]).property("isolation.level", level).bounded();
        let read = rig.read();
        let seen = read.values(&topic, 0).len();
        assert_eq!(seen, if level == "read_committed" { 3 } else { 6 }, "{level}");
        assert_eq!(read.position(&topic, 0), end, "{level}");
        assert_eq!(kafka.committed(&rig.resume.group, &topic.name, 0), Some(end), "{level}");
    }
}

#[test]
fn a_list_of_topics_is_read_as_one_source() {
    let Some(kafka) = kafka() else { return };
    let (one, two) = (kafka.topic(1), kafka.topic(1));
    one.produce(0, values(0..20));
    two.produce(0, values(0..30));
    let read = Rig::new(&[&one, &two]).bounded().read();
    assert_eq!(read.offsets(&one, 0).len(), 20);
    assert_eq!(read.offsets(&two, 0).len(), 30);
}

#[test]
fn a_full_intake_gets_every_record_once_and_in_order() {
    let Some(kafka) = kafka() else { return };
    let topic = kafka.topic(3);
    for partition in 0..3 {
        topic.produce(partition, values(0..2000));
    }
    let read = Rig::new(&[&topic]).bounded().full_every(700).read();
    for partition in 0..3 {
        assert_eq!(read.offsets(&topic, partition), (0..2000).collect::<Vec<_>>(), "partition {partition}");
    }
}

#[test]
fn an_intake_that_is_full_at_the_last_record_of_a_bounded_read_gets_it() {
    let Some(kafka) = kafka() else { return };
    let topic = kafka.topic(2);
    topic.produce(0, values(0..500));
    topic.produce(1, values(0..500));
    let rig = Rig::new(&[&topic]).bounded().full_every(499).full_for(Duration::from_secs(4));
    let read = rig.read();
    for partition in 0..2 {
        assert_eq!(read.offsets(&topic, partition), (0..500).collect::<Vec<_>>(), "partition {partition}");
        assert_eq!(kafka.committed(&rig.resume.group, &topic.name, partition), Some(500));
    }
}

#[test]
fn records_that_a_full_intake_never_took_are_not_committed_at_the_end() {
    let Some(kafka) = kafka() else { return };
    let topic = kafka.topic(1);
    topic.produce(0, values(0..2000));
    let rig = Rig::new(&[&topic]).bounded().full_every(700);
    let read = rig.read_until(|memory| memory.records.len() == 700 && memory.is_refusing());
    assert_eq!(read.records.len(), 700);
    assert_eq!(kafka.committed(&rig.resume.group, &topic.name, 0), Some(700));
    assert_eq!(rig.read().offsets(&topic, 0), (700..2000).collect::<Vec<_>>());
}

#[test]
fn keys_headers_nulls_and_timestamps_reach_the_intake() {
    let Some(kafka) = kafka() else { return };
    use rdkafka::message::{Header, OwnedHeaders};
    let topic = kafka.topic(1);
    let producer = topic.producer(0);
    let headers = OwnedHeaders::new()
        .insert(Header { key: "a", value: Some("1") })
        .insert(Header { key: "a", value: None::<&str> });
    let with = BaseRecord::to(&topic.name).partition(0).key("k").payload("v").headers(headers).timestamp(7);
    assert!(producer.send(with).is_ok());
    assert!(producer.send(BaseRecord::<str, str>::to(&topic.name).partition(0).key("gone").timestamp(8)).is_ok());
    assert!(producer.send(BaseRecord::<str, str>::to(&topic.name).partition(0).payload("").timestamp(9)).is_ok());
    producer.flush(Duration::from_secs(60)).unwrap();
    let read = Rig::new(&[&topic]).bounded().read();
    let shown: Vec<String> = read.records.iter().map(|record| record.shown.clone()).collect();
    assert_eq!(shown, ["k v 7 a=1 a=-", "gone - 8", "-  9"]);
}

#[test]
fn partitions_added_while_running_are_read_from_their_beginning() {
    let Some(kafka) = kafka() else { return };
    let topic = kafka.topic(1);
    topic.produce(0, values(0..3));
    let rig = Rig::new(&[&topic]).startup(Startup::Latest).discovery(Duration::from_millis(500));
    let begun = AtomicBool::new(false);
    let read = std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            rig.read_until(|memory| {
                begun.store(true, Ordering::Relaxed);
                memory.offsets(&topic, 1).len() == 5
            })
        });
        eventually("it reads", || begun.load(Ordering::Relaxed));
        grow(&topic, 2);
        topic.produce(1, values(0..5));
        reading.join().unwrap()
    });
    assert_eq!(read.offsets(&topic, 1), vec![0, 1, 2, 3, 4]);
    assert_eq!(read.assigned(&topic, 1), vec![0]);
    assert_eq!(kafka.committed(&rig.resume.group, &topic.name, 1), Some(5));
}

#[test]
fn lines_are_produced_into_a_topic_that_was_created() {
    let Some(kafka) = kafka() else { return };
    let name = format!("made-{}", kafka.topic(1).name);
    let new = admin::Topic { name: &name, partitions: 2, replication: -1, config: &[] };
    assert_eq!(admin::create_topic(&kafka.brokers, &[], &new).unwrap(), Creation::Created);
    assert_eq!(admin::create_topic(&kafka.brokers, &[], &new).unwrap(), Creation::AlreadyThere);
    let topic = Topic { name, partitions: 2, kafka };
    let text = "a\tb\n\nlast".as_bytes();
    let produced = produce_lines(&topic.kafka.brokers, &[], &topic.name, Duration::ZERO, text).unwrap();
    assert_eq!((produced.messages, produced.bytes), (3, 7));
    let read = Rig::new(&[&topic]).bounded().read();
    let mut values: Vec<String> = (0..2).flat_map(|partition| read.values(&topic, partition)).collect();
    values.sort();
    assert_eq!(values, ["", "a\tb", "last"]);
}
