//! `'format' = 'json'` and its options, and those that the change formats in JSON share with it; see Flink's json format
//! for their meaning.

use std::sync::Arc;

use super::Json;
use crate::formats::Decode;
use crate::formats::definition::{MessageFormat, keys_that_are_no_texts};
use crate::options::{OptionDefinition, OptionValue, TableOptions};
use crate::schema_registry::schemas::Schemas;
use crate::types::column::{MetadataColumn, SourceColumn};
use crate::types::data_type::DataType;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JsonFormat {
    pub fail_on_missing_field: bool,
    pub ignore_parse_errors: bool,
    pub timestamps: TimestampStandard,
}

/// `timestamp-format.standard`: the form of timestamps in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimestampStandard {
    /// `2024-03-01 08:30:00.5`
    #[default]
    Sql,
    /// `2024-03-01T08:30:00.5`
    Iso8601,
}

impl TimestampStandard {
    /// Flink takes only this spelling.
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "SQL" => Ok(TimestampStandard::Sql),
            "ISO-8601" => Ok(TimestampStandard::Iso8601),
            _ => Err("must be SQL or ISO-8601, in capital letters".into()),
        }
    }
}

/// The options that all formats in JSON have.
pub trait JsonOptions: 'static {
    fn set_ignore_parse_errors(&mut self, on: bool);

    fn set_timestamps(&mut self, standard: TimestampStandard);
}

impl JsonOptions for JsonFormat {
    fn set_ignore_parse_errors(&mut self, on: bool) {
        self.ignore_parse_errors = on;
    }

    fn set_timestamps(&mut self, standard: TimestampStandard) {
        self.timestamps = standard;
    }
}

pub const fn ignore_parse_errors<S: JsonOptions>() -> OptionDefinition<S> {
    OptionDefinition::new(
        "ignore-parse-errors",
        OptionValue::Boolean(S::set_ignore_parse_errors),
        "true: a field that can't be converted becomes NULL, a message that can't be read is dropped, and both are counted. \
         false: the sink's exceptionmode decides what happens to such a record.",
    )
    .default("false")
}

pub const fn timestamp_standard<S: JsonOptions>() -> OptionDefinition<S> {
    OptionDefinition::new(
        "timestamp-format.standard",
        OptionValue::Any(|format: &mut S, text| {
            format.set_timestamps(TimestampStandard::parse(text)?);
            Ok(())
        }),
        "How timestamps are written. SQL: as 2024-03-01 08:30:00.5. ISO-8601: as 2024-03-01T08:30:00.5. TIMESTAMP_LTZ has a \
         Z at its end in both.",
    )
    .default("SQL")
}

pub const fn map_null_key_mode<S>() -> OptionDefinition<S> {
    OptionDefinition::new("map-null-key.mode", OptionValue::NoEffect, "For writing only; accepted, no effect.")
}

pub const fn map_null_key_literal<S>() -> OptionDefinition<S> {
    OptionDefinition::new("map-null-key.literal", OptionValue::NoEffect, "For writing only; accepted, no effect.")
}

pub const fn plain_decimals<S>() -> OptionDefinition<S> {
    OptionDefinition::new(
        "encode.decimal-as-plain-number",
        OptionValue::NoEffect,
        "For writing only; accepted, no effect.",
    )
    .since("1.14")
}

pub const fn ignore_null_fields<S>() -> OptionDefinition<S> {
    OptionDefinition::new("encode.ignore-null-fields", OptionValue::NoEffect, "For writing only; accepted, no effect.")
        .since("1.20")
}

/// Makes the list of a format's options: its own options, then those of all formats in JSON, then the options after the
/// semicolon.
macro_rules! json_options {
    ($($before:expr),* $(; $($after:expr),*)?) => {
        &[
            $($before,)*
            $crate::formats::json::options::ignore_parse_errors(),
            $crate::formats::json::options::timestamp_standard(),
            $crate::formats::json::options::map_null_key_mode(),
            $crate::formats::json::options::map_null_key_literal(),
            $crate::formats::json::options::plain_decimals(),
            $crate::formats::json::options::ignore_null_fields(),
            $($($after,)*)?
        ]
    };
}
pub(in crate::formats) use json_options;

type JsonOption = OptionDefinition<JsonFormat>;

const FAIL_ON_MISSING_FIELD: JsonOption = JsonOption::new(
    "fail-on-missing-field",
    OptionValue::Boolean(|json, on| json.fail_on_missing_field = on),
    "true: a message without the field of a column is rejected. false: the column is NULL.",
)
.default("false");
const PARSER: JsonOption =
    JsonOption::new("decode.json-parser.enabled", OptionValue::NoEffect, "Accepted, no effect: there is one decoder.")
        .since("1.20");

impl MessageFormat for JsonFormat {
    const NAME: &'static str = "json";
    const IS_CHANGING: bool = false;
    type Options = JsonFormat;
    const OPTIONS: &'static [JsonOption] = json_options![FAIL_ON_MISSING_FIELD; PARSER];

    fn new(json: JsonFormat, options: &mut TableOptions<'_>) -> Option<Self> {
        if json.fail_on_missing_field && json.ignore_parse_errors {
            options.error(&FAIL_ON_MISSING_FIELD, "and 'ignore-parse-errors' exclude each other");
        }
        Some(json)
    }

    fn metadata() -> Vec<MetadataColumn> {
        Vec::new()
    }

    fn refuse_column(&self, _: &str, data_type: &DataType) -> Option<String> {
        keys_that_are_no_texts(data_type, "JSON")
    }

    fn decoder(&self, columns: &[SourceColumn], _: &[MetadataColumn], _: Option<Arc<dyn Schemas>>) -> Box<dyn Decode> {
        Box::new(Json::new(self, columns))
    }
}
