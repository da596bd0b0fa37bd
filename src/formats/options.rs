//! `'format' = …`: which format, its options, and the columns it can hold.

use crate::formats::avro::{confluent_options, options as avro};
use crate::formats::canal::options as canal;
use crate::formats::csv::options as csv;
use crate::formats::debezium::options as debezium;
use crate::formats::format::Format;
use crate::formats::json::options as json;
use crate::formats::json::settings::{JsonFormat, TimestampStandard};
use crate::formats::protobuf::options as protobuf;
use crate::formats::raw::options as raw;
use crate::options::{OptionSpec, TableOptions};
use crate::types::data_type::DataType;

/// A message format.
#[derive(Debug)]
pub struct FormatSpec {
    pub name: &'static str,
    pub options: &'static [OptionSpec],
    /// Its messages also update and delete rows, so it can't be the format of keys.
    pub is_changing: bool,
}

impl FormatSpec {
    const fn adding(name: &'static str, options: &'static [OptionSpec]) -> Self {
        FormatSpec { name, options, is_changing: false }
    }

    const fn changing(name: &'static str, options: &'static [OptionSpec]) -> Self {
        FormatSpec { name, options, is_changing: true }
    }
}

/// All of them, as documentation lists them.
pub const FORMATS: &[FormatSpec] = &[
    FormatSpec::adding("csv", csv::OPTIONS),
    FormatSpec::adding("json", json::OPTIONS),
    FormatSpec::adding("raw", raw::OPTIONS),
    FormatSpec::adding("avro", avro::OPTIONS),
    FormatSpec::adding("avro-confluent", confluent_options::OPTIONS),
    FormatSpec::adding("protobuf", protobuf::OPTIONS),
    FormatSpec::changing("debezium-json", debezium::OPTIONS),
    FormatSpec::changing("debezium-avro-confluent", confluent_options::OPTIONS),
    FormatSpec::changing("canal-json", canal::OPTIONS),
    FormatSpec::changing("maxwell-json", json::OF_CHANGES),
    FormatSpec::changing("ogg-json", json::OF_CHANGES),
];

/// The names of the formats that an option takes.
pub fn names(takes_changes: bool) -> impl Iterator<Item = &'static str> {
    FORMATS.iter().filter(move |format| takes_changes || !format.is_changing).map(|format| format.name)
}

/// The options of a format that there is.
pub fn options_of(name: &str) -> Option<&'static [OptionSpec]> {
    FORMATS.iter().find(|format| format.name == name).map(|format| format.options)
}

/// Reads the options of a format; their names have the prefix already.
pub fn read(name: &str, options: &mut TableOptions<'_>) -> Format {
    match name {
        "json" => Format::Json(json::read(options)),
        "raw" => Format::Raw(raw::read(options)),
        "protobuf" => protobuf::read(options).map_or_else(none, Format::Protobuf),
        "debezium-json" => Format::Debezium(debezium::read(options)),
        "canal-json" => Format::Canal(canal::read(options)),
        "maxwell-json" => Format::Maxwell(json::read_change(options)),
        "ogg-json" => Format::Ogg(json::read_change(options)),
        "avro" => Format::Avro(avro::read(options)),
        "avro-confluent" => Format::AvroConfluent(confluent_options::read(options)),
        "debezium-avro-confluent" => Format::DebeziumAvroConfluent(confluent_options::read(options)),
        _ => Format::Csv(csv::read(options)),
    }
}

/// What is said of a format that there isn't.
pub fn unknown(name: &str) -> String {
    let known: Vec<&str> = names(true).collect();
    format!("= '{name}' is unknown; {} are supported", known.join(", "))
}

/// Stands in for a format that has been refused.
pub fn none() -> Format {
    Format::Json(JsonFormat {
        fail_on_missing_field: false,
        ignore_parse_errors: false,
        timestamps: TimestampStandard::Sql,
    })
}

/// Why a format can't hold a column.
pub fn refuse_column(format: &Format, name: &str, data_type: &DataType) -> Option<String> {
    match format {
        Format::Protobuf(options) => protobuf::refuse_column(&options.message, name, data_type),
        _ => refuse_type(format, data_type),
    }
}

/// The same, where the type alone tells.
fn refuse_type(format: &Format, data_type: &DataType) -> Option<String> {
    match format {
        Format::Protobuf(_) => None,
        Format::Csv(_) => {
            let refused = match data_type {
                DataType::Array(element) => element.is_nested(),
                DataType::Row(fields) => fields.iter().any(|field| field.data_type.is_nested()),
                other => other.is_nested(),
            };
            refused.then(|| format!("not supported: format 'csv' can't hold {data_type}"))
        }
        Format::Raw(_) => {
            let is_simple = data_type.is_text()
                || data_type.is_integer()
                || matches!(
                    data_type,
                    DataType::Binary(_)
                        | DataType::Varbinary(_)
                        | DataType::Boolean
                        | DataType::Float
                        | DataType::Double
                );
            (!is_simple).then(|| format!("not supported: format 'raw' can't hold {data_type}"))
        }
        Format::Json(_) | Format::Debezium(_) | Format::Canal(_) | Format::Maxwell(_) | Format::Ogg(_) => {
            keys_that_are_no_texts(data_type, "JSON")
        }
        Format::Avro(options) => avro::refuse_type(options, data_type),
        Format::AvroConfluent(_) | Format::DebeziumAvroConfluent(_) => avro::refuse_common(data_type),
    }
}

/// Why a format can't have so many columns. `part`: what it is the format of, `value` or `key`.
pub fn refuse_count(format: &Format, columns: usize, part: &str) -> Option<String> {
    match format {
        Format::Raw(_) if columns != 1 => Some(format!(
            "format 'raw' makes one column of a message {part}, and here it is to hold {columns} (METADATA aside)"
        )),
        _ => None,
    }
}

/// What is said of other keys where a map has strings for keys.
pub(crate) fn keys_that_are_no_texts(data_type: &DataType, format: &str) -> Option<String> {
    data_type.find_map(&|inner| match inner {
        DataType::Map(key, _) if !key.is_text() => {
            Some(format!("not supported: a MAP in {format} has STRING keys, not {key}"))
        }
        DataType::Multiset(element) if !element.is_text() => {
            Some(format!("not supported: a MULTISET in {format} has STRING elements, not {element}"))
        }
        _ => None,
    })
}
