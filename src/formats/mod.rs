//! Message bytes → changes (new rows, updates, deletes). One folder or file for each format. Only `protobuf` reads a file:
//! the one with its descriptors.

pub mod avro;
mod base64;
pub mod canal;
pub mod change;
pub mod csv;
pub mod debezium;
mod decode_error;
pub mod definition;

pub mod format;
pub mod json;
pub mod maxwell;
pub mod metadata;
pub mod ogg;
pub mod protobuf;
pub mod raw;
mod temporal;

use bumpalo::Bump;

use crate::change::Change;
use crate::error::{Rejection, Result as JobResult};
use crate::record::Record;
use crate::types::value::Value;

/// The result of decoding a message. A row has a value for each of the source's columns, then one for each of the format's
/// metadata columns.
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

/// Decodes the messages of a format. Values borrow from the message or from `arena`, which the caller resets after each
/// record.
pub trait Decode: Send {
    /// Called before a record is decoded. `false`: a schema that the record needs isn't available now, so the record must
    /// be offered again later. An error: the schema will never be available.
    fn is_ready(&mut self, _: &Record<'_>) -> JobResult<bool> {
        Ok(true)
    }

    fn decode<'a>(&mut self, record: &Record<'a>, arena: &'a Bump) -> Result<Decoded<'a>, Rejection>;
}
