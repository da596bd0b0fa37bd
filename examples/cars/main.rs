//! Prints sample cars, one on each line, as messages for the topic of `examples/sql/car_info.sql`, or sends them as messages of
//! another format.

mod generator;

use std::io::{BufWriter, Error, ErrorKind, Write};
use std::time::Duration;

use clap::{Parser, ValueEnum};
use generator::{Car, Cars, checksum_sql};
use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};

/// Prints sample cars, tab-separated, one on each line: id, market_time, color, price, feature.
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
    /// Vectors as an embedding model makes them, instead of random ones.
    #[arg(long, conflicts_with_all = ["checksum", "topic"])]
    embeddings: bool,
    /// Print the cars' checksum and the query that computes it in PostgreSQL, instead of the cars.
    #[arg(long)]
    checksum: bool,
    /// Send the cars to this topic, instead of printing them. (Avro messages can't be printed as lines.)
    #[arg(long, requires = "brokers")]
    topic: Option<String>,
    #[arg(long)]
    brokers: Option<String>,
    /// The format of the messages: that of examples/sql/car_info.sql, json.sql or avro.sql.
    #[arg(long, value_enum, default_value_t = Format::Csv, requires = "topic")]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Csv,
    Json,
    Avro,
}

impl Format {
    fn message(self, car: &Car) -> Vec<u8> {
        match self {
            Format::Csv => car.line(),
            Format::Json => car.json(),
            Format::Avro => car.avro(),
        }
    }
}

/// Sends the cars, and returns when the brokers have them all.
fn send(cars: Cars, format: Format, topic: &str, brokers: &str) -> std::io::Result<()> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers).set("linger.ms", "20").set("acks", "all");
    let producer: ThreadedProducer<DefaultProducerContext> = config.create().map_err(Error::other)?;
    for car in cars.iter() {
        let message = format.message(&car);
        let mut record = BaseRecord::<(), [u8]>::to(topic).payload(&message);
        while let Err((error, back)) = producer.send(record) {
            let is_full = matches!(error, KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull));
            if !is_full {
                return Err(Error::other(error));
            }
            producer.poll(Duration::from_millis(10));
            record = back;
        }
    }
    producer.flush(Duration::from_secs(600)).map_err(Error::other)
}

fn main() -> std::io::Result<()> {
    let Arguments { rows, dims, seed, embeddings, checksum, topic, brokers, format } = Arguments::parse();
    let cars = Cars { rows, dims, seed };
    if checksum {
        println!("{}\n{}", cars.checksum(), checksum_sql("vector_test.car_info"));
        return Ok(());
    }
    if let (Some(topic), Some(brokers)) = (topic, brokers) {
        return send(cars, format, &topic, &brokers);
    }
    let mut out = BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
    let written = cars.iter().try_for_each(|mut car| {
        if embeddings {
            car.feature = cars.embedding(car.id);
        }
        car.write(&mut out)?;
        out.write_all(b"\n")
    });
    match written.and_then(|()| out.flush()) {
        // The program that reads this, such as `head`, has closed its input.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
