//! How many nanoseconds the decoding of an Avro message into a row takes, compared with apache-avro, which reads the same bytes into
//! its `Value`.
//!
//! `cargo bench --bench decode_avro --profile release`

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use apache_avro::types::Value;
use apache_avro::{Schema, from_avro_datum, to_avro_datum};
use bumpalo::Bump;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use vecsink::internals::formats::avro::options::{AvroEncoding, AvroFormat};
use vecsink::internals::formats::format::Format;
use vecsink::internals::record::Record;
use vecsink::internals::types::column::SourceColumn;
use vecsink::internals::types::data_type::DataType;

const MESSAGES: usize = 2_000;
const ROUNDS: usize = 15;

fn main() {
    // `ARRAY<FLOAT>` and `ARRAY<FLOAT NOT NULL>`, as Flink derives them.
    for (name, items) in [("float or null", r#"["null", "float"]"#), ("float", r#""float""#)] {
        for dimensions in [10, 128, 768] {
            measure(name, items, dimensions);
        }
    }
}

fn measure(name: &str, items: &str, dimensions: usize) {
    let types = [
        ("id", DataType::Int),
        ("market_time", DataType::Timestamp { precision: 3 }),
        ("color", DataType::Varchar(10)),
        ("price", DataType::Int),
        ("feature", DataType::Array(Box::new(DataType::Float))),
    ];
    let schema = format!(
        r#"{{"type": "record", "name": "r", "fields": [{{"name": "id", "type": ["null", "int"]}},
            {{"name": "market_time", "type": ["null", {{"type": "long", "logicalType": "timestamp-millis"}}]}},
            {{"name": "color", "type": ["null", "string"]}}, {{"name": "price", "type": ["null", "int"]}},
            {{"name": "feature", "type": ["null", {{"type": "array", "items": {items}}}]}}]}}"#
    );
    let theirs_schema = match Schema::parse_str(&schema) {
        Ok(schema) => schema,
        Err(error) => panic!("{error}"),
    };
    let messages = messages(&theirs_schema, items.starts_with('['), dimensions);
    let columns = types.map(|(name, data_type)| SourceColumn { name: name.into(), data_type, not_null: false });
    let options = AvroFormat { schema, encoding: AvroEncoding::Binary, legacy_timestamps: true };
    let mut decoder = Format::Avro(options).decoder(&columns, &[], None);
    let topic: Arc<str> = Arc::from("vector_ingest");
    let mut arena = Bump::new();
    let size = messages.iter().map(Vec::len).sum::<usize>() as f64 / MESSAGES as f64;
    let (mut ours, mut theirs) = (f64::MAX, f64::MAX);
    // In turns, so that a change of the machine's speed affects both.
    for _ in 0..ROUNDS {
        let started = Instant::now();
        for message in &messages {
            arena.reset();
            let record = Record::of_value(&topic, Some(black_box(message)));
            match decoder.decode(&record, &arena) {
                Ok(decoded) => drop(black_box(decoded.changes)),
                Err(rejection) => panic!("{rejection}"),
            }
        }
        ours = ours.min(started.elapsed().as_nanos() as f64 / MESSAGES as f64);
        let started = Instant::now();
        for message in &messages {
            match from_avro_datum(&theirs_schema, &mut black_box(message.as_slice()), None) {
                Ok(value) => drop(black_box(value)),
                Err(error) => panic!("{error}"),
            }
        }
        theirs = theirs.min(started.elapsed().as_nanos() as f64 / MESSAGES as f64);
    }
    println!(
        "avro array of {name:13} {dimensions:4} dimensions: {ours:8.1} ns a row of {size:6.0} bytes ({:5.2} GB/s), apache-avro \
         {theirs:8.1} ns: {:5.1} times as fast",
        size / ours,
        theirs / ours
    );
}

fn messages(schema: &Schema, nullable: bool, dimensions: usize) -> Vec<Vec<u8>> {
    let mut random = SmallRng::seed_from_u64(1);
    let some = |value| Value::Union(1, Box::new(value));
    let mut element = || {
        let number = Value::Float(random.random_range(-1.0..1.0_f32));
        if nullable { some(number) } else { number }
    };
    let mut message = |id: i32| {
        let feature = (0..dimensions).map(|_| element()).collect();
        let fields = [
            ("id", some(Value::Int(id))),
            ("market_time", some(Value::TimestampMillis(1_709_281_800_000 + i64::from(id)))),
            ("color", some(Value::String("blue".into()))),
            ("price", some(Value::Int(10_000 + id))),
            ("feature", some(Value::Array(feature))),
        ];
        let record = Value::Record(fields.map(|(name, value)| (name.to_string(), value)).to_vec());
        match to_avro_datum(schema, record) {
            Ok(bytes) => bytes,
            Err(error) => panic!("{error}"),
        }
    };
    (0..MESSAGES as i32).map(&mut message).collect()
}
