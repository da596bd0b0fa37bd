//! Avro schemas: a schema that apache-avro reads is read, and both find the same types in it. With any writer's and reader's
//! schema, messages give rows that fit their columns.

use std::collections::HashSet;
use std::sync::Arc;

use apache_avro::Schema as Oracle;
use apache_avro::schema::Name;
use serde_json::Value as Json;
use vecsink::internals::error::Error;
use vecsink::internals::formats::avro::schema::{AvroKind, AvroSchema, TypeId};
use vecsink::internals::job::settings::source::Source;

use super::avro::{One, source};
use super::decoded::{self, Case};
use super::pick;

pub const PIECES: &[&str] = &[
    "{\"type\": ",
    "\"record\"",
    "\"array\", \"items\": ",
    "\"map\", \"values\": ",
    "\"fixed\", \"size\": 0",
    "\"enum\", \"symbols\": [\"x\"]",
    "\"name\": \"r\"",
    "\"fields\": [",
    "\"namespace\": \"n\"",
    "\"logicalType\": \"decimal\", \"scale\": 2",
    "\"logicalType\": \"timestamp-micros\"",
    "\"default\": ",
    "\"aliases\": [\"a\"]",
    "\"null\"",
    "\"int\"",
    "\"bytes\"",
    "[\"null\", ",
    "]",
    "}",
    ", ",
    "\"\\u0007\"",
    "4611686018427387904",
    "é",
    "\n",
    "\u{2}",
];

const COLUMNS: &str =
    "c INT, a ARRAY<FLOAT>, b STRING, d ROW<x DOUBLE, y ARRAY<ROW<z INT>>>, e MAP<STRING, DECIMAL(10, 2)>,
    f TIMESTAMP(3), g BYTES, h ARRAY<ARRAY<DOUBLE>>";
const DEBEZIUM_COLUMNS: &str = "c INT NOT NULL, a ARRAY<FLOAT>, b STRING";

/// The crate accepts these words as a field's type if the field has the other parts of that type. Java's Avro doesn't, nor do
/// we.
const WITHOUT_REST: [&str; 5] = ["array", "map", "record", "enum", "fixed"];

/// The first line is a schema, the rest is a message. `0`: a writer's schema of `avro-confluent`; `1`: a writer's schema of
/// `debezium-avro-confluent`; `2`: the table's own schema, given as an option.
pub fn check(input: &[u8]) {
    let cases: [fn(&str, &[u8]); 3] = [
        |text, message| {
            let url = ", 'avro-confluent.url' = 'http://r'";
            decode(&source(COLUMNS, "avro-confluent", url).expect("a table that can be read"), text, message);
        },
        |text, message| {
            let url = ", 'debezium-avro-confluent.url' = 'http://r'";
            let source = source(DEBEZIUM_COLUMNS, "debezium-avro-confluent", url);
            decode(&source.expect("a table that can be read"), text, message);
        },
        |text, _| {
            let schema = text.replace('\'', "''");
            let options = format!(", 'avro-confluent.url' = 'http://r', 'avro-confluent.schema' = '{schema}'");
            match source("c INT, a ARRAY<FLOAT>, b STRING NOT NULL", "avro-confluent", &options) {
                Ok(source) => {
                    let writer = r#"{"type": "record", "name": "w", "fields": [{"name": "c", "type": "int"}]}"#;
                    // The message is as long as the schema, because the arena may grow with a message's length, and the row
                    // has the defaults of the schema.
                    decode(&source, writer, &[&[14], text.as_bytes()].concat());
                }
                Err(error) => assert!(matches!(&error, Error::Config(found) if !found.is_empty()), "{error}"),
            }
        },
    ];
    let Some((case, input)) = pick(input, &cases) else { return };
    let (text, message) = match input.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&input[..end], &input[end + 1..]),
        None => (input, &[][..]),
    };
    let Ok(text) = std::str::from_utf8(text) else { return };
    parse(text);
    case(text, message);
}

fn parse(text: &str) {
    let parsed = AvroSchema::parse(text, &[]);
    let is_plain = serde_json::from_str(text).is_ok_and(|json| has_plain_names(&json));
    let oracle = if is_plain { Oracle::parse_str(text).ok() } else { None };
    match (&parsed, oracle) {
        (Ok(schema), oracle) => {
            describe(schema, schema.root(), &mut HashSet::new());
            if let Some(oracle) = oracle {
                assert!(is_same(schema, schema.root(), &oracle), "{schema:?} is not {oracle:?}");
            }
        }
        (Err(reason), oracle) => {
            is_short(reason);
            // Java's Avro refuses both.
            let is_stricter = reason.contains("two types are called")
                || reason.starts_with("unknown type") && WITHOUT_REST.iter().any(|word| reason.ends_with(word));
            assert!(oracle.is_none() || is_stricter, "{reason}: {oracle:?}");
        }
    }
}

/// The crate panics on other names.
fn has_plain_names(json: &Json) -> bool {
    let is_plain = |part: &str| {
        let is_letter = |c: char| c.is_ascii_alphabetic() || c == '_';
        part.starts_with(is_letter) && part.chars().all(|c| is_letter(c) || c.is_ascii_digit())
    };
    match json {
        Json::Object(object) => object.iter().all(|(key, json)| match json {
            Json::String(name) if key == "name" || key == "namespace" => name.split('.').all(is_plain),
            json => has_plain_names(json),
        }),
        Json::Array(list) => list.iter().all(has_plain_names),
        _ => true,
    }
}

/// The text is short enough for a line of the log.
fn is_short(text: &str) {
    assert!(!text.is_empty() && text.len() < 1000 && !text.contains(char::is_control), "{text:?}");
}

/// Every type that can be reached has a description.
fn describe(schema: &AvroSchema, id: TypeId, seen: &mut HashSet<TypeId>) {
    if !seen.insert(id) {
        return;
    }
    is_short(&schema.describe(id));
    match schema.kind(id) {
        AvroKind::Array(inner) | AvroKind::Map(inner) => describe(schema, *inner, seen),
        AvroKind::Union(branches) => branches.iter().for_each(|branch| describe(schema, *branch, seen)),
        AvroKind::Record(fields) => fields.iter().for_each(|field| describe(schema, field.field_type, seen)),
        _ => {}
    }
}

fn is_same(schema: &AvroSchema, id: TypeId, oracle: &Oracle) -> bool {
    let is_called = |name: &Name| {
        let called = schema.get(id).name.as_deref().unwrap_or_default();
        called == name.fullname(None) || called.rsplit('.').next() == Some(name.name.as_str())
    };
    match (schema.kind(id), oracle) {
        // The type itself is compared at its declaration.
        (_, Oracle::Ref { name }) => is_called(name),
        (AvroKind::Null, Oracle::Null) | (AvroKind::Boolean, Oracle::Boolean) => true,
        (AvroKind::Int, Oracle::Int | Oracle::Date | Oracle::TimeMillis) => true,
        (AvroKind::Long, Oracle::Long | Oracle::TimeMicros) => true,
        (AvroKind::Long, Oracle::TimestampMillis | Oracle::TimestampMicros | Oracle::TimestampNanos) => true,
        (AvroKind::Long, Oracle::LocalTimestampMillis | Oracle::LocalTimestampMicros | Oracle::LocalTimestampNanos) => {
            true
        }
        (AvroKind::Float, Oracle::Float) | (AvroKind::Double, Oracle::Double) => true,
        (AvroKind::Bytes, Oracle::Bytes | Oracle::BigDecimal) | (AvroKind::String, Oracle::String) => true,
        (AvroKind::String | AvroKind::Fixed(16), Oracle::Uuid) | (AvroKind::Fixed(12), Oracle::Duration) => true,
        (_, Oracle::Decimal(decimal)) => is_same(schema, id, &decimal.inner),
        (AvroKind::Fixed(size), Oracle::Fixed(fixed)) => *size == fixed.size && is_called(&fixed.name),
        (AvroKind::Enum(symbols), Oracle::Enum(of)) => *symbols == of.symbols && is_called(&of.name),
        (AvroKind::Array(items), Oracle::Array(of)) => is_same(schema, *items, &of.items),
        (AvroKind::Map(values), Oracle::Map(of)) => is_same(schema, *values, &of.types),
        (AvroKind::Union(branches), Oracle::Union(of)) => {
            branches.len() == of.variants().len()
                && branches.iter().zip(of.variants()).all(|(branch, oracle)| is_same(schema, *branch, oracle))
        }
        (AvroKind::Record(fields), Oracle::Record(of)) => {
            is_called(&of.name)
                && fields.len() == of.fields.len()
                && fields.iter().zip(&of.fields).all(|(field, oracle)| {
                    field.name == oracle.name && is_same(schema, field.field_type, &oracle.schema)
                })
        }
        _ => false,
    }
}

/// Decodes a message that was written with this schema.
fn decode(source: &Source, writer: &str, message: &[u8]) {
    let schemas = Arc::new(One(writer.to_string()));
    let mut decoder = source.format.decoder(&source.columns, &[], Some(schemas));
    let case = Case { format: source.format.clone(), columns: &source.columns, metadata: &[], ignores: false };
    let message = [&[0, 0, 0, 0, 1], message].concat();
    decoded::check_with(&case, decoder.as_mut(), &message, |_| {});
}
