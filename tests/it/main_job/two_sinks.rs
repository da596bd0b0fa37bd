//! Two sinks fed by one source, one of them away for a while.

use std::time::Duration;

use crate::support::{Job, PrivatePostgres, Schema, eventually, eventually_within, kafka, postgres18};

const ROWS: i64 = 400_000;
const BUFFER: u64 = 8 << 20;

const JOB: &str = "
SET 'buffer.memory' = '8mb';
CREATE TABLE up (id INT, filler STRING) WITH ('connector' = 'adbpg', 'url' = '${UP_URL}', 'tablename' = 'numbers',
    'username' = '${UP_USER}', 'password' = '${UP_PASSWORD}', 'targetschema' = '${UP_SCHEMA}');
CREATE TABLE down (id INT, filler STRING) WITH ('connector' = 'adbpg', 'url' = '${DOWN_URL}', 'tablename' = 'numbers',
    'username' = '${DOWN_USER}', 'password' = '${DOWN_PASSWORD}', 'targetschema' = '${DOWN_SCHEMA}');
CREATE TABLE messages (id INT, filler STRING) WITH ('connector' = 'kafka', 'topic' = '${TOPIC}',
    'properties.bootstrap.servers' = '${BROKERS}', 'format' = 'csv', 'scan.startup.mode' = 'earliest-offset',
    'scan.bounded.mode' = 'latest-offset');
INSERT INTO up SELECT * FROM messages;
INSERT INTO down SELECT * FROM messages;";

#[test]
fn two_sinks_of_one_source_of_which_one_is_down_for_seconds_both_complete() {
    one_is_down_for(Duration::from_secs(7));
}

#[test]
#[ignore = "takes a minute; `make test-long` runs it"]
fn two_sinks_of_one_source_of_which_one_is_down_for_thirty_seconds_both_complete() {
    one_is_down_for(Duration::from_secs(30));
}

fn numbers(schema: &mut Schema) {
    schema.execute("CREATE TABLE numbers (id int PRIMARY KEY, filler text)");
}

fn one_is_down_for(outage: Duration) {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let Some(mut private) = PrivatePostgres::start() else { return };
    let topic = kafka.topic(3);
    topic.produce_spread((0..ROWS).map(|id| format!("{id},{}", "x".repeat(100))));
    let (mut up, mut down) = (Schema::new(&server), Schema::new(&private.server));
    numbers(&mut up);
    numbers(&mut down);
    let mut job = Job::run(JOB).variable("TOPIC", &topic.name).variable("BROKERS", &kafka.brokers);
    for (name, schema) in [("UP", &up), ("DOWN", &down)] {
        job = job
            .variable(&format!("{name}_URL"), schema.server.jdbc_url())
            .variable(&format!("{name}_USER"), &schema.server.user)
            .variable(&format!("{name}_PASSWORD"), &schema.server.password)
            .variable(&format!("{name}_SCHEMA"), &schema.name);
    }
    let running = job.start();
    eventually("rows arrive in the one that will be down", || down.count("numbers") > 0);
    private.stop();
    let (at_first, mut latest) = (up.count("numbers"), -1);
    // With one away, the other gets what memory allows: everything that was read.
    eventually_within(Duration::from_secs(60), "the other has written all that memory holds", || {
        std::thread::sleep(Duration::from_millis(500));
        std::mem::replace(&mut latest, up.count("numbers")) == latest
    });
    assert!(latest > at_first, "nothing came after {at_first}");
    assert!(latest < ROWS, "the whole topic fits into memory");
    std::thread::sleep(outage);
    let memory = running.peak_memory();
    assert!(memory < BUFFER + (60 << 20), "{memory} bytes");
    private.start_again();
    let finished = running.wait_at_most(Duration::from_secs(180)).exited(0);
    println!("one away for {outage:?}: the other had {latest} rows; at most {} MiB held meanwhile", memory >> 20);
    let settled = finished.count("rows_written") as i64 + finished.count("rows_ignored") as i64;
    // A COMMIT whose answer was lost is written again, and its rows are then there already.
    assert_eq!((settled, finished.count("rows_dead_lettered")), (2 * ROWS, 0), "{}", finished.stdout);
    assert_eq!(finished.count("records_read"), ROWS as u64);
    down.client = down.connect();
    for schema in [&mut up, &mut down] {
        assert_eq!(schema.count("numbers"), ROWS);
    }
}
