//! How soon a vector query returns a row after it was pushed, for each way in which rows get into a vector index:
//! `python3 tests/servers/servers.py run -- cargo bench --profile release --bench searchable -- --mode behind --rate 1000`.
//!
//! The table has a key, a vector and an HNSW index, and rows in it. Rows are pushed evenly spaced (`--rate`), or as fast as the
//! sink takes them (`--burst`). Meanwhile these ask the table:
//! - *probes* wait for single rows. A probe repeats the query `ORDER BY feature <-> the row's vector LIMIT 10` until it returns
//!   the row. The time from the push to that answer is *searchable*;
//! - the *reader* asks for the neighbours of vectors that no row has, ten times a second, and notes how long each query takes. Once a
//!   second (`--exact-every`) it also asks for the exact neighbours in the same snapshot. The share of them that the index found is
//!   the *recall*.
//!
//! With `--mode none` the table has no vector index: this shows how fast a burst can be at best.

#[path = "../../examples/cars/generator.rs"]
mod generator;
mod load;
mod over_time;
mod probe;
mod reader;
#[path = "../freshness/spread.rs"]
#[allow(dead_code, reason = "the freshness benchmark also divides one by another")]
mod spread;
#[path = "../../tests/it/support/mod.rs"]
mod support;
mod table;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use clap::Parser;
use load::Pushed;
use serde_json::json;
use support::PrivatePostgres;

#[derive(Parser, Clone)]
pub struct Arguments {
    /// How rows get into the vector index: inline or behind; none: the table has no vector index.
    #[arg(long, default_value = "inline", value_parser = ["inline", "behind", "none"])]
    mode: String,
    /// Rows per second.
    #[arg(long, default_value_t = 1000)]
    rate: u64,
    /// How long to push rows.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// Push this many rows, as fast as the sink takes them, instead of a number of rows per second.
    #[arg(long)]
    burst: Option<u64>,
    /// After a burst, wait also until all rows are in a vector index.
    #[arg(long)]
    until_indexed: bool,
    /// Rows already in the table, and so in its vector index.
    #[arg(long, default_value_t = 20_000)]
    before: u64,
    #[arg(long, default_value_t = 128)]
    dims: usize,
    /// Random vectors, which are the hardest for an index, instead of vectors as an embedding model makes them.
    #[arg(long)]
    random_vectors: bool,
    /// With every Nth query the reader also asks for the exact neighbours, which reads all rows.
    #[arg(long, default_value_t = 10, value_name = "N")]
    exact_every: usize,
    /// End with one line of JSON.
    #[arg(long)]
    json: bool,
    /// A further option of the sink, NAME=VALUE; may be given several times.
    #[arg(long = "option", value_name = "NAME=VALUE")]
    options: Vec<String>,
    /// Set by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let arguments = Arguments::parse();
    let Some(private) = PrivatePostgres::start() else { return };
    let server = &private.server;
    let first = table::fill(&mut server.connect(), &arguments);
    let ended = AtomicBool::new(false);
    let pushed = Pushed::default();
    let (result, probed, read) = thread::scope(|scope| {
        let probes = scope.spawn(|| probe::run(server, &arguments, first, &pushed, &ended));
        let reader = scope.spawn(|| reader::run(server, &arguments, &ended));
        let result = load::run(server, &arguments, first, &pushed);
        ended.store(true, Ordering::Release);
        (result, probes.join().expect("the probes live"), reader.join().expect("the reader lives"))
    });
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("{} {}; load {}", arguments.mode, what(&arguments), load.trim());
    spread::header();
    if let Some(searchable) = &probed.all {
        searchable.line("pushed to searchable");
        println!("  p99 of these in each 10 s, milliseconds: {:?}", probed.over_time);
    }
    if let Some(queries) = &read.queries {
        queries.line("a query meanwhile");
    }
    println!("  p99 of the queries in each 10 s, milliseconds: {:?}", read.over_time);
    println!(
        "  recall@10: mean {:.3}, least {:.3}, of {} questions",
        read.recall_mean, read.recall_least, read.questions
    );
    println!(
        "  all durable after {:.2} s, all searchable after {:.2} s",
        seconds(result.durable),
        seconds(result.searchable)
    );
    if let Some(indexed) = result.indexed {
        println!("  all in a vector index after {:.1} s", seconds(indexed));
    }
    if arguments.json {
        let line = json!({
            "searchable_ms": probed.all.map(|all| all.json()),
            "searchable_p99_over_time_ms": probed.over_time,
            "query_ms": read.queries.map(|queries| queries.json()),
            "query_p99_over_time_ms": read.over_time,
            "recall_mean": read.recall_mean,
            "recall_least": read.recall_least,
            "durable_seconds": seconds(result.durable),
            "all_searchable_seconds": seconds(result.searchable),
            "all_indexed_seconds": result.indexed.map(seconds),
        });
        println!("{line}");
    }
}

fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1000.0).round() / 1000.0
}

fn what(arguments: &Arguments) -> String {
    match arguments.burst {
        Some(rows) => format!("burst of {rows} rows of {} dimensions behind {}", arguments.dims, arguments.before),
        None => format!(
            "{} rows/s of {} dimensions for {} s behind {}",
            arguments.rate, arguments.dims, arguments.seconds, arguments.before
        ),
    }
}
