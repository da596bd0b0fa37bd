//! Two jobs that share the sessions of a PgBouncer.

use std::time::Duration;

use rdkafka::producer::{BaseRecord, Producer};

use crate::support::broker::Kafka;
use crate::support::command::Running;
use crate::support::{Job, PgBouncer, Schema, Topic, eventually, kafka, postgres18};

const JOB: &str = "
CREATE TABLE written (id INT, a STRING) WITH ('connector' = 'adbpg', 'url' = '${URL}', 'tablename' = '${TABLE}',
    'username' = '${USER}', 'password' = '${PASSWORD}', 'targetschema' = '${SCHEMA}', 'connectionmaxactive' = '1');
CREATE TABLE messages (id INT, a STRING) WITH ('connector' = 'kafka', 'topic' = '${TOPIC}',
    'properties.bootstrap.servers' = '${BROKERS}', 'format' = 'csv', 'scan.startup.mode' = 'earliest-offset');
INSERT INTO written SELECT * FROM messages;";

const ROWS: i64 = 21;

#[test]
fn two_jobs_behind_a_transaction_pooler_each_write_into_their_own_table() {
    runs(5, PgBouncer::old);
    runs(5, |server, settings| PgBouncer::new(server, &[settings, &["max_prepared_statements=100"]].concat()));
}

#[test]
#[ignore = "takes minutes; `make test-long` runs it"]
fn two_jobs_behind_a_transaction_pooler_each_write_into_their_own_table_two_hundred_times() {
    runs(100, PgBouncer::old);
    runs(100, |server, settings| PgBouncer::new(server, &[settings, &["max_prepared_statements=100"]].concat()));
}

/// While one of the pooler's two sessions is in use, the second job starts in the one that the first job has used.
fn runs(count: usize, start: impl Fn(&crate::support::postgresql::Postgres, &[&str]) -> Option<PgBouncer>) {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let Some(pooler) = start(&server, &["pool_mode=transaction", "default_pool_size=2"]) else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE ours (id int, a text); CREATE TABLE theirs (id int, a text)");
    for run in 0..count {
        schema.execute("TRUNCATE ours, theirs");
        let [our_topic, their_topic] = [kafka.topic(1), kafka.topic(1)];
        let ours = job(&pooler, &kafka, &schema, "ours", &our_topic);
        our_topic.produce(0, ["0,ours"]);
        eventually("our job has written", || schema.count("ours") == 1);
        let mut taken = pooler.server.connect();
        taken.batch_execute("BEGIN; SELECT 1").unwrap();
        let theirs = job(&pooler, &kafka, &schema, "theirs", &their_topic);
        their_topic.produce(0, ["0,theirs"]);
        eventually("their job has written", || schema.count("theirs") == 1);
        taken.batch_execute("COMMIT").unwrap();
        // Messages come one by one, so that both jobs have transactions at the same time.
        let producers = [&our_topic, &their_topic].map(|topic| (topic.producer(0), &topic.name));
        for id in 1..ROWS {
            for ((producer, topic), table) in producers.iter().zip(["ours", "theirs"]) {
                let value = format!("{id},{table}");
                let record = BaseRecord::<(), str>::to(topic).partition(0).payload(&value);
                producer.send(record).unwrap_or_else(|(error, _)| panic!("{error}"));
            }
        }
        producers.iter().for_each(|(producer, _)| producer.flush(Duration::from_secs(60)).expect("the broker answers"));
        eventually("all rows are somewhere", || schema.count("ours") + schema.count("theirs") == 2 * ROWS);
        for (table, running) in [("ours", ours), ("theirs", theirs)] {
            running.terminate();
            let finished = running.wait().exited(0);
            let right = format!("SELECT string_agg(id::text, ' ' ORDER BY id) FROM {table} WHERE a = '{table}'");
            let expected = (0..ROWS).map(|id| id.to_string()).collect::<Vec<_>>().join(" ");
            assert_eq!(schema.text(&right), Some(expected), "run {run}, table {table}: {}", finished.stderr);
        }
    }
}

fn job(pooler: &PgBouncer, kafka: &Kafka, schema: &Schema, table: &str, topic: &Topic) -> Running {
    Job::run(JOB)
        .variable("URL", pooler.server.jdbc_url())
        .variable("USER", &pooler.server.user)
        .variable("PASSWORD", &pooler.server.password)
        .variable("SCHEMA", &schema.name)
        .variable("TABLE", table)
        .variable("TOPIC", &topic.name)
        .variable("BROKERS", &kafka.brokers)
        .start()
}
