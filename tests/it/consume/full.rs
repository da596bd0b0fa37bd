//! A whole job whose target takes nothing for a while.

use std::time::Duration;

use crate::support::{Job, Schema, eventually, kafka, postgres18};

const JOB: &str = "
SET 'buffer.memory' = '1mb';
CREATE TABLE numbers (id INT, filler STRING) WITH ('connector' = 'adbpg', 'url' = '${URL}', 'tablename' = 'numbers',
    'username' = '${PGUSER}', 'password' = '${PGPASSWORD}', 'targetschema' = '${SCHEMA}');
CREATE TABLE messages (id INT, filler STRING) WITH ('connector' = 'kafka', 'topic' = '${TOPIC}',
    'properties.bootstrap.servers' = '${BROKERS}', 'format' = 'csv', 'scan.startup.mode' = 'earliest-offset',
    'scan.bounded.mode' = 'latest-offset');
INSERT INTO numbers SELECT * FROM messages;";

#[test]
fn a_table_that_takes_nothing_until_reading_pauses_gets_every_row() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let topic = kafka.topic(3);
    topic.produce_spread((0..60_000).map(|id| format!("{id},{}", "x".repeat(200))));
    let mut schema = Schema::new(&server);
    // The job's first look at its table, without rows, goes through.
    schema.execute(
        "CREATE TABLE numbers (id int PRIMARY KEY, filler text);
         CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN PERFORM pg_advisory_xact_lock_shared(hashtext(TG_TABLE_SCHEMA)); RETURN NEW; END $$;
         CREATE TRIGGER wait BEFORE INSERT ON numbers FOR EACH ROW EXECUTE FUNCTION wait()",
    );
    let lock = format!("hashtext('{}')", schema.name);
    schema.execute(&format!("SELECT pg_advisory_lock({lock})"));
    let running = Job::run(JOB)
        .variable("URL", server.jdbc_url())
        .variable("PGUSER", &server.user)
        .variable("PGPASSWORD", &server.password)
        .variable("SCHEMA", &schema.name)
        .variable("TOPIC", &topic.name)
        .variable("BROKERS", &kafka.brokers)
        .start();
    let waiting = format!(
        "SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = {lock}::bit(32)::bigint::oid"
    );
    eventually("a writer waits", || schema.text(&waiting).as_deref() == Some("true"));
    // The reader waits for room for five seconds before it pauses; upkeep goes on meanwhile.
    std::thread::sleep(Duration::from_secs(8));
    schema.execute(&format!("SELECT pg_advisory_unlock({lock})"));
    let finished = running.wait().exited(0);
    assert_eq!(finished.count("rows_written"), 60_000, "{}", finished.stdout);
    assert_eq!(schema.count("numbers"), 60_000);
}
