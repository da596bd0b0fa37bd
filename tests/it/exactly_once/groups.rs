//! Exactly-once in a group: whatever happens to its processes, each record is in the table once, or once among the dead letters.

use std::time::Duration;

use super::{PARTITIONS, bounded, committed, counted, expected, job, produce, reaches, table};
use crate::support::command::Running;
use crate::support::{Job, Schema, Topic, eventually, eventually_within, kafka, postgres18, servers};

const RECORDS: i64 = 60_000;
/// After so long without a sign of life the group takes a process's partitions away.
const SESSION: Duration = Duration::from_secs(6);

fn member(schema: &Schema, topic: &Topic) -> Job {
    job(schema, topic)
        .option("topic.scan.assignment", "group")
        .option("topic.properties.session.timeout.ms", SESSION.as_millis())
        .option("topic.properties.heartbeat.interval.ms", 500)
        .argument("--drain-timeout")
        .argument("60s")
}

/// A table that takes its time, so that its processes share the work.
fn slow_table(server: &crate::support::postgresql::Postgres, key: &str) -> Schema {
    let mut schema = table(server);
    schema.execute(&format!(
        "{key};
         CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.0002); RETURN NEW; END $$;
         CREATE TRIGGER slow BEFORE INSERT ON t FOR EACH ROW EXECUTE PROCEDURE slow()"
    ));
    schema
}

fn begun(running: &Running) -> usize {
    running.said().matches("from offset").count()
}

/// Waits until the group has as much as the topic, ends the processes, and counts.
#[track_caller]
fn all_are_there_once(schema: &mut Schema, topic: &Topic, mut running: Vec<Running>) {
    eventually_within(Duration::from_secs(120), "everything is stored as written", || {
        running.iter_mut().for_each(Running::lives);
        committed(topic) == RECORDS
    });
    running.iter().for_each(Running::terminate);
    running.into_iter().for_each(|running| drop(running.wait().exited(0)));
    assert_eq!(counted(schema), expected(RECORDS));
    let ahead = "SELECT max(h.next_offset - s.low) <= 0 FROM vecsink_shard h JOIN vecsink_stream s USING (stream)";
    assert_eq!(schema.text(ahead).as_deref(), Some("true"), "the streams are clean");
}

#[test]
fn members_that_join_leave_and_are_killed_write_each_record_once() {
    let Some(kafka) = kafka() else { return };
    for server in servers(&[]) {
        for key in ["", "ALTER TABLE t ADD PRIMARY KEY (part, off)"] {
            let topic = kafka.topic(PARTITIONS);
            produce(&topic, 0..RECORDS);
            let mut schema = slow_table(&server, key);
            let first = member(&schema, &topic).start();
            eventually("the first process reads", || begun(&first) > 0);
            let second = member(&schema, &topic).start();
            eventually("the second gets a part", || begun(&second) > 0);
            let mut third = member(&schema, &topic).start();
            eventually("so does the third", || begun(&third) > 0);
            reaches(&mut third, &mut schema, RECORDS / 6);
            third.kill();
            let fourth = member(&schema, &topic).start();
            first.terminate();
            first.wait().exited(0);
            all_are_there_once(&mut schema, &topic, vec![second, fourth]);
        }
    }
}

#[test]
fn a_process_that_was_stopped_beyond_its_session_timeout_writes_nothing_twice_and_goes_on() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    for key in ["", "ALTER TABLE t ADD PRIMARY KEY (part, off)"] {
        let topic = kafka.topic(PARTITIONS);
        produce(&topic, 0..RECORDS);
        let mut schema = slow_table(&server, key);
        let mut zombie = member(&schema, &topic).start();
        reaches(&mut zombie, &mut schema, RECORDS / 10);
        let other = member(&schema, &topic).start();
        eventually("the other one gets a part", || begun(&other) > 0);
        zombie.signal("STOP");
        eventually("the other one has all partitions", || begun(&other) >= PARTITIONS as usize);
        zombie.signal("CONT");
        all_are_there_once(&mut schema, &topic, vec![zombie, other]);
    }
}

#[test]
fn a_member_whose_partitions_are_taken_over_in_the_ledger_takes_them_back() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let topic = kafka.topic(PARTITIONS);
    produce(&topic, 0..RECORDS);
    let mut schema = slow_table(&server, "");
    let mut running = member(&schema, &topic).start();
    reaches(&mut running, &mut schema, RECORDS / 10);
    // As a former owner does that was silent for long. It may meet a claim, as a deadlock, and tries again.
    let raise = "UPDATE vecsink_stream SET epoch = epoch + 1 WHERE part < 2;
        UPDATE vecsink_shard h SET epoch = s.epoch FROM vecsink_stream s WHERE s.stream = h.stream AND s.part < 2";
    eventually("the epochs are raised", || schema.client.batch_execute(raise).is_ok());
    eventually("it takes them back", || {
        running.lives();
        schema.text("SELECT min(epoch) FROM vecsink_stream WHERE part < 2").as_deref() == Some("3")
    });
    assert!(running.said().contains("another process has taken this partition over"), "{}", running.said());
    all_are_there_once(&mut schema, &topic, vec![running]);
}

#[test]
fn a_fresh_start_of_a_group_reads_everything_again_once() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let topic = kafka.topic(PARTITIONS);
    produce(&topic, 0..500);
    let mut schema = table(&server);
    for round in 1..3 {
        let run = bounded(member(&schema, &topic));
        let run = if round == 2 { run.argument("--fresh") } else { run };
        run.finish().exited(0);
        assert_eq!(schema.count("t"), round * expected(500).0);
    }
}

#[test]
fn a_static_member_that_is_started_again_goes_on_with_its_partitions() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let topic = kafka.topic(PARTITIONS);
    produce(&topic, 0..RECORDS);
    let mut schema = slow_table(&server, "");
    let named = |name: &str| {
        member(&schema, &topic).option("topic.properties.group.instance.id", format!("{}-{name}", schema.name))
    };
    let (one, mut two) = (named("one").start(), named("two").start());
    eventually("both have a part", || begun(&one) > 0 && begun(&two) > 0);
    two.kill();
    let again = named("two").start();
    eventually("it has its partitions again", || begun(&again) > 0);
    all_are_there_once(&mut schema, &topic, vec![one, again]);
}
