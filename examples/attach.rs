//! Reads a topic inside this program and writes it into a table: `cargo run --release --example attach
//! postgresql://… kafka:9092 TOPIC schema.table`. The messages are CSV with tabs between the fields: an id and a vector.

use std::time::Duration;

use vecsink::Pipeline;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, brokers, topic, table] = arguments.as_slice() else {
        return Err("usage: attach postgresql://user:password@host/database BROKERS TOPIC SCHEMA.TABLE".into());
    };
    let job = Pipeline::attach(url, table)
        .column("id", "BIGINT")
        .column("embedding", "STRING")
        .source_option("topic", topic)
        .source_option("properties.bootstrap.servers", brokers)
        .source_option("format", "csv")
        .source_option("csv.field-delimiter", "\t")
        .source_option("scan.startup.mode", "earliest-offset")
        .source_option("scan.bounded.mode", "latest-offset")
        .sink_option("conflictmode", "upsert")
        .pipeline()
        .name("attach example")
        .start()?;
    while !job.wait(Duration::from_secs(1)) {
        println!("{} rows so far", job.stats().counters.rows_written);
    }
    let summary = job.stop(Duration::from_secs(25))?;
    println!("{} rows written", summary.counters.rows_written);
    Ok(())
}
