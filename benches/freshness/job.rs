//! The same rows through Kafka and vecsink.

use std::path::Path;
use std::time::Duration;

use postgres::Client;
use rdkafka::producer::{BaseRecord, Producer};

use crate::pace::{Load, WARM_UP, paced};
use crate::support::{Job, PrivatePostgres, Topic};
use crate::watch::{self, Measured};

const JOB: &str = include_str!("../../examples/sql/car_info.sql");
const PATIENCE: Duration = Duration::from_secs(30);

/// Measures while this job runs. Returns also the job's own summary.
pub fn run(job: Job, topic: &Topic, client: &mut Client, first: i64, load: Load, linger: u64) -> (Measured, String) {
    let running = job.start();
    send(topic, first, Load { rows: WARM_UP, ..load }, linger);
    watch::until_warm(client, first);
    let first = first + WARM_UP as i64;
    let measured = watch::measured(client, first, load.rows, || send(topic, first, load, linger));
    running.terminate();
    (measured, running.wait().exited(0).stdout.trim().to_owned())
}

/// The job. `beside`: another binary that runs it.
pub fn job(beside: Option<&Path>, private: &PrivatePostgres, topic: &Topic, options: &[String]) -> Job {
    let server = &private.server;
    let job = beside.map_or_else(|| Job::run(JOB), |binary| Job::run_by(binary, JOB));
    let job = job
        .variable("PGHOST", &server.host)
        .variable("PGPORT", server.port.to_string())
        .variable("PGUSER", &server.user)
        .variable("PGPASSWORD", &server.password)
        .variable("KAFKA_BROKERS", &topic.kafka.brokers)
        .option("vector_ingest.url", server.jdbc_url())
        .option("vector_kafka.topic", &topic.name);
    options.iter().filter_map(|option| option.split_once('=')).fold(job, |job, (name, value)| job.option(name, value))
}

fn send(topic: &Topic, first: i64, load: Load, linger: u64) -> Vec<i64> {
    let producer = topic.producer(linger);
    let times = paced(first, load, |index, now, line| {
        let record = BaseRecord::<(), [u8]>::to(&topic.name)
            .partition((index % topic.partitions as u64) as i32)
            .timestamp(now / 1000)
            .payload(&line);
        producer.send(record).map_err(|(error, _)| error).expect("the queue has room");
    });
    producer.flush(PATIENCE).expect("the broker takes everything");
    times
}
