//! `'format' = …`: which format, its options, and the columns it can hold.

use super::{OptionSpec, TableOptions, csv, json};
use crate::data_type::DataType;
use crate::settings::{Format, JsonFormat, TimestampStandard};

/// Formats of Flink that are still to come.
pub const LATER: &[&str] = &[
    "raw",
    "avro",
    "avro-confluent",
    "protobuf",
    "debezium-json",
    "debezium-avro-confluent",
    "canal-json",
    "maxwell-json",
    "ogg-json",
];

/// The formats there are, with their options.
pub const FORMATS: &[(&str, &[OptionSpec])] = &[("csv", csv::OPTIONS), ("json", json::OPTIONS)];

/// The options of a format that there is.
pub fn options_of(name: &str) -> Option<&'static [OptionSpec]> {
    FORMATS.iter().find(|(known, _)| *known == name).map(|(_, options)| *options)
}

/// Reads the options of a format; their names have the prefix already.
pub fn read(name: &str, options: &mut TableOptions<'_>) -> Format {
    match name {
        "json" => Format::Json(json::read(options)),
        _ => Format::Csv(csv::read(options)),
    }
}

/// What is said of a format that there isn't.
pub fn unknown(name: &str) -> String {
    let known: Vec<&str> = FORMATS.iter().map(|(known, _)| *known).collect();
    let known = known.join(", ");
    match LATER.contains(&name) {
        true => format!("= '{name}' is not supported yet; {known} are"),
        false => format!("= '{name}' is unknown; {known} are supported"),
    }
}

/// Stands in for a format that has been refused.
pub fn none() -> Format {
    Format::Json(JsonFormat {
        fail_on_missing_field: false,
        ignore_parse_errors: false,
        timestamps: TimestampStandard::Sql,
    })
}

/// Why a format can't hold a column of this type.
pub fn refuse_type(format: &Format, data_type: &DataType) -> Option<String> {
    match format {
        Format::Csv(_) => {
            let nested = |inner: &DataType| matches!(inner, DataType::Array(_) | DataType::Row(_) | DataType::Map(..));
            let refused = match data_type {
                DataType::Array(element) => nested(element),
                other => nested(other),
            };
            refused.then(|| format!("not supported: format 'csv' can't hold {data_type}"))
        }
        Format::Json(_) => {
            let key = key_that_is_no_text(data_type)?;
            Some(format!("not supported: a MAP in JSON has STRING keys, not {key}"))
        }
    }
}

fn key_that_is_no_text(data_type: &DataType) -> Option<&DataType> {
    match data_type {
        DataType::Map(key, _) if !key.is_text() => Some(key),
        DataType::Map(_, inner) | DataType::Array(inner) => key_that_is_no_text(inner),
        DataType::Row(fields) => fields.iter().find_map(|field| key_that_is_no_text(&field.data_type)),
        _ => None,
    }
}
