//! How messages are decoded.

use crate::formats::avro::settings::{AvroFormat, ConfluentFormat};
use crate::formats::change::settings::{CanalFormat, ChangeFormat, DebeziumFormat};
use crate::formats::csv::settings::CsvFormat;
use crate::formats::json::settings::JsonFormat;
use crate::formats::protobuf::settings::ProtobufFormat;
use crate::formats::raw::settings::RawFormat;
use crate::settings::registry::Registry;

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
