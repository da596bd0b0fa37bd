//! Prints sample cars, one a line, as messages for the topic of `examples/sql/car_info.sql`.

mod generator;

use std::io::{BufWriter, ErrorKind, Write};

use clap::Parser;
use generator::{Cars, checksum_sql};

/// Prints sample cars, tab-separated, one a line: id, market_time, color, price, feature.
///
///   cargo run --release --example cars -- --rows 1000 | vecsink produce --topic vector_ingest -
#[derive(Parser)]
#[command(verbatim_doc_comment)]
struct Arguments {
    /// How many cars; their ids begin at 1.
    #[arg(long, default_value_t = 20_000)]
    rows: u64,
    /// How many elements a vector has.
    #[arg(long, default_value_t = 10)]
    dims: usize,
    /// The same seed gives the same cars.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print the cars' checksum and the query that computes it in PostgreSQL, instead of the cars.
    #[arg(long)]
    checksum: bool,
}

fn main() -> std::io::Result<()> {
    let Arguments { rows, dims, seed, checksum } = Arguments::parse();
    let cars = Cars { rows, dims, seed };
    if checksum {
        println!("{}\n{}", cars.checksum(), checksum_sql("vector_test.car_info"));
        return Ok(());
    }
    let mut out = BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
    let written = cars.iter().try_for_each(|car| {
        car.write(&mut out)?;
        out.write_all(b"\n")
    });
    match written.and_then(|()| out.flush()) {
        // The reader, `head` perhaps, has had enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
