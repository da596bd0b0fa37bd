//! Options of `'format' = 'json'`, and those that the change formats in JSON share with it.

use crate::formats::change::settings::ChangeFormat;
use crate::formats::json::settings::{JsonFormat, TimestampStandard};
use crate::options::{OptionSpec, TableOptions, ValueType};

pub const FAIL_ON_MISSING_FIELD: OptionSpec = OptionSpec::new(
    "fail-on-missing-field",
    ValueType::Boolean,
    "A message without the field of a column is rejected; false: the column is NULL.",
)
.default("false");
pub const IGNORE_PARSE_ERRORS: OptionSpec = OptionSpec::new(
    "ignore-parse-errors",
    ValueType::Boolean,
    "A field that does not convert becomes NULL, a message that can't be read is dropped; both are counted. false: such \
     a record is rejected, by the sink's exceptionmode.",
)
.default("false");
pub const TIMESTAMP_STANDARD: OptionSpec = OptionSpec::new(
    "timestamp-format.standard",
    ValueType::Any,
    "SQL: timestamps are 2024-03-01 08:30:00.5, ISO-8601: 2024-03-01T08:30:00.5; TIMESTAMP_LTZ with a Z at the end.",
)
.default("SQL");
pub const MAP_NULL_KEY_MODE: OptionSpec =
    OptionSpec::new("map-null-key.mode", ValueType::Any, "For writing only; accepted, no effect.");
pub const MAP_NULL_KEY_LITERAL: OptionSpec =
    OptionSpec::new("map-null-key.literal", ValueType::Any, "For writing only; accepted, no effect.");
pub const PLAIN_DECIMALS: OptionSpec =
    OptionSpec::new("encode.decimal-as-plain-number", ValueType::Any, "For writing only; accepted, no effect.")
        .since("1.14");
pub const IGNORE_NULL_FIELDS: OptionSpec =
    OptionSpec::new("encode.ignore-null-fields", ValueType::Any, "For writing only; accepted, no effect.")
        .since("1.20");
pub const PARSER: OptionSpec =
    OptionSpec::new("decode.json-parser.enabled", ValueType::Any, "Accepted, no effect: there is one decoder.")
        .since("1.20");

pub const OPTIONS: &[OptionSpec] = &[
    FAIL_ON_MISSING_FIELD,
    IGNORE_PARSE_ERRORS,
    TIMESTAMP_STANDARD,
    MAP_NULL_KEY_MODE,
    MAP_NULL_KEY_LITERAL,
    PLAIN_DECIMALS,
    IGNORE_NULL_FIELDS,
    PARSER,
];

/// The options of maxwell-json and ogg-json; the other change formats have more.
pub const OF_CHANGES: &[OptionSpec] = &[
    IGNORE_PARSE_ERRORS,
    TIMESTAMP_STANDARD,
    MAP_NULL_KEY_MODE,
    MAP_NULL_KEY_LITERAL,
    PLAIN_DECIMALS,
    IGNORE_NULL_FIELDS,
];

pub fn read(options: &mut TableOptions<'_>) -> JsonFormat {
    let fail_on_missing_field = options.boolean(&FAIL_ON_MISSING_FIELD);
    let ignore_parse_errors = options.boolean(&IGNORE_PARSE_ERRORS);
    if fail_on_missing_field && ignore_parse_errors {
        options.error(&FAIL_ON_MISSING_FIELD, "and 'ignore-parse-errors' exclude each other");
    }
    JsonFormat { fail_on_missing_field, ignore_parse_errors, timestamps: timestamps(options) }
}

pub fn read_change(options: &mut TableOptions<'_>) -> ChangeFormat {
    ChangeFormat { ignore_parse_errors: options.boolean(&IGNORE_PARSE_ERRORS), timestamps: timestamps(options) }
}

/// Flink wants exactly this spelling.
fn timestamps(options: &mut TableOptions<'_>) -> TimestampStandard {
    let standard = options.convert(&TIMESTAMP_STANDARD, |text| match text {
        "SQL" => Ok(TimestampStandard::Sql),
        "ISO-8601" => Ok(TimestampStandard::Iso8601),
        _ => Err("must be SQL or ISO-8601, spelt so".into()),
    });
    standard.unwrap_or(TimestampStandard::Sql)
}
