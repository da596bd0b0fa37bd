//! The thread that polls the client never waits for an answer. In these tests a broker holds the client's fetches for a long time, and
//! sends any other answer only after them. So a request on this thread would show as a long gap between two polls.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use vecsink::internals::settings::kafka::Startup;

use super::rig::{Rig, commit_as, grow};
use super::values;
use crate::support::{Job, Schema, Topic, eventually, kafka, postgres18};

/// How long a broker holds a fetch that finds no records.
const FETCH_WAIT: Duration = Duration::from_secs(4);
/// The longest time that the reader may take between two polls.
const LONGEST: Duration = Duration::from_secs(2);

fn patient(topic: &Topic) -> Rig {
    Rig::new(&[topic]).property("fetch.max.wait.ms", &FETCH_WAIT.as_millis().to_string())
}

#[test]
fn reading_goes_on_while_new_partitions_are_looked_for() {
    let Some(kafka) = kafka() else { return };
    let topic = kafka.topic(1);
    let rig = patient(&topic).discovery(Duration::from_millis(200));
    let read = std::thread::scope(|scope| {
        let reading = scope.spawn(|| rig.read_until(|memory| memory.offsets(&topic, 3).len() == 5));
        grow(&topic, 4);
        topic.produce(3, values(0..5));
        reading.join().unwrap()
    });
    assert_eq!(read.offsets(&topic, 3), [0, 1, 2, 3, 4]);
    assert!(read.longest_gap < LONGEST, "{:?}", read.longest_gap);
}

#[test]
fn reading_goes_on_while_it_is_asked_which_records_are_gone() {
    let Some(kafka) = kafka() else { return };
    let topic = kafka.topic(2);
    topic.produce(0, values(0..100));
    topic.delete_before(0, 50);
    let rig = patient(&topic).startup(Startup::Latest);
    commit_as(&topic, &rig.resume.group, &[(0, 70), (1, 0)], "vecsink cars");
    let started = Instant::now();
    let deleted = AtomicUsize::new(0);
    let read = rig.full_every(10).full_for(Duration::from_secs(1)).read_until(|memory| {
        if memory.records.len() >= 10 && deleted.fetch_add(1, Ordering::Relaxed) == 0 {
            topic.delete_before(0, 95);
        }
        memory.offsets(&topic, 0).last() == Some(&99)
    });
    let offsets = read.offsets(&topic, 0);
    assert_eq!(offsets[offsets.len() - 5..], [95, 96, 97, 98, 99], "after {:?}", started.elapsed());
    assert_eq!(offsets.len() as u64 + read.missed, 30);
    assert!(read.longest_gap < LONGEST, "{:?}", read.longest_gap);
}

#[test]
fn members_of_a_group_read_on_while_partitions_move_and_new_ones_are_looked_for() {
    let Some(kafka) = kafka() else { return };
    let topic = kafka.topic(8);
    let rig = patient(&topic).member().discovery(Duration::from_millis(200));
    let read = AtomicUsize::new(0);
    let counted = |memory: &super::rig::Memory, seen: &AtomicUsize| {
        let now = memory.records.len();
        let new = now - seen.swap(now, Ordering::Relaxed);
        read.fetch_add(new, Ordering::Relaxed) + new >= 4000
    };
    let gaps = std::thread::scope(|scope| {
        let member = || {
            let seen = AtomicUsize::new(0);
            rig.read_until(|memory| counted(memory, &seen)).longest_gap
        };
        let first = scope.spawn(member);
        topic.produce_spread(values(0..100));
        eventually("the first reads", || read.load(Ordering::Relaxed) >= 100);
        let second = scope.spawn(member);
        // Several checks of the partitions happen in this time, while there is little to read.
        let mut sent = 100;
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(15) {
            topic.produce_spread(values(sent..sent + 8));
            sent += 8;
        }
        while read.load(Ordering::Relaxed) < 4000 {
            topic.produce_spread(values(sent..sent + 800));
            sent += 800;
            std::thread::sleep(Duration::from_millis(100));
        }
        // The other process may have nothing left to read. It checks again with its next record.
        topic.produce_spread(values(sent..sent + 80));
        [first.join().unwrap(), second.join().unwrap()]
    });
    assert!(gaps.iter().all(|gap| *gap < LONGEST), "{gaps:?}");
}

/// Every wait for a broker, a registry or the database checks that it doesn't run on this thread. So a violation fails any test in which
/// it happens.
#[test]
fn a_question_on_the_thread_that_polls_fails_the_tests() {
    let Some(kafka) = kafka() else { return };
    let topic = kafka.topic(1);
    topic.produce(0, values(0..1));
    let rig = Rig::new(&[&topic]);
    let asks = |memory: &super::rig::Memory| !memory.records.is_empty() && rig.open().is_ok();
    let panic = catch_unwind(AssertUnwindSafe(|| rig.read_until(asks).records.len())).unwrap_err();
    let text = panic.downcast_ref::<String>().map(String::as_str).unwrap_or_default();
    assert!(text.contains("the thread that polls Kafka waits for the brokers"), "{text}");
}

const JOB: &str = "
CREATE TABLE numbers (id INT) WITH ('connector' = 'adbpg', 'url' = '${URL}', 'tablename' = 'numbers',
    'username' = '${PGUSER}', 'password' = '${PGPASSWORD}', 'targetschema' = '${SCHEMA}');
CREATE TABLE messages (id INT) WITH ('connector' = 'kafka', 'topic' = '${TOPIC}',
    'properties.bootstrap.servers' = '${BROKERS}', 'properties.group.id' = 'group-${TOPIC}',
    'properties.session.timeout.ms' = '6000', 'properties.max.poll.interval.ms' = '6000', 'scan.assignment' = 'group',
    'format' = 'avro-confluent', 'avro-confluent.url' = '${REGISTRY}', 'scan.startup.mode' = 'earliest-offset');
INSERT INTO numbers SELECT * FROM messages;";

/// A registry that takes this long for each answer.
fn slow_registry(thinks: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut lines = BufReader::new(&stream).lines();
            while lines.next().and_then(|line| line.ok()).is_some_and(|line| !line.is_empty()) {}
            std::thread::sleep(thinks);
            let schema = r#"{"schema": "{\"type\": \"record\", \"name\": \"r\", \"fields\": [{\"name\": \"id\", \"type\": \"int\"}]}"}"#;
            let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", schema.len());
            let _ = (&stream).write_all((head + schema).as_bytes());
        }
    });
    url
}

#[test]
fn a_member_stays_in_the_group_while_a_registry_is_slow() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let topic = kafka.topic(1);
    topic.produce(0, [[0, 0, 0, 0, 7, 14], [0, 0, 0, 0, 7, 16]]);
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE numbers (id int PRIMARY KEY)");
    let running = Job::run(JOB)
        .variable("URL", server.jdbc_url())
        .variable("PGUSER", &server.user)
        .variable("PGPASSWORD", &server.password)
        .variable("SCHEMA", &schema.name)
        .variable("TOPIC", &topic.name)
        .variable("BROKERS", &kafka.brokers)
        .variable("REGISTRY", slow_registry(Duration::from_secs(9)))
        .start();
    eventually("the rows are there", || schema.count("numbers") == 2);
    running.terminate();
    let finished = running.wait().exited(0);
    assert!(!finished.stderr.contains("silent for too long"), "{}", finished.stderr);
    assert_eq!(finished.stderr.matches("from offset").count(), 1, "it kept its partition: {}", finished.stderr);
}
