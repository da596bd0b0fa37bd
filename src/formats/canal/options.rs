//! Options of `'format' = 'canal-json'`.

use crate::formats::change::settings::CanalFormat;
use crate::formats::json::options as json;
use crate::formats::json::options::{IGNORE_NULL_FIELDS, IGNORE_PARSE_ERRORS, MAP_NULL_KEY_LITERAL, MAP_NULL_KEY_MODE};
use crate::options::{OptionSpec, TableOptions, ValueType};

pub const DATABASE_INCLUDE: OptionSpec = OptionSpec::new(
    "database.include",
    ValueType::Any,
    "A regular expression: messages whose \"database\" doesn't match it as a whole are skipped.",
);
pub const TABLE_INCLUDE: OptionSpec = OptionSpec::new("table.include", ValueType::Any, "The same of their \"table\".");

pub const OPTIONS: &[OptionSpec] = &[
    DATABASE_INCLUDE,
    TABLE_INCLUDE,
    IGNORE_PARSE_ERRORS,
    json::TIMESTAMP_STANDARD,
    MAP_NULL_KEY_MODE,
    MAP_NULL_KEY_LITERAL,
    json::PLAIN_DECIMALS,
    IGNORE_NULL_FIELDS,
];

pub fn read(options: &mut TableOptions<'_>) -> CanalFormat {
    CanalFormat {
        change: json::read_change(options),
        database_include: options.convert(&DATABASE_INCLUDE, pattern),
        table_include: options.convert(&TABLE_INCLUDE, pattern),
    }
}

fn pattern(text: &str) -> Result<String, String> {
    match regex::Regex::new(text) {
        Ok(_) => Ok(text.to_string()),
        Err(_) => Err("is no regular expression known here (look-around and back-references aren't)".into()),
    }
}
