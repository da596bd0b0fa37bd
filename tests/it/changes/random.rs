//! Many changes of few keys, in four partitions, with twenty writers: the table is the same as if each change had been made alone, in
//! order.

use super::avro;
use super::stream::{Format, Row, Stream, Table};
use crate::support::command::Finished;
use crate::support::postgresql::{Postgres, unique};
use crate::support::{Job, Schema, Topic, kafka, postgres18, registry, servers};

const JOB: &str = "
    CREATE TABLE changes (id BIGINT, number INT, text STRING) WITH (
      'connector' = 'kafka', 'topic' = '${TOPIC}', 'properties.bootstrap.servers' = '${KAFKA_BROKERS}',
      'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset', 'format' = '${FORMAT}');
    CREATE TABLE t (id BIGINT, number INT, text STRING, PRIMARY KEY (id) NOT ENFORCED) WITH (
      'connector' = 'adbpg', 'url' = '${URL}', 'tablename' = 't', 'targetschema' = '${SCHEMA}',
      'username' = '${PGUSER}', 'password' = '${PGPASSWORD}', 'batchsize' = '500', 'connectionmaxactive' = '20',
      'conflictmode' = 'upsert');
    INSERT INTO t SELECT id, number, text FROM changes;";

const UPSERT_SOURCE: &str = "
    CREATE TABLE changes (id BIGINT, number INT, text STRING, PRIMARY KEY (id) NOT ENFORCED) WITH (
      'connector' = 'upsert-kafka', 'topic' = '${TOPIC}', 'properties.bootstrap.servers' = '${KAFKA_BROKERS}',
      'scan.bounded.mode' = 'latest-offset', 'key.format' = 'csv', 'value.format' = '${FORMAT}',
      'value.fields-include' = 'EXCEPT_KEY');";

fn job(schema: &Schema, topic: &Topic, format: Format) -> Job {
    let server = &schema.server;
    let (_, sink) = JOB.split_once(';').expect("a source and a sink");
    let job = Job::run(&if format == Format::Upsert { format!("{UPSERT_SOURCE}{sink}") } else { JOB.to_owned() });
    let registry = registry().filter(|_| matches!(format, Format::DebeziumAvro(_)));
    let job = match registry {
        Some(registry) => job.option("changes.debezium-avro-confluent.url", registry.url),
        None => job,
    };
    job.variable("TOPIC", &topic.name)
        .variable("KAFKA_BROKERS", &topic.kafka.brokers)
        .variable("FORMAT", format.name())
        .variable("URL", server.jdbc_url())
        .variable("SCHEMA", &schema.name)
        .variable("PGUSER", &server.user)
        .variable("PGPASSWORD", &server.password)
}

fn schema(server: &Postgres, extra: &str) -> Schema {
    let mut schema = Schema::new(server);
    schema.execute(&format!("CREATE TABLE t (id bigint PRIMARY KEY, number int, text text {extra})"));
    schema
}

fn table(schema: &mut Schema) -> Table {
    let rows = schema.connect().query(&format!("SELECT id, number, text FROM {}.t", schema.name), &[]);
    let row = |row: &postgres::Row| (row.get(0), Row { number: row.get(1), text: row.get(2) });
    rows.expect("the table is read").iter().map(row).collect()
}

/// The table after all changes, and how many messages the changes have.
fn produce(topic: &Topic, stream: &Stream, format: Format) -> (Table, u64) {
    let (changes, expected) = stream.generate();
    let mut messages = 0;
    for partition in 0..stream.partitions as i32 {
        let own = changes.iter().filter(|(number, _)| *number == partition);
        topic.produce_keyed(partition, own.flat_map(|(_, change)| format.messages(change)).inspect(|_| messages += 1));
    }
    (expected, messages)
}

/// Fails unless the outcomes add up to the rows read and no row was rejected.
#[track_caller]
fn all_well(finished: &Finished, seed: u64) {
    let names =
        ["rows_written", "rows_deleted", "rows_superseded", "rows_ignored", "rows_dead_lettered", "rows_unchanged"];
    let sum: u64 = names.iter().map(|name| finished.count(name)).sum();
    assert_eq!(sum, finished.count("rows_read"), "seed {seed}: {}", finished.stdout);
    assert_eq!(finished.count("rows_dead_lettered"), 0, "seed {seed}: {}\n{}", finished.stdout, finished.stderr);
    assert_eq!(finished.count("retries"), 0, "seed {seed}, no deadlock and no other conflict: {}", finished.stderr);
}

fn random_changes(format: Format, seed: u64) {
    for server in servers(&[]) {
        let Some(kafka) = kafka() else { return };
        eprintln!("{format:?}: seed {seed}");
        let stream = Stream { seed, changes: 200_000, keys: 5000, partitions: 4 };
        let mut schema = schema(&server, "");
        let topic = kafka.topic(4);
        let (expected, messages) = produce(&topic, &stream, format);
        let finished = job(&schema, &topic, format).finish().exited(0);
        all_well(&finished, seed);
        assert_eq!(finished.count("records_read"), messages);
        assert!(messages >= 200_000);
        assert!(table(&mut schema) == expected, "seed {seed}: another table than the changes make one by one");
    }
}

#[test]
fn random_changes_by_debezium_leave_the_table_they_describe() {
    random_changes(Format::Debezium, 1);
}

#[test]
fn random_changes_by_canal_leave_the_table_they_describe() {
    random_changes(Format::Canal, 2);
}

#[test]
fn random_changes_by_maxwell_leave_the_table_they_describe() {
    random_changes(Format::Maxwell, 3);
}

#[test]
fn random_changes_by_ogg_leave_the_table_they_describe() {
    random_changes(Format::Ogg, 4);
}

#[test]
fn random_changes_by_debezium_in_avro_leave_the_table_they_describe() {
    let Some(registry) = registry() else { return };
    random_changes(Format::DebeziumAvro(registry.register(&unique("changes"), avro::SCHEMA)), 7);
}

#[test]
fn random_changes_by_upserts_leave_the_table_they_describe() {
    random_changes(Format::Upsert, 6);
}

#[test]
fn if_the_table_has_another_unique_constraint_all_changes_keep_their_order() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let stream = Stream { seed: 5, changes: 5000, keys: 200, partitions: 1 };
    let mut schema = schema(&server, ", UNIQUE (id, text)");
    let topic = kafka.topic(1);
    let (expected, _) = produce(&topic, &stream, Format::Debezium);
    let finished = job(&schema, &topic, Format::Debezium).finish().exited(0);
    all_well(&finished, stream.seed);
    assert!(table(&mut schema) == expected);
}

#[test]
fn a_source_with_updates_needs_a_conflict_mode_and_a_key() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let mut schema = schema(&server, "");
    schema.execute("ALTER TABLE t DROP CONSTRAINT t_pkey");
    let topic = kafka.topic(1);
    let asks = |text: &str, exit: i32| {
        let server = &schema.server;
        let job = Job::run(text)
            .variable("TOPIC", &topic.name)
            .variable("KAFKA_BROKERS", &kafka.brokers)
            .variable("FORMAT", "canal-json")
            .variable("URL", server.jdbc_url())
            .variable("SCHEMA", &schema.name)
            .variable("PGUSER", &server.user)
            .variable("PGPASSWORD", &server.password);
        job.finish().exited(exit).stderr
    };
    let left_out =
        asks(&JOB.replace(", 'batchsize' = '500'", "").replace("'conflictmode' = 'upsert'", "'verbose' = '0'"), 2);
    assert!(left_out.contains("'conflictmode' is missing, but the source updates and deletes rows"), "{left_out}");
    let keyless = JOB.replace(", PRIMARY KEY (id) NOT ENFORCED", "").replace("'upsert'", "'ignore'");
    let keyless = asks(&keyless, 1);
    assert!(keyless.contains("declare PRIMARY KEY"), "{keyless}");
    assert!(keyless.contains("'conflictmode' = 'ignore' drops the updates"), "{keyless}");
}
