//! A job whose table accepts no rows for a while.

use std::time::Duration;

use crate::support::command::Running;
use crate::support::{Job, Schema, Topic, eventually, kafka, postgres18};

const JOB: &str = "
SET 'buffer.memory' = '1mb';
CREATE TABLE numbers (id INT, filler STRING) WITH ('connector' = 'adbpg', 'url' = '${URL}', 'tablename' = 'numbers',
    'username' = '${PGUSER}', 'password' = '${PGPASSWORD}', 'targetschema' = '${SCHEMA}');
CREATE TABLE messages (id INT, filler STRING) WITH ('connector' = 'kafka', 'topic' = '${TOPIC}',
    'properties.bootstrap.servers' = '${BROKERS}', 'format' = 'csv', 'scan.startup.mode' = 'earliest-offset',
    'scan.bounded.mode' = 'latest-offset');
INSERT INTO numbers SELECT * FROM messages;";

/// A table that accepts no rows until the lock is released.
fn blocked(schema: &mut Schema) -> String {
    // The job can still read the table's definition when it starts.
    schema.execute(
        "CREATE TABLE numbers (id int PRIMARY KEY, filler text);
         CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN PERFORM pg_advisory_xact_lock_shared(hashtext(TG_TABLE_SCHEMA)); RETURN NEW; END $$;
         CREATE TRIGGER wait BEFORE INSERT ON numbers FOR EACH ROW EXECUTE FUNCTION wait()",
    );
    let lock = format!("hashtext('{}')", schema.name);
    schema.execute(&format!("SELECT pg_advisory_lock({lock})"));
    lock
}

fn begin(schema: &mut Schema, topic: &Topic, lock: &str) -> Running {
    let running = Job::run(JOB)
        .variable("URL", schema.server.jdbc_url())
        .variable("PGUSER", &schema.server.user)
        .variable("PGPASSWORD", &schema.server.password)
        .variable("SCHEMA", &schema.name)
        .variable("TOPIC", &topic.name)
        .variable("BROKERS", &topic.kafka.brokers)
        .start();
    let waiting = format!(
        "SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = {lock}::bit(32)::bigint::oid"
    );
    eventually("a writer waits", || schema.text(&waiting).as_deref() == Some("true"));
    running
}

#[test]
fn records_that_are_deleted_before_they_are_read_are_counted_and_reading_goes_on_after_them() {
    const ROWS: i64 = 200_000;
    const KEPT: i64 = 5_000;
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let topic = kafka.topic(1);
    topic.produce(0, (0..ROWS).map(|id| format!("{id},{}", "x".repeat(200))));
    let mut schema = Schema::new(&server);
    let lock = blocked(&mut schema);
    let running = begin(&mut schema, &topic, &lock);
    // Far more than fits into the job's memory.
    topic.delete_before(0, ROWS - KEPT);
    schema.execute(&format!("SELECT pg_advisory_unlock({lock})"));
    let finished = running.wait().exited(0);
    let said = &finished.stderr;
    assert!(said.contains(" are gone: ") && said.contains("gone before they were read"), "{said}");
    let written = finished.count("rows_written") as i64;
    assert!(written < ROWS - KEPT, "{written} rows");
    assert_eq!(finished.count("records_missed") as i64, ROWS - written, "each is a row or counted");
    assert_eq!(schema.count("numbers"), written);
    assert_eq!(schema.count(&format!("numbers WHERE id >= {}", ROWS - KEPT)), KEPT, "what was kept is there");
    let group = said.lines().find(|line| line.contains("reading goes on at")).unwrap_or_default();
    assert!(group.contains(&format!("reading goes on at {}", ROWS - KEPT)), "{group}");
}

#[test]
fn a_table_that_takes_nothing_until_reading_pauses_gets_every_row() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let topic = kafka.topic(3);
    topic.produce_spread((0..60_000).map(|id| format!("{id},{}", "x".repeat(200))));
    let mut schema = Schema::new(&server);
    let lock = blocked(&mut schema);
    let running = begin(&mut schema, &topic, &lock);
    // The reader waits for room for five seconds before it pauses; upkeep goes on meanwhile.
    std::thread::sleep(Duration::from_secs(8));
    schema.execute(&format!("SELECT pg_advisory_unlock({lock})"));
    let finished = running.wait().exited(0);
    assert_eq!(finished.count("rows_written"), 60_000, "{}", finished.stdout);
    assert_eq!(schema.count("numbers"), 60_000);
}
