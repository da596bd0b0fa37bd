//! The job, its topic and its table.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, Weak};

use crate::cars::generator::{Cars, checksum_sql};
use crate::support::broker::Kafka;
use crate::support::command::Finished;
use crate::support::postgresql::Postgres;
use crate::support::{Job, Schema, Topic};

pub const JOB: &str = include_str!("../../../examples/sql/car_info.sql");
const TABLE: &str = include_str!("../../../examples/sql/car_info_table.sql");

/// How many partitions the topics of many cars have.
pub const PARTITIONS: i32 = 4;

/// A topic of cars with their checksum.
pub struct Produced {
    pub topic: Topic,
    pub checksum: u128,
}

/// A topic with this many cars. It is made once for all tests that need it at the same time.
pub fn cars(kafka: &Kafka, rows: u64) -> Arc<Produced> {
    static TOPICS: Mutex<Option<HashMap<u64, Weak<Produced>>>> = Mutex::new(None);
    let mut topics = TOPICS.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let topics = topics.get_or_insert_default();
    if let Some(produced) = topics.get(&rows).and_then(Weak::upgrade) {
        return produced;
    }
    let cars = Cars { rows, dims: 10, seed: rows };
    let topic = kafka.topic(PARTITIONS);
    topic.produce_spread(cars.iter().map(|car| car.line()));
    let produced = Arc::new(Produced { topic, checksum: cars.checksum() });
    topics.insert(rows, Arc::downgrade(&produced));
    produced
}

/// The indexes of the table, in addition to its primary key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Indexes {
    /// On market_time, color and price.
    Structured,
    /// Those, and the vector index.
    WithVector,
}

/// `car_info` in a schema of its own.
pub fn car_info(server: &Postgres, indexes: Indexes) -> Schema {
    let mut schema = Schema::new(server);
    let statements = TABLE.split_inclusive(';').filter(|statement| {
        let other = ["EXTENSION", "CREATE SCHEMA"].iter().any(|word| statement.contains(word));
        !(other || statement.contains("hnsw") && indexes == Indexes::Structured)
    });
    schema.execute(&statements.collect::<String>().replace("vector_test.", ""));
    schema
}

/// The unchanged job file, for this schema and topic. Its text has variables for the servers; other differences are given by
/// `-D`.
pub fn job(schema: &Schema, topic: &Topic) -> Job {
    job_of(JOB, schema, topic)
}

/// A variant of the job file.
pub fn job_of(text: &str, schema: &Schema, topic: &Topic) -> Job {
    let server = &schema.server;
    Job::run(text)
        .variable("PGHOST", &server.host)
        .variable("PGPORT", server.port.to_string())
        .variable("PGUSER", &server.user)
        .variable("PGPASSWORD", &server.password)
        .variable("KAFKA_BROKERS", &topic.kafka.brokers)
        // So the sessions of each job have a name of their own.
        .option("vector_ingest.url", format!("{}?ApplicationName={}", server.jdbc_url(), schema.name))
        .option("vector_ingest.targetschema", &schema.name)
        .option("vector_kafka.topic", &topic.name)
}

/// Makes the job end at the topic's present end.
pub fn bounded(job: Job) -> Job {
    job.option("vector_kafka.scan.bounded.mode", "latest-offset")
}

/// Gives the job a dead-letter file, in its own folder.
pub fn with_dead_letters(job: Job) -> (Job, PathBuf) {
    let file = job.file("rejected.jsonl");
    (job.option("vector_ingest.deadletter", format!("file:{}", file.display())), file)
}

/// The lines of a job's dead-letter file, in the order of their offsets.
pub fn dead_letters(finished: &Finished) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(finished.folder().join("rejected.jsonl")).unwrap_or_default();
    let mut dead_letters: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
    dead_letters.sort_by_key(|dead_letter| (dead_letter["partition"].as_i64(), dead_letter["offset"].as_i64()));
    dead_letters
}

pub fn checksum(schema: &mut Schema) -> u128 {
    schema.text(&checksum_sql("car_info")).expect("a sum").parse().expect("a number")
}

/// The outcomes of a run, in the order written, superseded, ignored, dead-lettered. Fails unless these and the
/// unchanged ones add up to the rows read.
#[track_caller]
pub fn outcomes(finished: &Finished) -> [u64; 4] {
    let names = ["rows_written", "rows_superseded", "rows_ignored", "rows_dead_lettered"];
    let outcomes = names.map(|name| finished.count(name));
    let all = outcomes.iter().sum::<u64>() + finished.count("rows_unchanged");
    assert_eq!(all, finished.count("rows_read"), "{}", finished.stdout);
    outcomes
}

/// About how many rows of a topic of cars are in the table, found through the primary key.
pub fn about_how_many(client: &mut postgres::Client) -> i64 {
    let each = format!("(SELECT coalesce(max(id), 0) FROM car_info WHERE id % {PARTITIONS} = part)");
    let query = format!("SELECT (sum({each}) / {PARTITIONS})::bigint FROM generate_series(0, {PARTITIONS} - 1) part");
    client.query_one(query.as_str(), &[]).expect("a query").get(0)
}
