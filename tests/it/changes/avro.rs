//! Debezium's changes in Avro. apache-avro writes the messages.

use std::sync::LazyLock;

use apache_avro::types::Value;
use apache_avro::{Schema, to_avro_datum};

use super::stream::{Change, Row};

/// The schema of the messages. The registry must know it.
pub const SCHEMA: &str = r#"{"type": "record", "name": "s.t.Envelope", "fields": [
    {"name": "before", "type": ["null", {"type": "record", "name": "Value", "fields": [
        {"name": "id", "type": "long"}, {"name": "number", "type": ["null", "int"]}, {"name": "text", "type": ["null", "string"]}]}]},
    {"name": "after", "type": ["null", "Value"]}, {"name": "op", "type": "string"}]}"#;

pub fn message(id: u32, change: &Change) -> Vec<u8> {
    static PARSED: LazyLock<Schema> = LazyLock::new(|| Schema::parse_str(SCHEMA).expect("a schema"));
    let (op, before, after) = match change {
        Change::Insert(key, new) => ("c", None, Some(row(*key, new, true))),
        Change::Update { before, after, carries_text } => {
            let [before, after] = [before, after].map(|(key, image)| Some(row(*key, image, *carries_text)));
            ("u", before, after)
        }
        Change::Delete(key, old) => ("d", Some(row(*key, old, true)), None),
    };
    let nullable = |row: Option<Value>| match row {
        Some(row) => some(row),
        None => Value::Union(0, Box::new(Value::Null)),
    };
    let fields = [("before", nullable(before)), ("after", nullable(after)), ("op", Value::String(op.into()))];
    let datum = to_avro_datum(&PARSED, record(fields)).expect("a change is of its schema");
    [&[0][..], &id.to_be_bytes(), &datum].concat()
}

fn row(key: i64, row: &Row, carries_text: bool) -> Value {
    let text = if carries_text { &row.text } else { "__debezium_unavailable_value" };
    let text = some(Value::String(text.to_owned()));
    record([("id", Value::Long(key)), ("number", some(Value::Int(row.number))), ("text", text)])
}

fn some(value: Value) -> Value {
    Value::Union(1, Box::new(value))
}

fn record<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::Record(fields.map(|(name, value)| (name.to_owned(), value)).into())
}
