//! The Avro formats, compared with apache-avro: both read the same values from a message. A message that apache-avro reads
//! is refused only for a reason that apache-avro doesn't check.

mod made;
mod same;

use std::sync::{Arc, LazyLock};

use apache_avro::types::Value as Oracle;
use apache_avro::{AvroResult, Schema, from_avro_datum};
use vecsink::internals::change::Change;
use vecsink::internals::error::Error;
use vecsink::internals::formats::format::Format;
use vecsink::internals::formats::{Decode, Decoded};
use vecsink::internals::job::settings::source::Source;
use vecsink::internals::job::{JobInput, parse_job};
use vecsink::internals::schema_registry::schemas::{RegisteredSchema, SchemaLookup, Schemas};

use self::made::Maker;
use self::same::is_same_row;
use super::decoded::{self, Case};
use super::pick;

pub const PIECES: &[&str] = &[
    "\0",
    "\u{1}",
    "\u{2}",
    "\u{3}",
    "\u{4}",
    "\u{7f}",
    "\u{2}a",
    "\u{2}c",
    "\u{2}u",
    "\u{2}d",
    "\0\0\0\0\u{1}",
    "\u{2}\0\0\0?\0",
    "{\"int\":7}",
    "null",
    "8__debezium_unavailable_value",
    "é",
];

const COLUMNS: &str =
    "a BOOLEAN, b TINYINT, c INT NOT NULL, d BIGINT, e FLOAT, f DOUBLE, g STRING, h BYTES, i DECIMAL(10, 2),
    j DATE, k TIME(3), l TIMESTAMP(3), m ARRAY<FLOAT>, n ARRAY<DOUBLE NOT NULL> NOT NULL, o ARRAY<ARRAY<STRING>>,
    p MAP<STRING, INT>, q ROW<x FLOAT, y ROW<z ARRAY<DOUBLE>>>";

/// A writer's schema. It has fields that the table lacks, and fields of other types than the table's columns. The fields that
/// the table lacks and whose bytes begin with a length are at the end.
const WRITER: &str = r#"{"type": "record", "name": "shop.Car", "fields": [
    {"name": "first", "type": {"type": "record", "name": "Node", "fields": [
        {"name": "at", "type": "long"}, {"name": "next", "type": ["null", "Node"]}]}},
    {"name": "g", "type": {"type": "enum", "name": "Color", "symbols": ["red", "blue"]}},
    {"name": "d", "type": "int"},
    {"name": "c", "type": ["int", "null"]},
    {"name": "f", "type": ["null", "float", "long"]},
    {"name": "i", "type": {"type": "fixed", "name": "Price", "size": 5, "logicalType": "decimal", "precision": 11, "scale": 2}},
    {"name": "l", "type": {"type": "long", "logicalType": "timestamp-micros"}},
    {"name": "m", "type": {"type": "array", "items": "float"}},
    {"name": "n", "type": ["null", {"type": "array", "items": ["float", "null"]}]},
    {"name": "o", "type": {"type": "array", "items": {"type": "array", "items": "bytes"}}},
    {"name": "p", "type": {"type": "map", "values": "int"}},
    {"name": "q", "type": ["null", {"type": "record", "name": "Q", "fields": [
        {"name": "more", "type": "boolean"}, {"name": "y", "type": {"type": "record", "name": "Y", "fields": [
            {"name": "z", "type": ["null", {"type": "array", "items": "float"}]}]}}]}]},
    {"name": "h", "type": "string"},
    {"name": "second", "type": {"type": "map", "values": ["null", "string", {"type": "array", "items": "double"}]}},
    {"name": "third", "type": {"type": "array", "items": {"type": "fixed", "name": "Hash", "size": 3}}}]}"#;

const ENVELOPE: &str = r#"{"type": "record", "name": "shop.Envelope", "fields": [
    {"name": "before", "type": ["null", {"type": "record", "name": "Value", "fields": [
        {"name": "id", "type": "int"}, {"name": "color", "type": ["null", "string"]},
        {"name": "feature", "type": {"type": "array", "items": ["null", "float"]}}]}]},
    {"name": "after", "type": ["null", "Value"]},
    {"name": "source", "type": {"type": "record", "name": "Source", "fields": [{"name": "db", "type": "string"}]}},
    {"name": "op", "type": {"type": "enum", "name": "Op", "symbols": ["c", "r", "u", "d", "t"]}}]}"#;

/// Parts of the reasons for which only our decoders refuse a message: values that no column can hold, and bytes that the crate
/// doesn't check. For example, the crate reads nulls after the end of a message.
const STRICTER: [&str; 11] = [
    "the message ends after",
    "from -128 to 127",
    "no bytes where a decimal",
    "not within a day",
    "more than 64 bits",
    "found a block of",
    "records that are nested",
    "the table says NOT NULL",
    " in a change with 'op'",
    "where c, r, u or d was expected",
    "placeholder for an unavailable value",
];

const STACK: usize = 64 << 20;

/// A registry that has one schema. Its id is 1.
pub struct One(pub String);

impl Schemas for One {
    fn find(&self, id: u32) -> SchemaLookup {
        match id {
            1 => SchemaLookup::Schema(Arc::new(RegisteredSchema { text: self.0.clone(), references: Vec::new() })),
            _ => SchemaLookup::Nothing(format!("no schema {id}")),
        }
    }
}

/// A table in this format, with these options.
pub fn source(columns: &str, format: &str, options: &str) -> Result<Source, Error> {
    let text = format!(
        "CREATE TABLE s (c INT) WITH ('connector' = 'adbpg', 'url' = 'jdbc:postgresql://h/d', 'tablename' = 'out',
            'username' = 'u', 'password' = 'p', 'conflictmode' = 'upsert');
         CREATE TABLE k ({columns}) WITH ('connector' = 'kafka', 'properties.bootstrap.servers' = 'b:9092', 'topic' = 't',
            'scan.startup.mode' = 'earliest-offset', 'format' = '{format}'{options});
         INSERT INTO s SELECT c FROM k;"
    );
    let input =
        JobInput { text: &text, file_stem: None, overrides: &[], environment: &|_| None, properties: &|_| Vec::new() };
    parse_job(&input).map(|mut job| job.sources.remove(0))
}

/// A table, and the schema that its messages are written with.
struct Table {
    source: Source,
    writer: String,
    oracle: Schema,
}

impl Table {
    fn new(columns: &str, format: &str, options: &str, writer: Option<&str>) -> Table {
        let source = source(columns, format, options).expect("a table that can be read");
        let writer = match (&source.format, writer) {
            (Format::Avro(options), _) => options.schema.clone(),
            (_, writer) => writer.expect("a writer's schema").to_string(),
        };
        Table { source, oracle: Schema::parse_str(&writer).expect("the crate reads the schema"), writer }
    }

    fn decoder(&self) -> Box<dyn Decode> {
        let columns = &self.source.columns;
        match self.source.format.registry() {
            None => self.source.format.decoder(columns, &[], None),
            Some(_) => self.source.format.decoder(columns, &[], Some(Arc::new(One(self.writer.clone())))),
        }
    }

    fn check(&self, message: &[u8], inspect: impl FnOnce(&Result<Decoded<'_>, vecsink::internals::error::Rejection>)) {
        let format = self.source.format.clone();
        let case = Case { format, columns: &self.source.columns, metadata: &[], ignores: false };
        decoded::check_with(&case, self.decoder().as_mut(), message, inspect);
    }

    /// `header`: the bytes before the record. `made`: the record is generated from the input; otherwise the input is the record.
    fn compare(&self, header: &[u8], bytes: &[u8], made: bool) {
        let record = if made { Maker::new(bytes).message(&self.oracle) } else { bytes.to_vec() };
        let message = [header, &record].concat();
        self.check(&message, |decoded| {
            let refused = decoded.as_ref().err().map(|rejection| rejection.reason.as_str());
            // The crate isn't called for such a message: it might read without an end.
            if refused.is_some_and(|reason| STRICTER.iter().any(|stricter| reason.contains(stricter))) {
                return;
            }
            match (decoded, self.read(&record)) {
                (Ok(decoded), Ok(oracle)) => self.is_same(decoded, &oracle, &record),
                // Our decoder skips a block by the length that the block states. The crate ignores this length.
                (Err(rejection), Ok(oracle)) => {
                    assert!(!made && rejection.reason.contains(", at byte "), "{rejection}: {oracle:?}");
                }
                // Our decoder doesn't check values that it skips.
                (Ok(decoded), Err(error)) => {
                    assert!(!made && self.source.format.registry().is_some(), "{decoded:?}: {error}");
                }
                (Err(rejection), Err(_)) => assert!(!made, "{rejection}"),
            }
        });
        // A record without its last byte is refused.
        if made && let Some((_, cut)) = record.split_last() {
            self.check(&[header, cut].concat(), |decoded| assert!(decoded.is_err(), "{decoded:?}"));
        }
    }

    /// On a thread with a large stack: the crate takes kilobytes of stack for each record within a record.
    fn read(&self, record: &[u8]) -> AvroResult<Oracle> {
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().stack_size(STACK);
            let thread = thread.spawn_scoped(scope, || from_avro_datum(&self.oracle, &mut &record[..], None));
            thread.expect("a thread").join().expect("the crate doesn't panic")
        })
    }

    fn is_same(&self, decoded: &Decoded<'_>, oracle: &Oracle, record: &[u8]) {
        let Oracle::Record(fields) = oracle else { panic!("{oracle:?}") };
        let is_same = |row: &[_], name: Option<&str>| {
            let of = name.map_or(Some(fields), |name| {
                let field = fields.iter().find(|(field, _)| field == name);
                match field.map(|(_, value)| value) {
                    Some(Oracle::Union(_, row)) => match row.as_ref() {
                        Oracle::Record(fields) => Some(fields),
                        _ => None,
                    },
                    _ => None,
                }
            });
            let of = of.unwrap_or_else(|| panic!("no {name:?} in {oracle:?}"));
            for (value, column) in row.iter().zip(&self.source.columns) {
                let is_same = is_same_row(value, of, &column.name, &column.data_type);
                assert!(is_same, "{}: {value:?} is not what {of:?} has", column.name);
            }
        };
        if !self.source.format.is_changing() {
            let [Change::Insert(row)] = decoded.changes else { panic!("{decoded:?}") };
            return is_same(row, None);
        }
        if record.windows(28).any(|part| part == b"__debezium_unavailable_value") {
            return;
        }
        match decoded.changes {
            [Change::Insert(row)] => is_same(row, Some("after")),
            [Change::Delete(row)] => is_same(row, Some("before")),
            [Change::Update { before: Some(before), after }] => {
                is_same(before, Some("before"));
                is_same(after, Some("after"));
            }
            other => panic!("{other:?}"),
        }
    }
}

const URL: &str = ", 'avro-confluent.url' = 'http://r'";
const HEADER: &[u8] = &[0, 0, 0, 0, 1];

static BARE: LazyLock<Table> = LazyLock::new(|| Table::new(COLUMNS, "avro", "", None));
static JSON: LazyLock<Table> = LazyLock::new(|| Table::new(COLUMNS, "avro", ", 'avro.encoding' = 'json'", None));
static CONFLUENT: LazyLock<Table> = LazyLock::new(|| Table::new(COLUMNS, "avro-confluent", URL, Some(WRITER)));
static DEBEZIUM: LazyLock<Table> = LazyLock::new(|| {
    let columns = "id INT NOT NULL, color STRING, feature ARRAY<FLOAT>, c AS id";
    Table::new(columns, "debezium-avro-confluent", &URL.replace("avro-", "debezium-avro-"), Some(ENVELOPE))
});

/// `0`: the input is a record of `avro`; `1`: the record is generated from the input; `2`: the input is a record in JSON.
/// `3` and `4`: as `0` and `1`, for `avro-confluent`, after a header; `5` and `6`: the same for `debezium-avro-confluent`.
/// `7` and `8`: the input is a whole message of these two formats.
pub fn check(input: &[u8]) {
    // The crate allocates as many bytes as a message states. This is the limit for it.
    apache_avro::util::max_allocation_bytes(1 << 16);
    let cases: [super::Check<'_>; 9] = [
        &|bytes| BARE.compare(b"", bytes, false),
        &|bytes| BARE.compare(b"", bytes, true),
        &|bytes| JSON.check(bytes, |_| {}),
        &|bytes| CONFLUENT.compare(HEADER, bytes, false),
        &|bytes| CONFLUENT.compare(HEADER, bytes, true),
        &|bytes| DEBEZIUM.compare(HEADER, bytes, false),
        &|bytes| DEBEZIUM.compare(HEADER, bytes, true),
        &|bytes| CONFLUENT.check(bytes, |_| {}),
        &|bytes| DEBEZIUM.check(bytes, |_| {}),
    ];
    if let Some((case, bytes)) = pick(input, &cases) {
        case(bytes);
    }
}
