//! How fast rows of the main job are encoded for COPY, compared with splitting the literal and parsing its numbers with `std`.
//!
//! `cargo bench --bench encode --profile release`

use std::hint::black_box;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use vecsink::internals::batch::RowFormat;
use vecsink::internals::types::column_types::ColumnType;
use vecsink::internals::types::data_type::{DataType, UNBOUNDED};
use vecsink::internals::types::encode::{EncodeOptions, RowEncoder, VectorOptions};
use vecsink::internals::types::target::{TargetColumn, TargetTable};
use vecsink::internals::types::value::Value;
use vecsink::internals::types::vector_encoding::{PackedNumber, VectorEncoding};

const LITERALS: usize = 500;
const ROUNDS: usize = 7;

fn main() {
    for dimensions in [10, 128, 768] {
        measure("shortest f32", dimensions, |random| format!("{}", random.random::<f32>() - 0.5));
    }
    measure("six decimals", 768, |random| format!("{:.6}", random.random::<f32>() - 0.5));
    measure("f32 printed as f64", 768, |random| format!("{}", f64::from(random.random::<f32>() - 0.5)));
    measure("with exponents", 768, |random| format!("{:.8e}", random.random::<f32>() - 0.5));
    let column_types = [ColumnType::Float4Array, ColumnType::Vector, ColumnType::HalfVec, ColumnType::SparseVec];
    for (column_type, normalize) in
        column_types.iter().flat_map(|column_type| [(column_type, false), (column_type, true)])
    {
        measure_packed(column_type, normalize, 768);
    }
}

/// Little-endian f32 in BYTES.
fn measure_packed(column_type: &ColumnType, normalize: bool, dimensions: usize) {
    let mut random = StdRng::seed_from_u64(1);
    let vector: Vec<u8> = (0..dimensions).flat_map(|_| (random.random::<f32>() - 0.5).to_le_bytes()).collect();
    let encoding = Some(VectorEncoding { number: PackedNumber::F32, big_endian: false, base64: false });
    let vectors = VectorOptions { encoding, normalize };
    let source = DataType::Varbinary(UNBOUNDED);
    let mut encoder = encoder_of(vec![column("feature", column_type.clone(), source)], vectors);
    let mut out = Vec::with_capacity(LITERALS * (dimensions * 8 + 200));
    let ours = best_per_row(20, || {
        out.clear();
        for _ in 0..LITERALS {
            assert_eq!(encoder.encode(&[Value::Bytes(&vector)], &mut out), Ok(RowFormat::Binary));
        }
        black_box(&out);
    });
    let normalized = if normalize { "normalized" } else { "" };
    println!(
        "f32le, {dimensions} dims → {column_type:?} {normalized}: {ours:.0} ns/row, {:.2} ns/element",
        ours / dimensions as f64
    );
}

fn measure(name: &str, dimensions: usize, print: impl Fn(&mut StdRng) -> String) {
    let mut random = StdRng::seed_from_u64(1);
    let literals: Vec<String> = (0..LITERALS)
        .map(|_| {
            let elements: Vec<String> = (0..dimensions).map(|_| print(&mut random)).collect();
            format!("{{{}}}", elements.join(","))
        })
        .collect();
    let bytes = literals.iter().map(String::len).sum::<usize>() as f64 / LITERALS as f64;
    let repeats = (3_000_000 / (dimensions * LITERALS)).max(1);

    let mut encoder = encoder();
    let mut out = Vec::with_capacity(LITERALS * (dimensions * 8 + 200));
    let ours = best_per_row(repeats, || {
        out.clear();
        for (id, literal) in literals.iter().enumerate() {
            let row = [
                Value::Int(id as i64),
                Value::Timestamp { seconds: 1_700_000_000, nanos: 123_000_000 },
                Value::Text("red"),
                Value::Int(42),
                Value::Text(literal),
            ];
            assert_eq!(encoder.encode(&row, &mut out), Ok(RowFormat::Binary));
        }
        black_box(&out);
    });
    let std = best_per_row(repeats, || {
        out.clear();
        for literal in &literals {
            for element in literal[1..literal.len() - 1].split(',') {
                out.extend_from_slice(&element.parse::<f32>().map_or([0; 4], f32::to_be_bytes));
            }
        }
        black_box(&out);
    });
    println!(
        "{name:>18}, {dimensions:>3} dims: {ours:>7.0} ns/row, {:>5.2} ns/element, {:>5.0} MB/s of literal; std {:>5.2} ns/element",
        ours / dimensions as f64,
        bytes / ours * 1000.0,
        std / dimensions as f64,
    );
}

/// Nanoseconds a row in the best round.
fn best_per_row(repeats: usize, mut once: impl FnMut()) -> f64 {
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let started = Instant::now();
        (0..repeats).for_each(|_| once());
        best = best.min(started.elapsed());
    }
    best.as_nanos() as f64 / (repeats * LITERALS) as f64
}

fn column(name: &str, column_type: ColumnType, source: DataType) -> TargetColumn {
    TargetColumn {
        name: name.into(),
        type_name: String::new(),
        column_type,
        not_null: name == "id",
        dimension: None,
        source,
    }
}

/// `car_info(id bigint, market_time timestamp, color varchar(10), price int, feature float4[])`
fn encoder() -> RowEncoder {
    let columns = vec![
        column("id", ColumnType::Int8, DataType::Int),
        column("market_time", ColumnType::Timestamp(6), DataType::Timestamp { precision: 6 }),
        column("color", ColumnType::Varchar(Some(10)), DataType::Varchar(10)),
        column("price", ColumnType::Int4, DataType::Int),
        column("feature", ColumnType::Float4Array, DataType::STRING),
    ];
    encoder_of(columns, VectorOptions::default())
}

fn encoder_of(columns: Vec<TargetColumn>, vectors: VectorOptions) -> RowEncoder {
    let target = TargetTable {
        schema: "vector_test".into(),
        table: "car_info".into(),
        columns,
        key: Some(vec![0]),
        key_is_bytewise: true,
        other_unique: false,
    };
    match RowEncoder::new(&target, EncodeOptions { vectors, ..EncodeOptions::default() }) {
        Ok(encoder) => encoder,
        Err(error) => panic!("{error}"),
    }
}
