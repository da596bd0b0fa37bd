//! Bytes → rows, and the SELECT over them. One folder a format; no I/O.

mod calendar;
mod csv;
mod decimal;
mod excerpt;
mod number;
pub mod select;

use bumpalo::Bump;

use crate::error::Rejection;
use crate::record::Record;
use crate::settings::{Column, Format};
use crate::value::Value;

/// What one message holds. Rows have one value for each column of the source table.
#[derive(Debug, Clone, Copy)]
pub struct Decoded<'a> {
    pub rows: &'a [&'a [Value<'a>]],
    /// Fields set to NULL and messages dropped by the format's `ignore-parse-errors`.
    pub parse_errors_ignored: u64,
}

/// A message format. Values borrow the message or `arena`, which the caller resets after each record.
pub trait Decode: Send {
    fn decode<'a>(&mut self, record: &Record<'a>, arena: &'a Bump) -> Result<Decoded<'a>, Rejection>;
}

/// The decoder of a source table's format.
pub fn decoder(format: &Format, columns: &[Column]) -> Box<dyn Decode> {
    match format {
        Format::Csv(options) => Box::new(csv::Csv::new(options, columns)),
    }
}
