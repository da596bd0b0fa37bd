//! Which topics are read, from where and up to where.

use std::time::Duration;

use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use vecsink::internals::settings::kafka::{Bounded, PartitionOffsets, Startup};
use vecsink::internals::settings::topics::{TopicPattern, Topics};

use super::rig::{Rig, commit_as};
use super::values;
use crate::support::{Topic, eventually, kafka};

fn offsets(pairs: &[(i32, i64)]) -> PartitionOffsets {
    PartitionOffsets(pairs.to_vec())
}

/// Reads all topics whose names begin with this one's.
fn matching(rig: Rig, topic: &Topic) -> Rig {
    let mut rig = rig;
    let pattern = TopicPattern::parse(&format!("{}(_more)?", topic.name)).unwrap();
    rig.source.kafka.topics = Topics::Matching(pattern);
    rig
}

#[test]
fn specific_offsets_start_and_end_partitions_one_by_one() {
    let Some(kafka) = kafka() else { return };
    let topic = kafka.topic(4);
    (0..4).for_each(|partition| topic.produce(partition, values(0..10)));
    let rig = Rig::new(&[&topic])
        .startup(Startup::SpecificOffsets(offsets(&[(0, 4), (1, 99)])))
        .bounded_by(Bounded::SpecificOffsets(offsets(&[(0, 6), (1, 3), (2, 8)])));
    commit_as(&topic, &rig.resume.group, &[(2, 7)], "");
    let read = rig.read();
    assert_eq!(read.offsets(&topic, 0), [4, 5]);
    assert_eq!(read.offsets(&topic, 1), [0, 1, 2], "an offset out of range starts at the beginning");
    assert_eq!(read.offsets(&topic, 2), [7], "from the committed offset");
    assert_eq!(read.offsets(&topic, 3), [0i64; 0], "no stop is known: not read");
}

#[test]
fn a_bound_at_the_groups_offsets_stays_where_it_was_when_the_job_commits_its_own() {
    let Some(kafka) = kafka() else { return };
    let topic = kafka.topic(1);
    topic.produce(0, values(0..10));
    let rig = Rig::new(&[&topic]).bounded_by(Bounded::GroupOffsets);
    assert!(rig.open().is_err_and(|error| error.to_string().contains("no committed offset")));
    commit_as(&topic, &rig.resume.group, &[(0, 6)], "");
    let first = rig.clone().full_every(3).read_until(|memory| memory.records.len() == 3 && memory.is_refusing());
    assert_eq!(first.offsets(&topic, 0), [0, 1, 2]);
    assert_eq!(rig.read().offsets(&topic, 0), [3, 4, 5], "a restart ends where the first run was to end");
    assert_eq!(rig.read().offsets(&topic, 0), [0i64; 0]);
}

#[test]
fn a_pattern_reads_every_topic_that_matches_and_finds_later_ones() {
    let Some(kafka) = kafka() else { return };
    let topic = kafka.topic(1);
    let other = kafka.topic(1);
    topic.produce(0, values(0..3));
    other.produce(0, values(0..3));
    let rig = matching(Rig::new(&[&topic]), &topic).discovery(Duration::from_millis(300));
    let name = format!("{}_more", topic.name);
    let more = Topic { name, partitions: 2, kafka: kafka.clone() };
    let read = std::thread::scope(|scope| {
        let reading = scope.spawn(|| rig.read_until(|memory| memory.offsets(&more, 1).len() == 5));
        let new =
            vecsink::internals::kafka::admin::Topic { name: &more.name, partitions: 2, replication: 1, config: &[] };
        vecsink::internals::kafka::admin::create_topic(&kafka.brokers, &[], &new).unwrap();
        more.produce(1, values(0..5));
        reading.join().unwrap()
    });
    assert_eq!(read.offsets(&topic, 0), [0, 1, 2]);
    assert_eq!(read.offsets(&more, 1), [0, 1, 2, 3, 4]);
    assert_eq!(read.assigned(&more, 0), [0]);
    assert_eq!(read.offsets(&other, 0), [0i64; 0]);
}

#[test]
fn a_pattern_without_a_topic_waits_for_one_if_discovery_is_on() {
    let Some(kafka) = kafka() else { return };
    let topic = kafka.topic(1);
    let name = format!("{}_none", topic.name);
    let none = Topic { name, partitions: 1, kafka };
    let rig = matching(Rig::new(&[&topic]), &none);
    let error = |rig: &Rig| rig.open().err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error(&rig).contains("no topic at") && error(&rig).contains("discovery"), "{}", error(&rig));
    assert!(error(&rig.clone().bounded()).contains("nothing to read"));
    let mut reader = rig.discovery(Duration::from_millis(200)).open().unwrap();
    assert_eq!(reader.start_positions(), []);
    drop(reader.commit(&[]));
}

#[test]
fn aborted_records_are_left_out_and_bounds_are_reached_past_markers_also_by_an_interrupted_read() {
    let Some(kafka) = kafka() else { return };
    let topic = kafka.topic(1);
    let wait = Duration::from_secs(60);
    let producer: ThreadedProducer<DefaultProducerContext> =
        kafka.config().set("transactional.id", format!("tx-{}", topic.name)).create().unwrap();
    producer.init_transactions(wait).unwrap();
    for round in 0..20 {
        producer.begin_transaction().unwrap();
        for n in 0..10 {
            let payload = format!("{round}-{n}");
            let record = BaseRecord::<(), str>::to(&topic.name).partition(0).payload(&payload);
            assert!(producer.send(record).is_ok());
        }
        producer.flush(wait).unwrap();
        if round % 3 == 0 {
            producer.abort_transaction(wait).unwrap()
        } else {
            producer.commit_transaction(wait).unwrap()
        }
    }
    eventually("the markers are written", || topic.watermarks(0).1 == 220);
    let rig = Rig::new(&[&topic]).property("isolation.level", "read_committed").bounded();
    let first = rig.clone().full_every(45).read_until(|memory| memory.records.len() == 45 && memory.is_refusing());
    let second = rig.read();
    let mut seen = first.values(&topic, 0);
    seen.extend(second.values(&topic, 0));
    let committed =
        (0..20).filter(|round| round % 3 != 0).flat_map(|round| (0..10).map(move |n| format!("{round}-{n}")));
    assert_eq!(seen, committed.collect::<Vec<_>>());
    assert_eq!(kafka.committed(&rig.resume.group, &topic.name, 0), Some(220));
}
