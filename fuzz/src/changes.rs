//! The change formats in JSON: rows fit their types, and only an update leaves columns out.

use vecsink::internals::formats::canal::options::CanalFormat;
use vecsink::internals::formats::change::options::ChangeFormat;
use vecsink::internals::formats::debezium::options::DebeziumFormat;
use vecsink::internals::formats::format::Format;
use vecsink::internals::formats::json::options::TimestampStandard;
use vecsink::internals::formats::maxwell::MaxwellFormat;
use vecsink::internals::formats::ogg::OggFormat;
use vecsink::internals::types::column::{MetadataColumn, SourceColumn};
use vecsink::internals::types::data_type::DataType;

use super::decoded::{self, Case, array, column};
use super::pick;

pub const PIECES: &[&str] = &[
    "\"",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "null",
    "\"before\":",
    "\"after\":",
    "\"data\":",
    "\"old\":",
    "\"op\":\"u\"",
    "\"op\":\"d\"",
    "\"type\":\"UPDATE\"",
    "\"type\":\"update\"",
    "\"op_type\":\"U\"",
    "\"payload\":{",
    "__debezium_unavailable_value",
    "\"id\":1",
    "[[[[",
    "{\"a\":",
    "\\u0000",
    "1e9",
    "\"ts\":",
    "é",
];

/// `0`: the format with its default options; `1`: with ignore-parse-errors; `2` and `3`: as `0` and `1`, with the format's
/// other option.
fn change(input: &[u8], metadata: &[(&str, DataType)], format: impl Fn(ChangeFormat, bool) -> Format) {
    let cases = [(false, false), (true, false), (false, true), (true, true)];
    let Some(((ignores, other), message)) = pick(input, &cases) else { return };
    let change = ChangeFormat { ignore_parse_errors: *ignores, timestamps: TimestampStandard::Sql };
    let metadata: Vec<MetadataColumn> = metadata
        .iter()
        .map(|(key, data_type)| MetadataColumn { key: key.to_string(), data_type: data_type.clone() })
        .collect();
    let case = Case { format: format(change, *other), columns: &columns(), metadata: &metadata, ignores: *ignores };
    decoded::check(&case, message, |_| {});
}

fn columns() -> [SourceColumn; 5] {
    [
        column("id", DataType::Int),
        column("color", DataType::STRING),
        column("price", DataType::Decimal { precision: 10, scale: 2 }),
        column("feature", array(DataType::Float)),
        column("painted", DataType::Timestamp { precision: 3 }),
    ]
}

const INSTANT: DataType = DataType::TimestampLtz { precision: 3 };

fn texts() -> DataType {
    DataType::Map(Box::new(DataType::STRING), Box::new(DataType::STRING))
}

pub fn debezium(input: &[u8]) {
    let metadata = [
        ("schema", DataType::STRING),
        ("ingestion-timestamp", INSTANT),
        ("source.timestamp", INSTANT),
        ("source.table", DataType::STRING),
        ("source.properties", texts()),
    ];
    change(input, &metadata, |change, schema_include| Format::Debezium(DebeziumFormat { change, schema_include }));
}

pub fn canal(input: &[u8]) {
    let metadata = [
        ("database", DataType::STRING),
        ("table", DataType::STRING),
        ("sql-type", DataType::Map(Box::new(DataType::STRING), Box::new(DataType::Int))),
        ("pk-names", array(DataType::STRING)),
        ("ingestion-timestamp", INSTANT),
        ("event-timestamp", INSTANT),
    ];
    change(input, &metadata, |change, filters| {
        let table_include = filters.then(|| "car.*|van".to_string());
        Format::Canal(CanalFormat { change, database_include: None, table_include })
    });
}

pub fn maxwell(input: &[u8]) {
    let metadata = [
        ("database", DataType::STRING),
        ("table", DataType::STRING),
        ("primary-key-columns", array(DataType::STRING)),
        ("ingestion-timestamp", INSTANT),
    ];
    change(input, &metadata, |change, _| Format::Maxwell(MaxwellFormat { change }));
}

pub fn ogg(input: &[u8]) {
    let metadata = [
        ("table", DataType::STRING),
        ("primary-keys", array(DataType::STRING)),
        ("ingestion-timestamp", INSTANT),
        ("event-timestamp", INSTANT),
    ];
    change(input, &metadata, |change, _| Format::Ogg(OggFormat { change }));
}
