//! Options of `'format' = 'debezium-json'`.

use crate::formats::change::settings::DebeziumFormat;
use crate::formats::json::options as json;
use crate::formats::json::options::{IGNORE_NULL_FIELDS, IGNORE_PARSE_ERRORS, MAP_NULL_KEY_LITERAL, MAP_NULL_KEY_MODE};
use crate::options::{OptionSpec, TableOptions, ValueType};

pub const SCHEMA_INCLUDE: OptionSpec = OptionSpec::new(
    "schema-include",
    ValueType::Boolean,
    "The change is under \"payload\", beside its schema: Kafka Connect's schemas.enable.",
)
.default("false");

pub const OPTIONS: &[OptionSpec] = &[
    SCHEMA_INCLUDE,
    IGNORE_PARSE_ERRORS,
    json::TIMESTAMP_STANDARD,
    MAP_NULL_KEY_MODE,
    MAP_NULL_KEY_LITERAL,
    json::PLAIN_DECIMALS,
    IGNORE_NULL_FIELDS,
];

pub fn read(options: &mut TableOptions<'_>) -> DebeziumFormat {
    DebeziumFormat { change: json::read_change(options), schema_include: options.boolean(&SCHEMA_INCLUDE) }
}
