//! Flink's `csv` format: each message is one row, and its fields are found by position.

mod convert;
pub mod options;
mod scan;
#[cfg(test)]
mod tests;

use bumpalo::Bump;

use self::convert::Converter;
use self::options::CsvFormat;
use self::scan::{CsvCursor, Dialect};
use super::{Decode, Decoded};
use crate::error::{Rejection, Stage};
use crate::record::Record;
use crate::types::column::SourceColumn;
use crate::types::java::number::trim;
use crate::types::value::Value;

pub(crate) struct Csv {
    dialect: Dialect,
    columns: Vec<SourceColumn>,
    converter: Converter,
    ignore_parse_errors: bool,
    /// The buffer in which a field with escapes is made. It keeps its memory for the next field.
    scratch: Vec<u8>,
}

impl Csv {
    pub fn new(options: &CsvFormat, columns: &[SourceColumn]) -> Self {
        Csv {
            dialect: Dialect::new(options),
            columns: columns.to_vec(),
            converter: Converter::new(options),
            ignore_parse_errors: options.ignore_parse_errors,
            scratch: Vec::new(),
        }
    }

    /// The row of the message's first line, and the number of its fields that became NULL because parse errors are ignored.
    fn row<'a>(&mut self, message: &'a [u8], arena: &'a Bump) -> Result<(&'a [Value<'a>], u64), Rejection> {
        let mut cursor = CsvCursor::new(&self.dialect, message);
        if cursor.is_empty() {
            return Err(Rejection::new(Stage::Decode, "found an empty message where a line of csv was expected"));
        }
        let row = arena.alloc_slice_fill_copy(self.columns.len(), Value::Null);
        let mut nulled = 0;
        for (index, (value, column)) in row.iter_mut().zip(&self.columns).enumerate() {
            match cursor.next(&mut self.scratch, arena) {
                Ok(Some(field)) => match self.converter.convert(&column.data_type, field, arena, &mut nulled) {
                    Ok(converted) => *value = converted,
                    Err(_) if self.ignore_parse_errors => nulled += 1,
                    Err(unfit) => return Err(Rejection::in_column(Stage::Decode, &column.name, unfit.to_string())),
                },
                Ok(None) if self.ignore_parse_errors => nulled += 1,
                Ok(None) => {
                    let reason = format!("found {index} fields where {} were expected", self.columns.len());
                    return Err(Rejection::new(Stage::Decode, reason));
                }
                Err(fault) => return Err(Rejection::in_column(Stage::Decode, &column.name, fault.to_string())),
            }
        }
        // Only one empty field is allowed after the last column, because a line may end with a delimiter.
        match cursor.next(&mut self.scratch, arena) {
            Ok(None) => Ok((row, nulled)),
            Ok(Some(extra)) if cursor.is_at_end() && trim(extra).is_empty() => Ok((row, nulled)),
            Ok(Some(_)) => {
                let reason = format!("found more than the {} fields that were expected", self.columns.len());
                Err(Rejection::new(Stage::Decode, reason))
            }
            Err(fault) => Err(Rejection::new(Stage::Decode, fault.to_string())),
        }
    }
}

impl Decode for Csv {
    fn decode<'a>(&mut self, record: &Record<'a>, arena: &'a Bump) -> Result<Decoded<'a>, Rejection> {
        let Some(message) = record.value else {
            return Ok(Decoded::default());
        };
        match self.row(message, arena) {
            Ok((row, parse_errors_ignored)) => Ok(Decoded { parse_errors_ignored, ..Decoded::insert(row, arena) }),
            Err(_) if self.ignore_parse_errors => Ok(Decoded { parse_errors_ignored: 1, ..Decoded::default() }),
            Err(rejection) => Err(rejection),
        }
    }
}
