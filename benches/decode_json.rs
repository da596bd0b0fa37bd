//! How many nanoseconds the decoding of a JSON message into a row takes, compared with serde_json, which reads the same bytes into its
//! `Value`.
//!
//! `cargo bench --bench decode_json --profile release`

use std::fmt::Write;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use bumpalo::Bump;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use vecsink::internals::formats::format::Format;
use vecsink::internals::formats::json::options::{JsonFormat, TimestampStandard};
use vecsink::internals::record::Record;
use vecsink::internals::types::column::SourceColumn;
use vecsink::internals::types::data_type::DataType;

const MESSAGES: usize = 200;
const ROUNDS: usize = 150;

fn main() {
    let float = DataType::Array(Box::new(DataType::Float));
    let double = DataType::Array(Box::new(DataType::Double));
    for (name, feature, digits) in [
        ("ARRAY<FLOAT>, 6 digits", float.clone(), Digits::Six),
        ("ARRAY<FLOAT>, f32 as f64", float, Digits::Double),
        ("ARRAY<DOUBLE>, 6 digits", double, Digits::Six),
        ("STRING, 6 digits", DataType::STRING, Digits::Six),
    ] {
        for dimensions in [10, 128, 768] {
            measure(name, &feature, dimensions, digits);
        }
    }
}

#[derive(Clone, Copy)]
enum Digits {
    Six,
    /// As Python prints a float32 that was converted to a float: about 17 digits.
    Double,
}

fn measure(name: &str, feature: &DataType, dimensions: usize, digits: Digits) {
    let types = [
        ("id", DataType::Int),
        ("market_time", DataType::Timestamp { precision: 6 }),
        ("color", DataType::Varchar(10)),
        ("price", DataType::Int),
        ("feature", feature.clone()),
    ];
    let columns = types.map(|(name, data_type)| SourceColumn { name: name.into(), data_type, not_null: false });
    let options =
        JsonFormat { fail_on_missing_field: false, ignore_parse_errors: false, timestamps: TimestampStandard::Sql };
    let mut decoder = Format::Json(options).decoder(&columns, &[], None);
    let topic: Arc<str> = Arc::from("vector_ingest");
    let mut arena = Bump::new();
    let messages = messages(dimensions, digits);
    let size = messages.iter().map(String::len).sum::<usize>() as f64 / MESSAGES as f64;
    let (mut ours, mut theirs) = (f64::MAX, f64::MAX);
    // In turns, so that a change of the machine's speed affects both.
    for _ in 0..ROUNDS {
        let started = Instant::now();
        for message in &messages {
            arena.reset();
            let record = Record::of_value(&topic, Some(black_box(message.as_bytes())));
            match decoder.decode(&record, &arena) {
                Ok(decoded) => drop(black_box(decoded.changes)),
                Err(rejection) => panic!("{rejection}"),
            }
        }
        ours = ours.min(started.elapsed().as_nanos() as f64 / MESSAGES as f64);
        let started = Instant::now();
        for message in &messages {
            match serde_json::from_slice::<serde_json::Value>(black_box(message.as_bytes())) {
                Ok(value) => drop(black_box(value)),
                Err(error) => panic!("{error}"),
            }
        }
        theirs = theirs.min(started.elapsed().as_nanos() as f64 / MESSAGES as f64);
    }
    println!(
        "json {name:25} {dimensions:4} dimensions: {ours:8.1} ns a row of {size:6.0} bytes ({:4.2} GB/s), serde_json \
         {theirs:8.1} ns: {:4.1} times as fast",
        size / ours,
        theirs / ours
    );
}

fn messages(dimensions: usize, digits: Digits) -> Vec<String> {
    let mut random = SmallRng::seed_from_u64(1);
    let message = |id: usize| {
        let mut text = format!(
            r#"{{"id": {id}, "market_time": "2024-03-01 08:{:02}:{:02}.{:03}", "color": "blue", "price": {}, "feature": ["#,
            id / 60 % 60,
            id % 60,
            id % 1000,
            10_000 + id
        );
        for index in 0..dimensions {
            let comma = if index > 0 { ", " } else { "" };
            let element = random.random_range(-1.0..1.0_f32);
            let _ = match digits {
                Digits::Six => write!(text, "{comma}{element:.6}"),
                Digits::Double => write!(text, "{comma}{}", f64::from(element)),
            };
        }
        text + "]}"
    };
    (0..MESSAGES).map(message).collect()
}
