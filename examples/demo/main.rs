//! The whole path on this machine: an embedded Kafka broker, `vecsink run`, PostgreSQL with pgvector, a search.
//!
//! `make demo` builds the programs and runs the demo. Nothing is left running, and no files are left.

#[path = "../cars/generator.rs"]
mod generator;
mod parts;
mod report;

use std::error::Error;
use std::time::{Duration, Instant};

use generator::Cars;
use parts::{Broker, Interrupted, Job, Postgres};
use postgres::Client;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const CARS: Cars = Cars { rows: 20_000, dims: 10, seed: 1 };
const ONE_BY_ONE: i64 = 50;
const JOB: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/sql/car_info.sql");
const TABLE: &str = include_str!("../sql/car_info_table.sql");

fn main() -> std::process::ExitCode {
    match demo() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\ndemo: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn demo() -> Result<()> {
    let interrupted = Interrupted::watch()?;
    report::step("Starting PostgreSQL with pgvector, and a Kafka broker inside this process");
    let postgres = Postgres::start()?;
    let broker = Broker::start("vector_ingest")?;
    report::step("Making vector_test.car_info with its indexes on market_time, color, price, and hnsw on the vector");
    postgres.connect("postgres")?.batch_execute("CREATE DATABASE adbpg_test")?;
    let mut client = postgres.connect("adbpg_test")?;
    client.batch_execute(TABLE)?;
    report::step(&format!("Producing {} cars", report::grouped(CARS.rows)));
    broker.produce(CARS.iter())?;

    report::step("Running the job: vecsink run examples/sql/car_info.sql -D vector_ingest.sink.vector-index=behind");
    let started = Instant::now();
    let mut job = Job::start(JOB, &postgres, &broker)?;
    let limit = Duration::from_secs(120);
    let all = wait_for(&mut job, &interrupted, limit, || Ok(count(&mut client)? >= CARS.rows as i64));
    all.map_err(|error| format!("the rows didn't all arrive: {error}"))?;
    let loaded = started.elapsed();

    report::step("Asking for the ten cars nearest to car 4242");
    nearest(&mut client, 4242)?;

    report::step(&format!("Producing {ONE_BY_ONE} more, one by one, to see how soon each can be queried"));
    let seen = client.prepare("SELECT FROM vector_test.car_info WHERE id = $1")?;
    let mut delays = Vec::new();
    for id in (CARS.rows as i64 + 1..).take(ONE_BY_ONE as usize) {
        let produced = Instant::now();
        broker.send(&CARS.car(id))?;
        wait_for(&mut job, &interrupted, limit, || Ok(!client.query(&seen, &[&id])?.is_empty()))?;
        delays.push(produced.elapsed());
    }

    report::step("Stopping the job");
    let summary = job.stop()?;
    report::result(CARS.rows, loaded, delays, &summary);
    Ok(())
}

/// Waits until the condition holds. Fails when the job ends, the time is over or Ctrl-C was pressed.
fn wait_for(
    job: &mut Job,
    interrupted: &Interrupted,
    limit: Duration,
    mut so: impl FnMut() -> Result<bool>,
) -> Result<()> {
    let deadline = Instant::now() + limit;
    while !so()? {
        interrupted.check()?;
        job.check()?;
        if Instant::now() > deadline {
            return Err(format!("not within {limit:?}").into());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

fn count(client: &mut Client) -> Result<i64> {
    Ok(client.query_one("SELECT count(*) FROM vector_test.car_info", &[])?.get(0))
}

/// Prints the ten nearest cars, which are found through the vector index.
fn nearest(client: &mut Client, id: i64) -> Result<()> {
    let query = format!(
        "SELECT id, market_time::text, color, price, round((feature::vector(10) <-> (SELECT feature::vector(10) \
         FROM vector_test.car_info WHERE id = {id}))::numeric, 4)::text AS distance FROM vector_test.car_info \
         ORDER BY feature::vector(10) <-> (SELECT feature::vector(10) FROM vector_test.car_info WHERE id = {id}) LIMIT 10"
    );
    let plan = client.query(&format!("EXPLAIN {query}"), &[])?;
    if !plan.iter().any(|line| line.get::<_, &str>(0).contains("Index Scan using car_info_feature_idx")) {
        return Err("PostgreSQL didn't choose the vector index".into());
    }
    let started = Instant::now();
    let rows = client.query(&query, &[])?;
    report::cars(&rows, started.elapsed());
    Ok(())
}
