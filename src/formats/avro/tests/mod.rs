//! How the Avro formats decode messages: samples of Flink's formats, their rules, and every kind of error.

mod damage;
mod oracle;
mod resolution;

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use bumpalo::Bump;

use super::{Avro, Confluent, DebeziumAvro};
use crate::change::Change;
use crate::formats::Decode;
use crate::formats::avro::options::AvroEncoding;
use crate::formats::avro::schema::AvroSchema;
use crate::record::Record;
use crate::schema_registry::schemas::{RegisteredSchema, SchemaLookup, Schemas};
use crate::types::data_type::{DataType, RowField};
use crate::types::value::Value;

const READER: &str = r#"{"type": "record", "name": "r", "fields": [
    {"name": "id", "type": ["null", "int"], "default": null},
    {"name": "color", "type": ["null", "string"], "default": null},
    {"name": "feature", "type": ["null", {"type": "array", "items": ["null", "float"]}], "default": null}]}"#;

fn columns() -> Vec<RowField> {
    let feature = DataType::Array(Box::new(DataType::Float));
    fields(&[("id", DataType::Int), ("color", DataType::STRING), ("feature", feature)])
}

fn fields(of: &[(&str, DataType)]) -> Vec<RowField> {
    of.iter().map(|(name, data_type)| RowField { name: name.to_string(), data_type: data_type.clone() }).collect()
}

fn schema(text: &str) -> AvroSchema {
    AvroSchema::parse(text, &[]).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn bytes(hex: &str) -> Vec<u8> {
    hex.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
}

/// A registry that knows only these schemas. If there are none, it doesn't answer.
struct Known(HashMap<u32, String>);

impl Schemas for Known {
    fn find(&self, id: u32) -> SchemaLookup {
        match self.0.get(&id) {
            Some(text) => {
                SchemaLookup::Schema(Arc::new(RegisteredSchema { text: text.clone(), references: Vec::new() }))
            }
            None if self.0.is_empty() => SchemaLookup::NotNow,
            None => SchemaLookup::Nothing(format!("no schema {id}")),
        }
    }
}

fn known(writers: &[(u32, &str)]) -> Arc<dyn Schemas> {
    Arc::new(Known(writers.iter().map(|(id, text)| (*id, text.to_string())).collect()))
}

/// The rows of a message, each on its own line, or the error.
fn decode(decoder: &mut dyn Decode, message: Option<&[u8]>) -> Result<String, String> {
    let (topic, arena) = (Arc::from("t"), Bump::new());
    let record = Record::of_value(&topic, message);
    assert_eq!(decoder.is_ready(&record), Ok(true));
    let decoded = decoder.decode(&record, &arena).map_err(|rejection| rejection.to_string())?;
    let rows = decoded.changes.iter().map(|change| match change {
        Change::Insert(row) => format!("+I {}", show_all(row)),
        Change::Delete(row) => format!("-D {}", show_all(row)),
        Change::Update { before, after } => {
            format!("-U {}\n+U {}", show_all(before.unwrap_or_default()), show_all(after))
        }
    });
    Ok(rows.collect::<Vec<_>>().join("\n"))
}

fn show_all(row: &[Value<'_>]) -> String {
    row.iter().map(show).collect::<Vec<_>>().join(", ")
}

fn show(value: &Value<'_>) -> String {
    let list = |open: &str, all: Vec<String>, close: &str| format!("{open}{}{close}", all.join(","));
    match value {
        Value::Null => "null".into(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => format!("{value}f"),
        Value::Double(value) => format!("{value}"),
        Value::Decimal(value) => format!("{}e-{}", value.unscaled, value.scale),
        Value::Text(text) => format!("'{text}'"),
        Value::Bytes(bytes) => bytes.iter().fold("x".into(), |mut hex, byte| {
            write!(hex, "{byte:02x}").unwrap();
            hex
        }),
        Value::Months(months) => format!("{months} months"),
        Value::Millis(millis) => format!("{millis} ms"),
        Value::Date(days) => format!("day {days}"),
        Value::Time(nanos) => format!("time {nanos}"),
        Value::Timestamp { seconds, nanos } => format!("{seconds}s+{nanos}"),
        Value::Instant { seconds, nanos } => format!("{seconds}sZ+{nanos}"),
        Value::Array(values) => list("[", values.iter().map(show).collect(), "]"),
        Value::Vector(vector) => list("<", (0..vector.len()).map(|at| show(&vector.element(at))).collect(), ">"),
        Value::Row(values) => list("(", values.iter().map(show).collect(), ")"),
        Value::Map(entries) => {
            let mut entries: Vec<String> =
                entries.iter().map(|(key, value)| format!("{}={}", show(key), show(value))).collect();
            entries.sort();
            list("{", entries, "}")
        }
        Value::Unchanged => "unchanged".into(),
    }
}

const SAMPLE: &str = "02 0e 02 06 72 65 64 02 04 02 00 00 00 3f 02 00 00 80 3e 00";

#[test]
fn a_message_without_a_schema_id_is_read_by_the_tables_schema() {
    let mut avro = Avro::new(schema(READER), columns(), AvroEncoding::Binary);
    let sample = bytes(SAMPLE);
    assert_eq!(decode(&mut avro, Some(&sample)).as_deref(), Ok("+I 7, 'red', <0.5f,0.25f>"));
    assert_eq!(decode(&mut avro, Some(&bytes("00 00 00"))).as_deref(), Ok("+I null, null, null"));
    assert_eq!(decode(&mut avro, None).as_deref(), Ok(""));
    // Bytes after the value are ignored, as in Flink.
    assert!(decode(&mut avro, Some(&[sample.as_slice(), &[9]].concat())).is_ok());
    assert_eq!(
        decode(&mut avro, Some(&sample[..6])).unwrap_err(),
        "decode refused column color: the message ends after 2 more bytes where 3 were expected, at /color, byte 4"
    );
    assert!(decode(&mut avro, Some(b"")).is_err());
}

#[test]
fn a_null_in_a_vector_is_kept() {
    let mut avro = Avro::new(schema(READER), columns(), AvroEncoding::Binary);
    let message = bytes("00 00 02 06 02 00 00 00 3f 00 02 00 00 80 3e 00");
    assert_eq!(decode(&mut avro, Some(&message)).as_deref(), Ok("+I null, null, [0.5f,null,0.25f]"));
}

#[test]
fn a_vector_may_come_in_blocks_with_or_without_their_lengths() {
    let mut avro = Avro::new(schema(READER), columns(), AvroEncoding::Binary);
    // One block of 1 number, and one block of 1 number with its length in it, 5 bytes.
    let message = bytes("00 00 02 02 02 00 00 00 3f 01 0a 02 00 00 80 3e 00");
    assert_eq!(decode(&mut avro, Some(&message)).as_deref(), Ok("+I null, null, <0.5f,0.25f>"));
    assert_eq!(decode(&mut avro, Some(&bytes("00 00 02 00"))).as_deref(), Ok("+I null, null, <>"));
}

#[test]
fn the_json_encoding_names_the_branches_of_unions() {
    let mut avro = Avro::new(schema(READER), columns(), AvroEncoding::Json);
    let mut rows = |text: &str| decode(&mut avro, Some(text.as_bytes()));
    assert_eq!(
        rows(
            r#"{"feature": {"array": [{"float": 0.5}, null]}, "color": {"string": "red"}, "id": {"int": 7}, "more": 1}"#
        )
        .as_deref(),
        Ok("+I 7, 'red', [0.5f,null]")
    );
    assert_eq!(
        rows(r#"{"id": 7, "color": null, "feature": null}"#).unwrap_err(),
        "decode refused column id: found 7 where null or {\"int\": …} was expected, at /id"
    );
    assert!(rows(r#"{"id": null, "color": null}"#).unwrap_err().contains("column feature"));
    assert!(rows("{").unwrap_err().contains("not JSON"));
    assert!(rows("[]").is_err());
}

#[test]
fn a_message_names_its_schema() {
    let mut confluent = Confluent::new(schema(READER), columns(), known(&[(42, READER)]));
    let message = [&[0, 0, 0, 0, 42][..], &bytes(SAMPLE)].concat();
    assert_eq!(decode(&mut confluent, Some(&message)).as_deref(), Ok("+I 7, 'red', <0.5f,0.25f>"));
    assert_eq!(decode(&mut confluent, None).as_deref(), Ok(""));
    assert_eq!(decode(&mut confluent, Some(&[0, 0, 0, 0, 43, 1])).unwrap_err(), "decode refused: no schema 43");
    let not_ours = decode(&mut confluent, Some(b"{\"id\": 7}")).unwrap_err();
    assert!(not_ours.contains("found byte 123 at the start where 0 was expected"), "{not_ours}");
    assert!(decode(&mut confluent, Some(&[0, 0, 0])).unwrap_err().contains("ends after 3 bytes"));
    assert!(decode(&mut confluent, Some(&[])).is_err());
    // Byte offsets count from the beginning of the message.
    let cut = decode(&mut confluent, Some(&message[..11])).unwrap_err();
    assert!(cut.ends_with("at /color, byte 9"), "{cut}");
}

#[test]
fn a_registry_that_does_not_answer_delays_records_and_refuses_none() {
    let mut confluent = Confluent::new(schema(READER), columns(), known(&[]));
    let topic = Arc::from("t");
    assert_eq!(confluent.is_ready(&Record::of_value(&topic, Some(&[0, 0, 0, 0, 1]))), Ok(false));
    // Bytes that are no message need no schema.
    assert_eq!(confluent.is_ready(&Record::of_value(&topic, Some(&[7]))), Ok(true));
    assert_eq!(confluent.is_ready(&Record::of_value(&topic, None)), Ok(true));
}

/// Debezium's envelope with a `source` that isn't read. The rows have a named type.
const CHANGE: &str = r#"{"type": "record", "name": "shop.Envelope", "fields": [
    {"name": "before", "type": ["null", {"type": "record", "name": "Value", "fields": [
        {"name": "id", "type": "int"}, {"name": "color", "type": ["null", "string"]},
        {"name": "feature", "type": ["null", {"type": "array", "items": ["null", "float"]}]}]}]},
    {"name": "after", "type": ["null", "Value"]},
    {"name": "source", "type": {"type": "record", "name": "Source", "fields": [
        {"name": "db", "type": "string"}, {"name": "ts_ms", "type": "long"}, {"name": "more", "type": ["null", "Source"]}]}},
    {"name": "op", "type": "string"}, {"name": "ts_ms", "type": ["null", "long"]}]}"#;

#[test]
fn debezium_changes_are_read_with_the_rows_before_and_after() {
    let reader = format!(
        r#"{{"type": "record", "name": "c", "fields": [{{"name": "before", "type": ["null", {READER}]}},
            {{"name": "after", "type": ["null", "r"]}}, {{"name": "op", "type": ["null", "string"]}}]}}"#
    );
    let mut debezium = DebeziumAvro::new(schema(&reader), columns(), known(&[(1, CHANGE)]));
    let row = |id: u8, color: &str| {
        [&[2, id * 2, 2, color.len() as u8 * 2][..], color.as_bytes(), &bytes("02 02 02 00 00 00 3f 00")].concat()
    };
    let source = bytes("08 73 68 6f 70 02 02 02 61 02 00");
    let message = |before: &[u8], after: &[u8], op: &str| {
        [&[0, 0, 0, 0, 1], before, after, &source, &[op.len() as u8 * 2], op.as_bytes(), &[0]].concat()
    };
    let mut rows = |before: &[u8], after: &[u8], op: &str| decode(&mut debezium, Some(&message(before, after, op)));
    let (red, blue) = (row(7, "red"), row(7, "blue"));
    assert_eq!(rows(&[0], &red, "c").as_deref(), Ok("+I 7, 'red', <0.5f>"));
    assert_eq!(rows(&[0], &red, "r").as_deref(), Ok("+I 7, 'red', <0.5f>"));
    assert_eq!(rows(&red, &blue, "u").as_deref(), Ok("-U 7, 'red', <0.5f>\n+U 7, 'blue', <0.5f>"));
    assert_eq!(rows(&red, &[0], "d").as_deref(), Ok("-D 7, 'red', <0.5f>"));
    let unavailable = row(7, "__debezium_unavailable_value");
    assert_eq!(rows(&red, &unavailable, "u").as_deref(), Ok("-U 7, 'red', <0.5f>\n+U 7, unchanged, <0.5f>"));
    assert_eq!(rows(&unavailable, &red, "u").as_deref(), Ok("-U 7, null, <0.5f>\n+U 7, 'red', <0.5f>"));
    assert!(rows(&[0], &unavailable, "c").unwrap_err().contains("placeholder for an unavailable value"));
    assert!(rows(&[0], &blue, "u").unwrap_err().contains("REPLICA IDENTITY FULL"));
    assert!(rows(&red, &[0], "u").unwrap_err().contains("no 'after'"));
    assert!(rows(&[0], &[0], "t").unwrap_err().contains("'op' = 't'"));
    // A tombstone doesn't delete again.
    assert_eq!(decode(&mut debezium, None).as_deref(), Ok(""));
    assert_eq!(decode(&mut debezium, Some(b"")).as_deref(), Ok(""));
    let mut broken = message(&[0], &red, "c");
    broken[8] = 0xff;
    assert!(decode(&mut debezium, Some(&broken)).unwrap_err().starts_with("decode refused column color: "));
}
