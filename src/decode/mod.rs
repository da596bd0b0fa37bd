//! Bytes → changes, and the SELECT over them. One folder a format; no I/O.

mod base64;
mod calendar;
mod canal;
#[cfg(test)]
mod change_tests;
mod csv;
mod debezium;
mod decimal;
mod envelope;
mod excerpt;
mod java_real;
mod json;
mod maxwell;
pub mod metadata;
mod number;
mod ogg;
mod raw;
pub mod select;
mod temporal;

use bumpalo::Bump;

use crate::change::Change;
use crate::error::Rejection;
use crate::record::Record;
use crate::settings::{Column, Format, MetadataColumn};
use crate::value::Value;

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
    fn decode<'a>(&mut self, record: &Record<'a>, arena: &'a Bump) -> Result<Decoded<'a>, Rejection>;
}

/// The decoder of a source table's format.
pub fn decoder(format: &Format, columns: &[Column], metadata: &[MetadataColumn]) -> Box<dyn Decode> {
    match format {
        Format::Csv(options) => Box::new(csv::Csv::new(options, columns)),
        Format::Json(options) => Box::new(json::Json::new(options, columns)),
        Format::Raw(options) => Box::new(raw::Raw::new(options, columns)),
        Format::Debezium(options) => Box::new(debezium::Debezium::new(options, columns, metadata)),
        Format::Canal(options) => Box::new(canal::Canal::new(options, columns, metadata)),
        Format::Maxwell(options) => Box::new(maxwell::Maxwell::new(options, columns, metadata)),
        Format::Ogg(options) => Box::new(ogg::Ogg::new(options, columns, metadata)),
    }
}
