//! One source with two sinks. The database of one sink is away for a while.

use std::time::Duration;

use crate::support::{Job, PrivatePostgres, Schema, eventually, eventually_within, kafka, postgres18};

/// How many rows are read before the outage, and how many there are in all.
const BEFORE: i64 = 1_000;
const ROWS: i64 = 400_000;
const BUFFER: i64 = 8 << 20;
const FILLER: usize = 100;
/// A row and its bookkeeping take a little less memory than this, and more than half of it.
const ROW: i64 = FILLER as i64 + 100;
const LONG: Duration = Duration::from_secs(300);

const JOB: &str = "
SET 'buffer.memory' = '8mb';
CREATE TABLE up (id INT, filler STRING) WITH ('connector' = 'adbpg', 'url' = '${UP_URL}', 'tablename' = 'numbers',
    'username' = '${UP_USER}', 'password' = '${UP_PASSWORD}', 'targetschema' = '${UP_SCHEMA}');
CREATE TABLE down (id INT, filler STRING) WITH ('connector' = 'adbpg', 'url' = '${DOWN_URL}', 'tablename' = 'numbers',
    'username' = '${DOWN_USER}', 'password' = '${DOWN_PASSWORD}', 'targetschema' = '${DOWN_SCHEMA}');
CREATE TABLE messages (id INT, filler STRING) WITH ('connector' = 'kafka', 'topic' = '${TOPIC}',
    'properties.bootstrap.servers' = '${BROKERS}', 'format' = 'csv', 'scan.startup.mode' = 'earliest-offset');
INSERT INTO up SELECT * FROM messages;
INSERT INTO down SELECT * FROM messages;";

#[test]
fn both_sinks_of_a_source_get_all_rows_although_one_is_down_for_seconds() {
    one_is_down_for(Duration::from_secs(7));
}

#[test]
#[ignore = "takes a minute; `make test-long` runs it"]
fn both_sinks_of_a_source_get_all_rows_although_one_is_down_for_thirty_seconds() {
    one_is_down_for(Duration::from_secs(30));
}

fn numbers(schema: &mut Schema) {
    schema.execute("CREATE TABLE numbers (id int PRIMARY KEY, filler text)");
}

fn one_is_down_for(outage: Duration) {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let Some(mut private) = PrivatePostgres::start() else { return };
    let topic = kafka.topic(3);
    let produce =
        |ids: std::ops::Range<i64>| topic.produce_spread(ids.map(|id| format!("{id},{}", "x".repeat(FILLER))));
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
    produce(0..BEFORE);
    eventually("both have what came before", || up.count("numbers") == BEFORE && down.count("numbers") == BEFORE);
    private.stop();
    // Now every row is read while one sink's database is away. In the end that sink's rows take all the memory, and the other's none.
    produce(BEFORE..ROWS);
    let held = BUFFER / ROW;
    eventually_within(LONG, "the other has what fits into memory", || up.count("numbers") >= BEFORE + held);
    // The reader waits for room for five seconds before it pauses.
    std::thread::sleep(outage);
    let (written, memory) = (up.count("numbers"), running.peak_memory());
    assert!(written <= BEFORE + 2 * held, "{written} rows: more than one row's memory was read");
    assert!(memory < (BUFFER as u64) + (60 << 20), "{memory} bytes");
    private.start_again();
    down.client = down.connect();
    for schema in [&mut up, &mut down] {
        eventually_within(LONG, "both have every row", || {
            std::thread::sleep(Duration::from_millis(200));
            schema.count("numbers") == ROWS
        });
    }
    running.terminate();
    let finished = running.wait().exited(0);
    println!("one away for {outage:?}: the other had {written} rows; at most {} MiB held meanwhile", memory >> 20);
    let settled = finished.count("rows_written") as i64 + finished.count("rows_ignored") as i64;
    // If the answer to a COMMIT was lost, its rows are written again, and the table has them already.
    assert_eq!((settled, finished.count("rows_dead_lettered")), (2 * ROWS, 0), "{}", finished.stdout);
    assert_eq!(finished.count("records_read"), ROWS as u64);
}
