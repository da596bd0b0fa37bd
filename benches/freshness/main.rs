//! How soon a row can be queried, compared with a bare loop that only writes:
//! `python3 tests/servers/servers.py run -- cargo bench --profile release --bench freshness`.
//!
//! Sends rows one by one, evenly spaced, into a table with all its indexes (also hnsw) on a durable server, in two ways:
//! - the *bare loop* of `bare.rs`, without Kafka and without vecsink: what this machine can do at that time;
//! - *vecsink*: `examples/sql/car_info.sql` as it is.
//!
//! All times are read from the clock of this one machine:
//! - *produced*: the producer is about to send the row. It doesn't wait for other rows (linger 0, unless set);
//! - *committed*: PostgreSQL wrote the row's commit record (`track_commit_timestamp`). COMMIT is answered when the record is on
//!   disk. The bare loop gets these answers and shows how much later they come;
//! - *seen*: a query that runs every 10 ms has returned the row. This is always after the answer to COMMIT: by the pause and the
//!   query's own time at most.

mod bare;
#[path = "../../examples/cars/generator.rs"]
mod generator;
mod job;
mod pace;
mod spread;
#[path = "../../tests/it/support/mod.rs"]
mod support;
mod table;
mod watch;

use std::path::PathBuf;

use clap::Parser;
use pace::Load;
use serde_json::json;
use spread::Spread;
use support::kafka;
use watch::Measured;

#[derive(Parser)]
struct Arguments {
    /// Rows a second.
    #[arg(long, default_value_t = 1000)]
    rate: u64,
    /// How long to send rows in each of the two ways.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    #[arg(long, default_value_t = 1)]
    partitions: i32,
    /// How long the producer waits for other rows, in milliseconds. With 0 each row is a request, which costs the broker 0.1 ms
    /// or more.
    #[arg(long, default_value_t = 0)]
    linger: u64,
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
    /// Another vecsink, for example of an earlier commit, that is measured in the same run.
    #[arg(long, value_name = "BINARY")]
    beside: Option<PathBuf>,
    /// `cargo bench` sets it.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let arguments = Arguments::parse();
    let (Some(kafka), Some(private)) = (kafka(), table::server()) else { return };
    let Arguments { rate, seconds, before, ref index, .. } = arguments;
    let load = Load { rows: rate * seconds, rate };
    let mut client = private.server.connect();

    let first = table::fill(&mut client, before, index);
    let (bare, answers) = bare::run(&private.server, &mut client, first, load);
    let at_most = bare::rows_per_second_alone(&mut client, first + bare.all_rows());
    let mut through = |binary| {
        let first = table::fill(&mut client, before, index);
        let topic = kafka.topic(arguments.partitions);
        let job = job::job(binary, &private, &topic, &arguments.options);
        job::run(job, &topic, &mut client, first, load, arguments.linger)
    };
    let beside = arguments.beside.as_deref().map(|binary| through(Some(binary)).0);
    let (vecsink, summary) = through(None);

    let machine = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("{rate} rows/s for {seconds} s behind {before} rows, vector index: {index}; load {}", machine.trim());
    println!("{summary}");
    spread::header();
    println!("bare loop");
    bare.report(rate);
    Spread::of(answers).line("commit record to COMMIT answered");
    println!("vecsink");
    vecsink.report(rate);
    if let Some(beside) = &beside {
        println!("the other vecsink (--beside)");
        beside.report(rate);
        println!("vecsink's latency divided by that of the other vecsink");
        vecsink.to_committed().beside(&beside.to_committed()).line("produced to committed");
    }
    println!("vecsink's latency divided by that of the bare loop");
    vecsink.to_committed().beside(&bare.to_committed()).line("produced to committed");
    vecsink.to_seen().beside(&bare.to_seen()).line("produced to seen by a query");
    let share = 100 * rate / at_most.max(1);
    println!("one connection alone writes {at_most} rows/s into this table: {rate} rows/s take {share} % of its time");
    let committed = vecsink.to_committed();
    let verdict = if committed.p50 <= 30_000 && committed.p99 <= 100_000 { "reached" } else { "MISSED" };
    println!("goal for rows committed, p50 ≤ 30 ms and p99 ≤ 100 ms: {verdict}");
    if arguments.json {
        let way = |way: &Measured| json!({ "committed": way.to_committed().json(), "seen": way.to_seen().json() });
        let ways = json!({ "vecsink": way(&vecsink), "bare": way(&bare) });
        println!("{}", json!({ "seconds": seconds, "rows_per_second_alone": at_most, "ms": ways }));
    }
}
