//! Flink's `protobuf` format: each message has the type that the options name. Its fields have numbers in the message and
//! names in the table.

mod build;
pub mod options;
mod shape;
#[cfg(test)]
mod tests;
mod wire;

use bumpalo::Bump;

use self::build::Building;
use self::options::ProtobufFormat;
use self::shape::ProtobufMessage;
use self::wire::Wire;
use super::{Decode, Decoded};
use crate::error::Rejection;
use crate::record::Record;
use crate::types::column::SourceColumn;

pub(crate) struct Protobuf {
    shape: ProtobufMessage,
    ignore_parse_errors: bool,
}

impl Protobuf {
    pub fn new(options: &ProtobufFormat, columns: &[SourceColumn]) -> Self {
        let columns = columns.iter().map(|column| (column.name.as_str(), &column.data_type));
        Protobuf {
            shape: ProtobufMessage::new(&options.message, columns, options.read_default_values),
            ignore_parse_errors: options.ignore_parse_errors,
        }
    }
}

impl Decode for Protobuf {
    fn decode<'a>(&mut self, record: &Record<'a>, arena: &'a Bump) -> Result<Decoded<'a>, Rejection> {
        // A value without bytes is a message without fields.
        let Some(message) = record.value else { return Ok(Decoded::default()) };
        let mut wire = Wire::new(message);
        let mut row = Building::new(&self.shape, arena);
        let read = row.read(&self.shape, &mut wire, arena).and_then(|()| row.finish(&self.shape, message.len(), arena));
        match read {
            Ok(row) => Ok(Decoded { fields_ignored: wire.skipped, ..Decoded::insert(row, arena) }),
            Err(_) if self.ignore_parse_errors => Ok(Decoded { parse_errors_ignored: 1, ..Decoded::default() }),
            Err(fault) => Err(fault.into_rejection(0)),
        }
    }
}
