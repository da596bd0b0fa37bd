//! How messages are decoded.

use std::fmt;

use super::{AvroFormat, CanalFormat, ChangeFormat, ConfluentFormat, DebeziumFormat, RawFormat, Registry};

/// How message values are decoded.
#[derive(Debug, Clone, PartialEq)]
pub enum Format {
    Csv(CsvFormat),
    Json(JsonFormat),
    Raw(RawFormat),
    Debezium(DebeziumFormat),
    Canal(CanalFormat),
    Maxwell(ChangeFormat),
    Ogg(ChangeFormat),
    Avro(AvroFormat),
    AvroConfluent(ConfluentFormat),
    DebeziumAvroConfluent(ConfluentFormat),
    Protobuf(ProtobufFormat),
}

impl Format {
    /// Whether its messages can update and delete rows; the others only ever add some.
    pub fn is_changing(&self) -> bool {
        match self {
            Format::Csv(_)
            | Format::Json(_)
            | Format::Raw(_)
            | Format::Avro(_)
            | Format::AvroConfluent(_)
            | Format::Protobuf(_) => false,
            Format::Debezium(_) | Format::Canal(_) | Format::Maxwell(_) | Format::Ogg(_) => true,
            Format::DebeziumAvroConfluent(_) => true,
        }
    }

    /// Where its messages' schemas are kept, if they name them.
    pub fn registry(&self) -> Option<&Registry> {
        match self {
            Format::AvroConfluent(options) | Format::DebeziumAvroConfluent(options) => Some(&options.registry),
            _ => None,
        }
    }
}

/// Options of `format = 'csv'`; see Flink's csv format for their meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvFormat {
    pub field_delimiter: char,
    /// `None`: `disable-quote-character`.
    pub quote_character: Option<char>,
    pub allow_comments: bool,
    pub ignore_parse_errors: bool,
    pub array_element_delimiter: String,
    pub escape_character: Option<char>,
    pub null_literal: Option<String>,
}

/// Options of `format = 'json'`; see Flink's json format for their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonFormat {
    pub fail_on_missing_field: bool,
    pub ignore_parse_errors: bool,
    pub timestamps: TimestampStandard,
}

/// Options of `format = 'protobuf'`.
#[derive(Clone, PartialEq)]
pub struct ProtobufFormat {
    /// The type of the messages, with all types that it is made of.
    pub message: prost_reflect::MessageDescriptor,
    pub ignore_parse_errors: bool,
    /// Fields that aren't set have their default instead of NULL.
    pub read_default_values: bool,
}

impl fmt::Debug for ProtobufFormat {
    /// A descriptor shows itself with all of its file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProtobufFormat")
            .field("message", &self.message.full_name())
            .field("ignore_parse_errors", &self.ignore_parse_errors)
            .field("read_default_values", &self.read_default_values)
            .finish()
    }
}

/// `timestamp-format.standard`: how JSON spells timestamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimestampStandard {
    /// `2024-03-01 08:30:00.5`
    Sql,
    /// `2024-03-01T08:30:00.5`
    Iso8601,
}
