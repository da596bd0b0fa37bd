//! Message bytes → changes (new rows, updates, deletes). One folder or file for each format. Only `protobuf` reads a file: its
//! descriptors.

pub mod avro;
mod base64;
mod canal;
pub mod change;
pub mod csv;
mod debezium;
mod fault;
pub mod format;
pub mod json;
mod maxwell;
pub mod metadata;
mod ogg;
pub mod options;
pub mod protobuf;
pub mod raw;
mod temporal;

use std::sync::Arc;

use bumpalo::Bump;

use self::avro::schema::AvroSchema;
use self::format::Format;
use crate::change::Change;
use crate::error::{Rejection, Result as JobResult};
use crate::record::Record;
use crate::schema_registry::schemas::Schemas;
use crate::types::column::{MetadataColumn, SourceColumn};
use crate::types::value::Value;

/// What one message holds. A row has a value for each of the source's columns, then for each of the format's metadata
/// columns.
#[derive(Debug, Clone, Copy, Default)]
pub struct Decoded<'a> {
    pub changes: &'a [Change<'a>],
    /// Fields set to NULL and messages dropped by the format's `ignore-parse-errors`.
    pub parse_errors_ignored: u64,
    /// Fields of the message that the table has no column for.
    pub fields_ignored: u64,
}

impl<'a> Decoded<'a> {
    /// One new row.
    fn insert(row: &'a [Value<'a>], arena: &'a Bump) -> Self {
        Decoded { changes: std::slice::from_ref(arena.alloc(Change::Insert(row))), ..Decoded::default() }
    }
}

/// A message format. Values borrow the message or `arena`, which the caller resets after each record.
pub trait Decode: Send {
    /// Asked before a record is decoded. `false`: something that it needs (a schema) isn't there now, so the record must be
    /// offered again later. An error: it will never be there.
    fn is_ready(&mut self, _: &Record<'_>) -> JobResult<bool> {
        Ok(true)
    }

    fn decode<'a>(&mut self, record: &Record<'a>, arena: &'a Bump) -> Result<Decoded<'a>, Rejection>;
}

/// The decoder of a format for these columns, if that needs no registry.
#[cfg(any(test, feature = "internals"))]
pub fn decoder(format: &Format, columns: &[SourceColumn], metadata: &[MetadataColumn]) -> Box<dyn Decode> {
    decoder_with_schemas(format, columns, metadata, None)
}

/// The decoder of a format for these columns. `schemas`: where a format with a registry looks schemas up.
pub fn decoder_with_schemas(
    format: &Format,
    columns: &[SourceColumn],
    metadata: &[MetadataColumn],
    schemas: Option<Arc<dyn Schemas>>,
) -> Box<dyn Decode> {
    match format {
        Format::Csv(options) => Box::new(csv::Csv::new(options, columns)),
        Format::Json(options) => Box::new(json::Json::new(options, columns)),
        Format::Protobuf(options) => Box::new(protobuf::Protobuf::new(options, columns)),
        Format::Raw(options) => Box::new(raw::Raw::new(options, columns)),
        Format::Debezium(options) => Box::new(debezium::Debezium::new(options, columns, metadata)),
        Format::Canal(options) => Box::new(canal::Canal::new(options, columns, metadata)),
        Format::Maxwell(options) => Box::new(maxwell::Maxwell::new(options, columns, metadata)),
        Format::Ogg(options) => Box::new(ogg::Ogg::new(options, columns, metadata)),
        Format::Avro(options) => match AvroSchema::parse(&options.schema, &[]) {
            Ok(schema) => Box::new(avro::Avro::new(schema, avro::fields(columns), options.encoding)),
            Err(error) => Box::new(avro::Unreadable(error)),
        },
        Format::AvroConfluent(options) | Format::DebeziumAvroConfluent(options) => {
            let columns = avro::fields(columns);
            match (AvroSchema::parse(&options.schema, &[]), schemas) {
                (Ok(reader), Some(schemas)) if format.is_changing() => {
                    Box::new(avro::Debezium::new(reader, columns, schemas))
                }
                (Ok(reader), Some(schemas)) => Box::new(avro::Confluent::new(reader, columns, schemas)),
                (Err(error), _) => Box::new(avro::Unreadable(error)),
                (_, None) => Box::new(avro::Unreadable("there is no registry to ask for schemas".into())),
            }
        }
    }
}
