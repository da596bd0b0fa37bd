//! Options of `'format' = 'avro'`.

use super::format::key_that_is_no_text;
use super::{OptionSpec, TableOptions, ValueType};
use crate::data_type::DataType;
use crate::settings::{AvroEncoding, AvroFormat};

pub const ENCODING: OptionSpec = OptionSpec::new(
    "encoding",
    ValueType::Choice(&["binary", "json"]),
    "How a message is written: in Avro's binary form or in its JSON.",
)
.default("binary")
.since("1.18");
pub const LEGACY_TIMESTAMPS: OptionSpec = OptionSpec::new(
    "timestamp_mapping.legacy",
    ValueType::Boolean,
    "true: TIMESTAMP of at most 3 digits is timestamp-millis, TIMESTAMP_LTZ isn't taken. false: TIMESTAMP is \
     local-timestamp-millis (to 3 digits) or -micros (to 6), TIMESTAMP_LTZ timestamp-millis or -micros.",
)
.default("true")
.since("1.19");
pub const CODEC: OptionSpec = OptionSpec::new("codec", ValueType::Any, "For files only; accepted, no effect.");

pub const OPTIONS: &[OptionSpec] = &[ENCODING, LEGACY_TIMESTAMPS, CODEC];

/// The schema comes when the columns are known.
pub fn read(options: &mut TableOptions<'_>) -> AvroFormat {
    AvroFormat {
        schema: String::new(),
        encoding: match options.choice(&ENCODING) {
            Some("json") => AvroEncoding::Json,
            _ => AvroEncoding::Binary,
        },
        legacy_timestamps: options.boolean(&LEGACY_TIMESTAMPS),
    }
}

pub fn refuse_type(options: &AvroFormat, data_type: &DataType) -> Option<String> {
    if let Some(key) = key_that_is_no_text(data_type) {
        return Some(format!("not supported: a MAP in Avro has STRING keys, not {key}"));
    }
    let to_false = "'avro.timestamp_mapping.legacy' = 'false'";
    match data_type {
        DataType::Timestamp { precision: 4.. } if options.legacy_timestamps => Some(format!(
            "format 'avro' can't hold {data_type}: declare TIMESTAMP(3), whose messages are in milliseconds, or set {to_false}"
        )),
        DataType::TimestampLtz { .. } if options.legacy_timestamps => {
            Some(format!("format 'avro' can't hold {data_type}: declare TIMESTAMP(3), or set {to_false}"))
        }
        DataType::Timestamp { precision: 7.. } | DataType::TimestampLtz { precision: 7.. } => {
            Some(format!("format 'avro' can't hold {data_type}: 6 digits at most"))
        }
        DataType::Time { precision: 4.. } => Some(format!("format 'avro' can't hold {data_type}: 3 digits at most")),
        DataType::Array(inner) | DataType::Map(_, inner) => refuse_type(options, inner),
        DataType::Row(fields) => fields.iter().find_map(|field| refuse_type(options, &field.data_type)),
        _ => None,
    }
}
