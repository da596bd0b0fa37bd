//! Random schemas and values that the usual crate writes and our decoder reads.

use apache_avro::types::Value as Written;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value as Json, json};

use super::*;

enum Kind {
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Text,
    Bytes,
    Date,
    Millis,
    Micros,
    Decimal,
    Array(Box<Type>),
    Map(Box<Type>),
    Row(Vec<(String, Type)>),
}

struct Type {
    kind: Kind,
    /// `Some`: a union with null, and whether null comes first.
    nullable: Option<bool>,
}

fn any_type(random: &mut StdRng, depth: usize) -> Type {
    let most = if depth < 3 { 14 } else { 11 };
    let kind = match random.random_range(0..most) {
        0 => Kind::Boolean,
        1 => Kind::Int,
        2 => Kind::Long,
        3 => Kind::Float,
        4 => Kind::Double,
        5 => Kind::Text,
        6 => Kind::Bytes,
        7 => Kind::Date,
        8 => Kind::Millis,
        9 => Kind::Micros,
        10 => Kind::Decimal,
        11 => Kind::Array(Box::new(any_type(random, depth + 1))),
        12 => Kind::Map(Box::new(any_type(random, depth + 1))),
        _ => Kind::Row(any_fields(random, depth + 1)),
    };
    Type { kind, nullable: random.random_bool(0.5).then(|| random.random()) }
}

fn any_fields(random: &mut StdRng, depth: usize) -> Vec<(String, Type)> {
    (0..random.random_range(1..6)).map(|at| (format!("f{at}"), any_type(random, depth))).collect()
}

/// `names` counts the records, because each needs a name of its own.
fn record(fields: &[(String, Type)], names: &mut usize) -> Json {
    *names += 1;
    let name = format!("r{names}");
    let fields: Vec<Json> =
        fields.iter().map(|(name, of)| json!({"name": name, "type": written_type(of, names)})).collect();
    json!({"type": "record", "name": name, "fields": fields})
}

fn written_type(of: &Type, names: &mut usize) -> Json {
    let plain = match &of.kind {
        Kind::Boolean => json!("boolean"),
        Kind::Int => json!("int"),
        Kind::Long => json!("long"),
        Kind::Float => json!("float"),
        Kind::Double => json!("double"),
        Kind::Text => json!("string"),
        Kind::Bytes => json!("bytes"),
        Kind::Date => json!({"type": "int", "logicalType": "date"}),
        Kind::Millis => json!({"type": "long", "logicalType": "timestamp-millis"}),
        Kind::Micros => json!({"type": "long", "logicalType": "timestamp-micros"}),
        Kind::Decimal => json!({"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 4}),
        Kind::Array(items) => json!({"type": "array", "items": written_type(items, names)}),
        Kind::Map(values) => json!({"type": "map", "values": written_type(values, names)}),
        Kind::Row(fields) => record(fields, names),
    };
    match of.nullable {
        None => plain,
        Some(true) => json!(["null", plain]),
        Some(false) => json!([plain, "null"]),
    }
}

fn data_type(of: &Type) -> DataType {
    match &of.kind {
        Kind::Boolean => DataType::Boolean,
        Kind::Int => DataType::Int,
        Kind::Long => DataType::BigInt,
        Kind::Float => DataType::Float,
        Kind::Double => DataType::Double,
        Kind::Text => DataType::STRING,
        Kind::Bytes => DataType::Varbinary(crate::types::data_type::UNBOUNDED),
        Kind::Date => DataType::Date,
        Kind::Millis | Kind::Micros => DataType::Timestamp { precision: 6 },
        Kind::Decimal => DataType::Decimal { precision: 18, scale: 4 },
        Kind::Array(items) => DataType::Array(Box::new(data_type(items))),
        Kind::Map(values) => DataType::Map(Box::new(DataType::STRING), Box::new(data_type(values))),
        Kind::Row(fields) => DataType::Row(row_of(fields)),
    }
}

fn row_of(fields: &[(String, Type)]) -> Vec<RowField> {
    fields.iter().map(|(name, of)| RowField { name: name.clone(), data_type: data_type(of) }).collect()
}

/// A value of the crate's type, and the text that the decoded value must have.
fn any_value(of: &Type, random: &mut StdRng, in_array: bool) -> (Written, String) {
    if let Some(null_first) = of.nullable {
        let (null, other) = if null_first { (0, 1) } else { (1, 0) };
        if random.random_bool(0.2) {
            return (Written::Union(null, Box::new(Written::Null)), "null".into());
        }
        let (written, shown) = any_plain(of, random, in_array);
        return (Written::Union(other, Box::new(written)), shown);
    }
    any_plain(of, random, in_array)
}

fn any_plain(of: &Type, random: &mut StdRng, in_array: bool) -> (Written, String) {
    // Numbers of all lengths.
    let long = random.random::<i64>() >> random.random_range(0..64);
    let text: String = (0..random.random_range(0..5)).map(|_| random.random_range('a'..'ü')).collect();
    let moment = |per_second: i64| {
        let nanos = long.rem_euclid(per_second) * (1_000_000_000 / per_second);
        format!("{}s+{nanos}", long.div_euclid(per_second))
    };
    match &of.kind {
        Kind::Boolean => (Written::Boolean(long & 1 == 1), (long & 1 == 1).to_string()),
        Kind::Int => (Written::Int(long as i32), (long as i32).to_string()),
        Kind::Long => (Written::Long(long), long.to_string()),
        Kind::Float => (Written::Float(long as f32 / 8.0), format!("{}f", long as f32 / 8.0)),
        Kind::Double => (Written::Double(long as f64 / 8.0), format!("{}", long as f64 / 8.0)),
        Kind::Text => (Written::String(text.clone()), format!("'{text}'")),
        Kind::Bytes => (Written::Bytes(text.clone().into_bytes()), show(&Value::Bytes(text.as_bytes()))),
        Kind::Date => (Written::Date(long as i32), format!("day {}", long as i32)),
        Kind::Millis => (Written::TimestampMillis(long), moment(1_000)),
        Kind::Micros => (Written::TimestampMicros(long), moment(1_000_000)),
        Kind::Decimal => {
            let unscaled = long % 1_000_000_000_000_000_000;
            (Written::Decimal(unscaled.to_be_bytes().to_vec().into()), format!("{unscaled}e-4"))
        }
        Kind::Array(items) => {
            let values: Vec<_> = (0..random.random_range(0..5)).map(|_| any_value(items, random, true)).collect();
            let is_vector = matches!(items.kind, Kind::Float | Kind::Double)
                && !in_array
                && values.iter().all(|(_, shown)| shown != "null");
            let (open, close) = if is_vector { ("<", ">") } else { ("[", "]") };
            let shown: Vec<String> = values.iter().map(|(_, shown)| shown.clone()).collect();
            let written = Written::Array(values.into_iter().map(|(written, _)| written).collect());
            (written, format!("{open}{}{close}", shown.join(",")))
        }
        Kind::Map(values) => {
            let values: Vec<_> =
                (0..random.random_range(0..4)).map(|at| (format!("k{at}"), any_value(values, random, true))).collect();
            let shown: Vec<String> = values.iter().map(|(key, (_, shown))| format!("'{key}'={shown}")).collect();
            let written = values.into_iter().map(|(key, (written, _))| (key, written)).collect();
            (Written::Map(written), format!("{{{}}}", shown.join(",")))
        }
        Kind::Row(fields) => {
            let (written, shown) = any_row(fields, random, in_array);
            (written, format!("({})", shown.join(",")))
        }
    }
}

fn any_row(fields: &[(String, Type)], random: &mut StdRng, in_array: bool) -> (Written, Vec<String>) {
    let values: Vec<_> = fields.iter().map(|(name, of)| (name.clone(), any_value(of, random, in_array))).collect();
    let shown = values.iter().map(|(_, (_, shown))| shown.clone()).collect();
    (Written::Record(values.into_iter().map(|(name, (written, _))| (name, written)).collect()), shown)
}

#[test]
fn values_that_another_avro_library_writes_are_read_with_the_same_values() {
    for seed in 0..1500_u64 {
        let mut random = StdRng::seed_from_u64(seed);
        let types = any_fields(&mut random, 0);
        let text = record(&types, &mut 0).to_string();
        let writer =
            apache_avro::Schema::parse_str(&text).unwrap_or_else(|error| panic!("seed {seed}: {error}: {text}"));
        // The table has some of the fields, in another order.
        let mut order: Vec<usize> = (0..types.len()).collect();
        order.shuffle(&mut random);
        order.truncate(random.random_range(1..=types.len()));
        let all = row_of(&types);
        let columns: Vec<RowField> = order.iter().map(|at| all[*at].clone()).collect();
        let mut confluent = Confluent::new(schema(&text), columns, known(&[(1, &text)]));
        for _ in 0..3 {
            let (written, shown) = any_row(&types, &mut random, false);
            let datum = apache_avro::to_avro_datum(&writer, written).expect("the value is of its schema");
            let expected: Vec<String> = order.iter().map(|at| shown[*at].clone()).collect();
            let message = [&[0, 0, 0, 0, 1][..], &datum].concat();
            let found = decode(&mut confluent, Some(&message));
            assert_eq!(found, Ok(format!("+I {}", expected.join(", "))), "seed {seed}: {text}");
            let cut = random.random_range(5..=message.len());
            let _ = decode(&mut confluent, Some(&message[..cut]));
        }
    }
}
