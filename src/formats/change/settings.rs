//! Formats whose messages are changes of a database, in JSON.

use crate::formats::json::settings::TimestampStandard;

/// What the options of all change formats in JSON have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeFormat {
    pub ignore_parse_errors: bool,
    pub timestamps: TimestampStandard,
}

/// Options of `format = 'debezium-json'`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DebeziumFormat {
    pub change: ChangeFormat,
    /// The message is wrapped with its schema: Kafka Connect's `schemas.enable`.
    pub schema_include: bool,
}

/// Options of `format = 'canal-json'`: regular expressions that a message's database and table must match as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanalFormat {
    pub change: ChangeFormat,
    pub database_include: Option<String>,
    pub table_include: Option<String>,
}
