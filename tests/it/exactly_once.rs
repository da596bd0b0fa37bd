//! `vecsink run` with exactly-once: whatever ends it, each record is in a table without a key once, or once among the dead letters.

mod changes;
mod edges;
mod groups;
mod modes;
mod offsets;
mod replay;
mod scene;

use std::time::Duration;

use crate::support::command::{Finished, Running};
use crate::support::postgresql::Postgres;
use crate::support::{Job, Schema, Topic, eventually, eventually_within, kafka, postgres18, servers};

const JOB: &str = "
CREATE TABLE topic (id BIGINT, name STRING, part INT METADATA FROM 'partition', off BIGINT METADATA FROM 'offset') WITH (
  'connector' = 'kafka', 'topic' = '${TOPIC}', 'format' = 'csv', 'properties.bootstrap.servers' = '${BROKERS}',
  'properties.group.id' = '${TOPIC}', 'scan.startup.mode' = 'earliest-offset');
CREATE TABLE t (part INT, off BIGINT, id BIGINT, name STRING) WITH (
  'connector' = 'adbpg', 'url' = '${URL}', 'username' = '${LOGIN}', 'password' = '${PASSWORD}',
  'targetschema' = '${SCHEMA}', 'tablename' = 't', 'conflictmode' = 'ignore', 'deadletter' = 'table:rejected',
  'sink.delivery-guarantee' = 'exactly-once');
INSERT INTO t SELECT part, off, id, name FROM topic;";

const PARTITIONS: i32 = 4;

fn table(server: &Postgres) -> Schema {
    let mut schema = Schema::new(server);
    schema.execute("CREATE TABLE t (part int, off bigint, id bigint, name varchar(20) CHECK (name <> 'refused'))");
    schema
}

fn job(schema: &Schema, topic: &Topic) -> Job {
    job_of(JOB, schema, topic)
}

fn job_of(sql: &str, schema: &Schema, topic: &Topic) -> Job {
    with_variables(Job::run(sql), schema, topic)
}

fn with_variables(job: Job, schema: &Schema, topic: &Topic) -> Job {
    job.variable("TOPIC", &topic.name)
        .variable("BROKERS", &topic.kafka.brokers)
        .variable("URL", format!("{}?ApplicationName={}", schema.server.jdbc_url(), schema.name))
        .variable("LOGIN", &schema.server.user)
        .variable("PASSWORD", &schema.server.password)
        .variable("SCHEMA", &schema.name)
}

fn bounded(job: Job) -> Job {
    job.option("topic.scan.bounded.mode", "latest-offset")
}

/// Records of which some can't be decoded, some don't fit their column, and some are refused by the database.
fn produce(topic: &Topic, records: Range) {
    topic.produce_spread(records.map(|id| match id % 300 {
        17 => format!("x{id},no number"),
        95 => format!("{id},much too long for its column"),
        204 => format!("{id},refused"),
        _ => format!("{id},name {id}"),
    }));
}

type Range = std::ops::Range<i64>;

/// How many records are in the table and among the dead letters; fails if one is there twice, or in both.
#[track_caller]
fn counted(schema: &mut Schema) -> (i64, i64) {
    // One query, because it may be counted while rows come.
    let query = "SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM rejected),
                 (SELECT count(*) FROM (SELECT part, off FROM t UNION SELECT partition, \"offset\" FROM rejected) AS u)";
    let counts = schema.client.query_one(query, &[]).expect("counts");
    let (rows, rejected, all): (i64, i64, i64) = (counts.get(0), counts.get(1), counts.get(2));
    assert_eq!(rows + rejected, all, "{rows} rows and {rejected} dead letters of {all} records");
    (rows, rejected)
}

/// What [`produce`] makes of so many records.
fn expected(records: i64) -> (i64, i64) {
    let rejected = (0..records).filter(|id| [17, 95, 204].contains(&(id % 300))).count() as i64;
    (records - rejected, rejected)
}

fn ends_sessions(schema: &mut Schema) {
    let name = &schema.name;
    let end =
        format!("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name LIKE '{name}/%'");
    schema.text(&end);
}

/// Lets it run until so many rows are there.
fn reaches(running: &mut Running, schema: &mut Schema, rows: i64) {
    eventually_within(Duration::from_secs(60), "rows arrive", || {
        running.lives();
        schema.count("t") >= rows
    });
}

/// The offset that the group has, of all partitions together.
fn committed(topic: &Topic) -> i64 {
    (0..PARTITIONS).filter_map(|id| topic.kafka.committed(&topic.name, &topic.name, id)).sum()
}

#[test]
fn a_job_that_is_killed_again_and_again_writes_each_record_once() {
    let Some(kafka) = kafka() else { return };
    const RECORDS: i64 = 60_000;
    for server in servers(&[]) {
        let topic = kafka.topic(PARTITIONS);
        produce(&topic, 0..RECORDS);
        let mut schema = table(&server);
        for round in 1..7 {
            let mut running = job(&schema, &topic).start();
            reaches(&mut running, &mut schema, RECORDS * round / 8);
            if round % 2 == 0 {
                ends_sessions(&mut schema);
                std::thread::sleep(Duration::from_millis(30 * round as u64));
            }
            running.kill();
        }
        bounded(job(&schema, &topic)).finish().exited(0);
        assert_eq!(counted(&mut schema), expected(RECORDS));
        let ahead = "SELECT max(h.next_offset - s.low) <= 0 FROM vecsink_shard h JOIN vecsink_stream s USING (stream)";
        assert_eq!(schema.text(ahead).as_deref(), Some("true"), "the streams are clean");
        assert_eq!(committed(&topic), RECORDS, "the group has what the ledger has");
    }
}

#[test]
fn a_job_that_drains_goes_on_with_the_next_record() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let topic = kafka.topic(PARTITIONS);
    produce(&topic, 0..20_000);
    let mut schema = table(&server);
    let mut running = job(&schema, &topic).argument("--drain-timeout").argument("60s").start();
    reaches(&mut running, &mut schema, 3_000);
    running.terminate();
    let first = running.wait().exited(0);
    let second = bounded(job(&schema, &topic)).finish().exited(0);
    assert_eq!(counted(&mut schema), expected(20_000));
    let read = |finished: &Finished| finished.count("records_read") as i64;
    assert_eq!(read(&first) + read(&second), 20_000, "nothing is read twice");
    let outcomes = ["rows_written", "rows_dead_lettered"].map(|name| (first.count(name) + second.count(name)) as i64);
    assert_eq!((outcomes[0], outcomes[1]), expected(20_000));
}

#[test]
fn a_second_process_ends_the_first() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let topic = kafka.topic(PARTITIONS);
    produce(&topic, 0..1_000);
    let mut schema = table(&server);
    let mut first = job(&schema, &topic).start();
    reaches(&mut first, &mut schema, 900);
    let mut second = job(&schema, &topic).start();
    eventually("the second one has the streams", || {
        schema.text("SELECT min(epoch) FROM vecsink_stream").as_deref() == Some("2")
    });
    produce(&topic, 1_000..3_000);
    let fenced = first.wait().exited(1);
    assert!(fenced.stderr.contains("only one") && fenced.stderr.contains("vecsink_stream"), "{}", fenced.stderr);
    eventually("the second one writes all", || {
        second.lives();
        counted(&mut schema) == expected(3_000)
    });
}

#[test]
fn dead_letters_in_a_file_are_there_at_least_once_and_rows_once() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let topic = kafka.topic(PARTITIONS);
    produce(&topic, 0..6_000);
    let mut schema = table(&server);
    let job = bounded(job(&schema, &topic));
    let file = job.file("rejected.jsonl");
    let finished = job.option("t.deadletter", format!("file:{}", file.display())).finish().exited(0);
    let (rows, rejected) = expected(6_000);
    assert_eq!((schema.count("t"), finished.count("rows_dead_lettered") as i64), (rows, rejected));
    let text = std::fs::read_to_string(&file).expect("the file is there");
    assert_eq!(text.lines().count() as i64, rejected);
}

#[test]
fn records_that_are_gone_stop_the_job_unless_it_says_where_to_go_on() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let topic = kafka.topic(1);
    topic.produce(0, (0..10).map(|id| format!("{id},a")));
    let mut schema = table(&server);
    bounded(job(&schema, &topic)).finish().exited(0);
    topic.produce(0, (10..30).map(|id| format!("{id},a")));
    topic.delete_before(0, 15);
    let refused = bounded(job(&schema, &topic)).finish().exited(1);
    assert!(refused.stderr.contains("offsets 10 to 14") && refused.stderr.contains("5 records"), "{}", refused.stderr);
    assert_eq!(schema.count("t"), 10);
    let reset = |value: &str| bounded(job(&schema, &topic)).option("topic.properties.auto.offset.reset", value);
    for stops in ["none", "None", "by_duration:PT1H"] {
        let refused = reset(stops).finish().exited(1);
        assert!(refused.stderr.contains("offsets 10 to 14"), "{stops}: {}", refused.stderr);
    }
    reset("latest").finish().exited(0);
    assert_eq!(
        schema.text("SELECT string_agg(DISTINCT (off >= 15 OR off < 10)::text, '') FROM t").as_deref(),
        Some("true")
    );
    assert_eq!(schema.count("t"), 25);
}

#[test]
fn a_job_may_change_to_at_least_once_and_back() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let topic = kafka.topic(PARTITIONS);
    let mut schema = table(&server);
    for (round, guarantee) in (0..).zip(["exactly-once", "at-least-once", "exactly-once"]) {
        produce(&topic, round * 1_000..(round + 1) * 1_000);
        bounded(job(&schema, &topic)).option("t.sink.delivery-guarantee", guarantee).finish().exited(0);
        assert_eq!(counted(&mut schema), expected((round + 1) * 1_000), "{guarantee}");
        let streams = if guarantee == "exactly-once" { i64::from(PARTITIONS) } else { 0 };
        assert_eq!(schema.count("vecsink_stream"), streams);
    }
}

#[test]
fn a_fresh_start_reads_everything_again() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let topic = kafka.topic(PARTITIONS);
    produce(&topic, 0..500);
    let mut schema = table(&server);
    for round in 1..3 {
        let run = bounded(job(&schema, &topic));
        let run = if round == 2 { run.argument("--fresh") } else { run };
        run.finish().exited(0);
        assert_eq!(schema.count("t"), round * expected(500).0);
    }
}

#[test]
fn tables_that_a_crash_could_empty_and_keys_by_the_clock_are_refused() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let topic = kafka.topic(1);
    let mut schema = table(&server);
    schema.execute("CREATE UNLOGGED TABLE unlogged (LIKE t)");
    let refused = bounded(job(&schema, &topic)).option("t.tablename", "unlogged").finish().exited(1);
    assert!(refused.stderr.contains("is unlogged") && refused.stderr.contains("SET LOGGED"), "{}", refused.stderr);
    schema.execute(
        "CREATE TABLE parts (LIKE t) PARTITION BY RANGE (part);
         CREATE TABLE logged PARTITION OF parts FOR VALUES FROM (0) TO (1);
         CREATE UNLOGGED TABLE fast PARTITION OF parts FOR VALUES FROM (1) TO (2)",
    );
    let refused = bounded(job(&schema, &topic)).option("t.tablename", "parts").finish().exited(1);
    assert!(refused.stderr.contains(".fast is unlogged"), "{}", refused.stderr);
    schema.execute("ALTER TABLE t ADD PRIMARY KEY (id)");
    let now = "SELECT part, off, CAST(UNIX_TIMESTAMP() AS BIGINT), name FROM topic";
    let by_clock = job_of(&JOB.replace("SELECT part, off, id, name FROM topic", now), &schema, &topic);
    let refused = bounded(by_clock).finish().exited(1);
    assert!(refused.stderr.contains("the key's column 'id' is computed from the time"), "{}", refused.stderr);
}
