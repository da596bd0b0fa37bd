//! How soon a row can be queried: `python3 tests/servers/servers.py run -- cargo bench --profile release --bench freshness`.
//!
//! Runs `examples/sql/car_info.sql` as it is into a table with all its indexes, hnsw too, on a durable server, and sends
//! it rows one by one, evenly spaced. All times are of this machine's one clock:
//! - *produced*: the producer is about to send the row; it waits for nothing (linger 0);
//! - *committed*: PostgreSQL wrote the row's commit record (`track_commit_timestamp`);
//! - *seen*: a query that runs every 10 ms has returned the row. Never before COMMIT was answered, and up to the pause
//!   and the query's own time after it.

#[path = "../examples/cars/generator.rs"]
mod generator;
#[path = "../tests/it/support/mod.rs"]
mod support;

use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::Parser;
use generator::Cars;
use postgres::Client;
use rdkafka::producer::{BaseRecord, Producer};
use support::{Job, PrivatePostgres, Topic, eventually, kafka};

const JOB: &str = include_str!("../examples/sql/car_info.sql");
const TABLE: &str = include_str!("../examples/sql/car_info_table.sql");
/// Seconds of a line of the report: a vector index takes longer to keep as it grows.
const STRETCH: u64 = 10;
const PAUSE: Duration = Duration::from_millis(10);
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Parser)]
struct Arguments {
    /// Rows a second.
    #[arg(long, default_value_t = 1000)]
    rate: u64,
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    #[arg(long, default_value_t = 1)]
    partitions: i32,
    /// Cars already in the table, and so in its vector index.
    #[arg(long, default_value_t = 20_000)]
    before: u64,
    /// Which vector index the table has: hnsw, or none.
    #[arg(long, default_value = "hnsw", value_parser = ["hnsw", "none"])]
    index: String,
    /// End with one line of JSON.
    #[arg(long)]
    json: bool,
    /// An option of the job to measure with, TABLE.NAME=VALUE; may be given several times.
    #[arg(long = "option", value_name = "TABLE.NAME=VALUE")]
    options: Vec<String>,
    /// Told by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let arguments = Arguments::parse();
    let (Some(kafka), Some(private)) = (kafka(), server()) else { return };
    let mut client = private.server.connect();
    let topic = kafka.topic(arguments.partitions);
    let first = fill(&mut client, arguments.before, &arguments.index);
    let running = job(&private, &topic, &arguments.options).start();
    let (rows, rate) = (arguments.rate * arguments.seconds, arguments.rate);

    // What happens once in a job's life is not part of the figures.
    send(&topic, first, 100, rate);
    eventually("the job runs", || Watch::new(first, 100).look(&mut client).all_seen());

    let first = first + 100;
    let mut watch = Watch::new(first, rows as usize);
    let sender = thread::scope(|scope| {
        let sender = scope.spawn(|| send(&topic, first, rows, rate));
        watch.all(&mut client);
        sender.join().expect("the producer lives")
    });
    running.terminate();
    let finished = running.wait().exited(0);

    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("{rate} rows/s for {} s; load {}", arguments.seconds, load.trim());
    println!("{}", finished.stdout.trim());
    println!("{:<36}{:>8}{:>8}{:>8}{:>8}{:>8}   milliseconds", "", "p50", "p90", "p99", "p99.9", "max");
    let seen = |times: &[i64]| times.iter().zip(&sender).map(|(at, sent)| at - sent).collect::<Vec<_>>();
    report("produced to committed", seen(&watch.committed));
    for (part, times) in seen(&watch.committed).chunks((rate * STRETCH) as usize).enumerate() {
        report(&format!("  rows sent from second {} on", part as u64 * STRETCH), times.to_vec());
    }
    let freshness = report("produced to seen by a query", seen(&watch.seen));
    report("committed to seen", watch.seen.iter().zip(&watch.committed).map(|(seen, at)| seen - at).collect());
    let due = |index: usize| sender[0] + (index as u64 * 1_000_000 / rate) as i64;
    report("the producer's own delay", sender.iter().enumerate().map(|(index, at)| at - due(index)).collect());
    report("between two queries", watch.queries.windows(2).map(|pair| pair[1] - pair[0]).collect());
    let verdict = if freshness.0 <= 30_000 && freshness.1 <= 100_000 { "reached" } else { "MISSED" };
    println!("goal for rows seen, p50 ≤ 30 ms and p99 ≤ 100 ms: {verdict}");
    if arguments.json {
        let (p50, p99) = (freshness.0 as f64 / 1000.0, freshness.1 as f64 / 1000.0);
        println!(r#"{{"seconds":{},"p50_ms":{p50:.1},"p99_ms":{p99:.1}}}"#, arguments.seconds);
    }
}

/// A server with the default settings, but for keeping the time of every commit.
fn server() -> Option<PrivatePostgres> {
    let mut private = PrivatePostgres::start()?;
    private.server.connect().batch_execute("ALTER SYSTEM SET track_commit_timestamp = on").expect("an administrator");
    private.stop();
    private.start_again();
    Some(private)
}

/// Makes the table with some cars in it; gives the next id.
fn fill(client: &mut Client, cars: u64, index: &str) -> i64 {
    client.batch_execute(TABLE).expect("the table is new");
    if index == "none" {
        client.batch_execute("DROP INDEX vector_test.car_info_feature_idx").expect("the table's file makes it");
    }
    let mut copy = client.copy_in("COPY vector_test.car_info FROM STDIN").expect("a COPY");
    for car in (Cars { rows: cars, dims: 10, seed: 1 }).iter() {
        use std::io::Write;
        copy.write_all(&[car.line(), b"\n".to_vec()].concat()).expect("the server takes it");
    }
    copy.finish().expect("the server takes it");
    client.batch_execute("VACUUM ANALYZE vector_test.car_info").expect("an administrator");
    cars as i64 + 1
}

fn job(private: &PrivatePostgres, topic: &Topic, options: &[String]) -> Job {
    let server = &private.server;
    let job = Job::run(JOB)
        .variable("PGHOST", &server.host)
        .variable("PGPORT", server.port.to_string())
        .variable("PGUSER", &server.user)
        .variable("PGPASSWORD", &server.password)
        .variable("KAFKA_BROKERS", &topic.kafka.brokers)
        .option("vector_ingest.url", server.jdbc_url())
        .option("vector_kafka.topic", &topic.name);
    options.iter().filter_map(|option| option.split_once('=')).fold(job, |job, (name, value)| job.option(name, value))
}

/// Sends cars one by one at this rate; gives the time of each.
fn send(topic: &Topic, first: i64, rows: u64, rate: u64) -> Vec<i64> {
    let producer = topic.producer();
    let cars = Cars { rows: 0, dims: 10, seed: 1 };
    let start = Instant::now();
    let mut times = Vec::with_capacity(rows as usize);
    for index in 0..rows {
        let line = cars.car(first + index as i64).line();
        let due = start + Duration::from_nanos(index * 1_000_000_000 / rate);
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let now = now();
        let record = BaseRecord::<(), [u8]>::to(&topic.name)
            .partition((index % topic.partitions as u64) as i32)
            .timestamp(now / 1000)
            .payload(&line);
        producer.send(record).map_err(|(error, _)| error).expect("the queue has room");
        times.push(now);
    }
    producer.flush(PATIENCE).expect("the broker takes everything");
    times
}

/// Which of the rows were seen, and when. Times are microseconds since 1970; 0: not yet.
struct Watch {
    first: i64,
    committed: Vec<i64>,
    seen: Vec<i64>,
    /// Before this one all were seen.
    next: usize,
    queries: Vec<i64>,
}

impl Watch {
    fn new(first: i64, rows: usize) -> Watch {
        Watch { first, committed: vec![0; rows], seen: vec![0; rows], next: 0, queries: Vec::new() }
    }

    fn look(&mut self, client: &mut Client) -> &mut Watch {
        let query = "SELECT id, (extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000000)::bigint
                     FROM vector_test.car_info WHERE id >= $1";
        self.queries.push(now());
        let rows = client.query(query, &[&(self.first + self.next as i64)]).expect("a query");
        let now = now();
        for row in rows {
            let index = (row.get::<_, i64>(0) - self.first) as usize;
            if self.seen[index] == 0 {
                (self.seen[index], self.committed[index]) = (now, row.get(1));
            }
        }
        self.next += self.seen[self.next..].iter().take_while(|&&at| at != 0).count();
        self
    }

    fn all_seen(&self) -> bool {
        self.next == self.seen.len()
    }

    /// Looks every 10 ms until all were seen.
    fn all(&mut self, client: &mut Client) {
        let (mut due, mut progress) = (Instant::now(), (0, Instant::now()));
        while !self.look(client).all_seen() {
            if self.next > progress.0 {
                progress = (self.next, Instant::now());
            }
            assert!(progress.1.elapsed() < PATIENCE, "no row for {PATIENCE:?} after {} rows", self.next);
            due = (due + PAUSE).max(Instant::now());
            thread::sleep(due.saturating_duration_since(Instant::now()));
        }
    }
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_micros() as i64)
}

/// Prints how the times, in microseconds, are spread; gives the median and the 99th percentile.
fn report(what: &str, mut times: Vec<i64>) -> (i64, i64) {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
    let [p50, p90, p99, p999, max] = [0.5, 0.9, 0.99, 0.999, 1.0].map(at);
    let ms = |time: i64| time as f64 / 1000.0;
    println!("{what:<36}{:>8.1}{:>8.1}{:>8.1}{:>8.1}{:>8.1}", ms(p50), ms(p90), ms(p99), ms(p999), ms(max));
    (p50, p99)
}
