//! Options of `'format' = 'avro'`.

use crate::formats::avro::settings::{AvroEncoding, AvroFormat};
use crate::formats::options::keys_that_are_no_texts;
use crate::options::{OptionSpec, TableOptions, ValueType};
use crate::types::data_type::DataType;

pub const ENCODING: OptionSpec = OptionSpec::new(
    "encoding",
    ValueType::Choice(std::borrow::Cow::Borrowed(&["binary", "json"])),
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

/// What no schema holds, wherever it comes from.
pub fn refuse_common(data_type: &DataType) -> Option<String> {
    let keys = keys_that_are_no_texts(data_type, "Avro");
    if keys.is_some() {
        return keys;
    }
    let interval = data_type.find_map(&|inner| inner.is_interval().then(|| inner.clone()))?;
    let (number, unit) = match interval {
        DataType::IntervalYearMonth => ("INT", "months"),
        _ => ("BIGINT", "milliseconds"),
    };
    Some(format!(
        "Avro can't hold {interval}, as in Flink: declare {number}, the {unit}, and CAST it AS {interval} in the query"
    ))
}

pub fn refuse_type(options: &AvroFormat, data_type: &DataType) -> Option<String> {
    let to_false = "'avro.timestamp_mapping.legacy' = 'false'";
    let refuse = |data_type: &DataType| match data_type {
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
        _ => None,
    };
    refuse_common(data_type).or_else(|| data_type.find_map(&refuse))
}
