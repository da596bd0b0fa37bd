//! How many nanoseconds the decoding of a csv message of the main job into a row takes, and its encoding for COPY, compared with the
//! csv crate, which reads the same lines into strings, and `std`, which parses the vector's numbers.
//!
//! `cargo bench --bench decode_csv --profile release`

use std::fmt::Write;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use bumpalo::Bump;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use vecsink::internals::batch::RowFormat;
use vecsink::internals::change::Change;
use vecsink::internals::formats::csv::options::CsvFormat;
use vecsink::internals::formats::format::Format;
use vecsink::internals::record::Record;
use vecsink::internals::types::column::SourceColumn;
use vecsink::internals::types::column_types::ColumnType;
use vecsink::internals::types::data_type::DataType;
use vecsink::internals::types::encode::{EncodeOptions, RowEncoder};
use vecsink::internals::types::target::{TargetColumn, TargetTable};

const MESSAGES: i32 = 200;
const ROUNDS: usize = 300;

fn main() {
    for dimensions in [0, 10, 128, 768] {
        measure(dimensions);
    }
}

fn measure(dimensions: usize) {
    let types = [
        ("id", DataType::Int),
        ("market_time", DataType::Timestamp { precision: 6 }),
        ("color", DataType::Varchar(10)),
        ("price", DataType::Int),
        ("feature", DataType::STRING),
    ];
    let columns = types.map(|(name, data_type)| SourceColumn { name: name.into(), data_type, not_null: false });
    let format = Format::Csv(CsvFormat {
        field_delimiter: '\t',
        quote_character: Some('"'),
        allow_comments: false,
        ignore_parse_errors: false,
        array_element_delimiter: ";".into(),
        escape_character: None,
        null_literal: None,
    });
    let mut decoder = format.decoder(&columns, &[], None);
    let mut encoder = encoder();
    let topic: Arc<str> = Arc::from("vector_ingest");
    let mut arena = Bump::new();
    let messages = messages(dimensions);
    let lines = messages.join("\n");
    let mut out = Vec::with_capacity(dimensions * 8 + 200);
    let (mut decoding, mut ours, mut theirs) = (f64::MAX, f64::MAX, f64::MAX);
    // In turns, so that a change of the machine's speed affects all.
    for _ in 0..ROUNDS {
        for (encodes, best) in [(false, &mut decoding), (true, &mut ours)] {
            let started = Instant::now();
            for message in &messages {
                arena.reset();
                let record = Record::of_value(&topic, Some(black_box(message.as_bytes())));
                let decoded = match decoder.decode(&record, &arena) {
                    Ok(decoded) => black_box(decoded),
                    Err(rejection) => panic!("{rejection}"),
                };
                if encodes {
                    for change in decoded.changes {
                        let Change::Insert(row) = change else { panic!("{change:?}") };
                        out.clear();
                        assert_eq!(encoder.encode(row, &mut out), Ok(RowFormat::Binary));
                        black_box(&out);
                    }
                }
            }
            *best = best.min(started.elapsed().as_nanos() as f64 / f64::from(MESSAGES));
        }
        let started = Instant::now();
        let mut reader = csv::ReaderBuilder::new().delimiter(b'\t').has_headers(false).from_reader(lines.as_bytes());
        let mut row = csv::StringRecord::new();
        let mut numbers: Vec<f32> = Vec::with_capacity(dimensions);
        while reader.read_record(&mut row).unwrap_or_else(|error| panic!("{error}")) {
            numbers.clear();
            let vector = row[4].trim_start_matches('{').trim_end_matches('}');
            numbers.extend(vector.split(',').filter_map(|number| number.parse::<f32>().ok()));
            black_box((&row, &numbers));
        }
        theirs = theirs.min(started.elapsed().as_nanos() as f64 / f64::from(MESSAGES));
    }
    let size = lines.len() as f64 / f64::from(MESSAGES);
    println!(
        "csv {dimensions:4} dimensions: {decoding:7.1} ns a row of {size:6.0} bytes ({:5.2} GB/s), {ours:8.1} ns with its \
         encoding; csv crate and std {theirs:8.1} ns: {:4.1} times as fast",
        size / decoding,
        theirs / ours
    );
}

/// Into `car_info(id bigint, market_time timestamp, color varchar(10), price int, feature float4[])`.
fn encoder() -> RowEncoder {
    let column = |name: &str, column_type, source| TargetColumn {
        name: name.into(),
        type_name: String::new(),
        column_type,
        not_null: name == "id",
        dimension: None,
        source,
    };
    let columns = vec![
        column("id", ColumnType::Int8, DataType::Int),
        column("market_time", ColumnType::Timestamp(6), DataType::Timestamp { precision: 6 }),
        column("color", ColumnType::Varchar(Some(10)), DataType::Varchar(10)),
        column("price", ColumnType::Int4, DataType::Int),
        column("feature", ColumnType::Float4Array, DataType::STRING),
    ];
    let target = TargetTable {
        schema: "vector_test".into(),
        table: "car_info".into(),
        columns,
        key: Some(vec![0]),
        key_is_bytewise: true,
        other_unique: false,
    };
    RowEncoder::new(&target, EncodeOptions::default()).unwrap_or_else(|error| panic!("{error}"))
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
