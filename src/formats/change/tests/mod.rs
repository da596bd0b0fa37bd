//! The rules observed of Flink 1.20's change formats in JSON.

mod canal;
mod damage;
mod debezium;
mod maxwell;
mod ogg;
mod values;

use std::sync::Arc;

use bumpalo::Bump;

use crate::change::Change;
use crate::error::Rejection;
use crate::formats::Decoded;
use crate::formats::canal::options::CanalFormat;
use crate::formats::change::options::ChangeFormat;
use crate::formats::debezium::options::DebeziumFormat;
use crate::formats::format::Format;
use crate::formats::json::options::TimestampStandard;
use crate::formats::maxwell::MaxwellFormat;
use crate::formats::ogg::OggFormat;
use crate::record::Record;
use crate::types::column::{MetadataColumn, SourceColumn};
use crate::types::data_type::DataType;
use crate::types::value::Value;

fn options() -> ChangeFormat {
    ChangeFormat { ignore_parse_errors: false, timestamps: TimestampStandard::Sql }
}

fn ignoring() -> ChangeFormat {
    ChangeFormat { ignore_parse_errors: true, ..options() }
}

/// id INT, color STRING, feature STRING, price DECIMAL(10, 2)
fn columns() -> Vec<SourceColumn> {
    let types = [
        ("id", DataType::Int),
        ("color", DataType::STRING),
        ("feature", DataType::STRING),
        ("price", DataType::Decimal { precision: 10, scale: 2 }),
    ];
    types.map(|(name, data_type)| SourceColumn { name: name.into(), data_type, not_null: false }).into()
}

/// A row as `7 red NULL -`. A value that an update doesn't carry is `-`.
fn shown(row: &[Value<'_>]) -> String {
    let value = |value: &Value<'_>| match value {
        Value::Null => "NULL".to_string(),
        Value::Unchanged => "-".to_string(),
        Value::Int(value) => value.to_string(),
        Value::Text(value) => value.to_string(),
        Value::Decimal(value) => format!("{}e-{}", value.unscaled, value.scale),
        Value::Instant { seconds, nanos } => format!("@{seconds}.{nanos:09}"),
        other => format!("{other:?}"),
    };
    row.iter().map(value).collect::<Vec<_>>().join(" ")
}

fn changes(decoded: &Decoded<'_>) -> Vec<String> {
    let change = |change: &Change<'_>| match change {
        Change::Insert(row) => format!("+I {}", shown(row)),
        Change::Update { before, after } => {
            format!("-U {} +U {}", before.map(shown).unwrap_or_default(), shown(after))
        }
        Change::Delete(row) => format!("-D {}", shown(row)),
    };
    decoded.changes.iter().map(change).collect()
}

fn decode_with(
    format: &Format,
    columns: &[SourceColumn],
    metadata: &[MetadataColumn],
    value: Option<&str>,
) -> Result<(Vec<String>, u64), Rejection> {
    let (arena, topic) = (Bump::new(), Arc::from("t"));
    let record = Record::of_value(&topic, value.map(str::as_bytes));
    let decoded = format.decoder(columns, metadata, None).decode(&record, &arena)?;
    Ok((changes(&decoded), decoded.parse_errors_ignored))
}

#[track_caller]
fn decode(format: &Format, message: &str) -> Vec<String> {
    match decode_with(format, &columns(), &[], Some(message)) {
        Ok((changes, 0)) => changes,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn refused(format: &Format, message: &str) -> String {
    decode_with(format, &columns(), &[], Some(message)).unwrap_err().to_string()
}

fn metadata(keys: &[(&str, DataType)]) -> Vec<MetadataColumn> {
    keys.iter().map(|(key, data_type)| MetadataColumn { key: key.to_string(), data_type: data_type.clone() }).collect()
}

/// The metadata of the message's only change, which comes after its four columns.
#[track_caller]
fn metadata_of(format: &Format, keys: &[(&str, DataType)], message: &str) -> String {
    let (changes, _) = decode_with(format, &columns(), &metadata(keys), Some(message)).unwrap();
    changes[0].splitn(6, ' ').last().unwrap_or_default().to_string()
}

const INSTANT: DataType = DataType::TimestampLtz { precision: 3 };
