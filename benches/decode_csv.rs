//! Nanoseconds a row of the main job's messages takes to decode, at 10, 128 and 768 dimensions.

use std::fmt::Write;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use bumpalo::Bump;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use vecsink::data_type::DataType;
use vecsink::decode::decoder;
use vecsink::record::{Record, TimestampType};
use vecsink::settings::{Column, CsvFormat, Format};

const MESSAGES: i32 = 10_000;

fn main() {
    let types = [
        ("id", DataType::Int),
        ("market_time", DataType::Timestamp { precision: 6 }),
        ("color", DataType::Varchar(10)),
        ("price", DataType::Int),
        ("feature", DataType::STRING),
    ];
    let columns = types.map(|(name, data_type)| Column { name: name.into(), data_type, not_null: false });
    let format = Format::Csv(CsvFormat {
        field_delimiter: '\t',
        quote_character: Some('"'),
        allow_comments: false,
        ignore_parse_errors: false,
        array_element_delimiter: ";".into(),
        escape_character: None,
        null_literal: None,
    });
    let mut decoder = decoder(&format, &columns, &[]);
    let topic: Arc<str> = Arc::from("vector_ingest");
    let mut arena = Bump::new();
    for dimensions in [0, 10, 128, 768] {
        let messages = messages(dimensions);
        let bytes: usize = messages.iter().map(String::len).sum();
        let mut best = f64::MAX;
        for _ in 0..30 {
            let started = Instant::now();
            for message in &messages {
                arena.reset();
                let record = Record {
                    topic: &topic,
                    partition: 0,
                    offset: 0,
                    timestamp_ms: None,
                    timestamp_type: TimestampType::Missing,
                    leader_epoch: None,
                    key: None,
                    headers: &[],
                    value: Some(black_box(message.as_bytes())),
                };
                match decoder.decode(&record, &arena) {
                    Ok(decoded) => drop(black_box(decoded.changes)),
                    Err(rejection) => panic!("{rejection}"),
                }
            }
            best = best.min(started.elapsed().as_nanos() as f64 / f64::from(MESSAGES));
        }
        let size = bytes as f64 / f64::from(MESSAGES);
        println!("{dimensions:4} dimensions: {best:7.1} ns a row of {size:6.0} bytes, {:5.2} GB/s", size / best);
    }
}

fn messages(dimensions: usize) -> Vec<String> {
    let mut random = SmallRng::seed_from_u64(1);
    let message = |id| {
        let mut text = format!(
            "{id}\t2024-03-01 08:{:02}:{:02}.{:03}\tblue\t{}\t{{",
            id / 60 % 60,
            id % 60,
            id % 1000,
            10_000 + id
        );
        for index in 0..dimensions {
            let comma = if index > 0 { "," } else { "" };
            let _ = write!(text, "{comma}{:.6}", random.random_range(-1.0..1.0_f32));
        }
        text + "}"
    };
    (0..MESSAGES).map(message).collect()
}
