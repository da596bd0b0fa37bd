//! Rows of updates that carry only some columns.

use super::{RowEncoder, column, copy_text, countable, prepared, rejection};
use crate::batch::{RowFormat, UNCHANGED_LENGTH, UNCHANGED_TEXT};
use crate::error::Rejection;
use crate::types::refusal::EncodeError;
use crate::types::value::Value;

impl RowEncoder {
    /// Does the same as [`RowEncoder::encode`] for a row in which some values are [`Value::Unchanged`]. Their fields
    /// contain a mark that says so.
    pub fn encode_partial(&mut self, row: &[Value<'_>], out: &mut Vec<u8>) -> Result<RowFormat, Rejection> {
        self.check_width(row)?;
        let start = out.len();
        let result = match self.partial_binary(row, out) {
            Ok(true) => Ok(RowFormat::Binary),
            Ok(false) => {
                out.truncate(start);
                self.partial_text(row, out).map(|()| RowFormat::Text)
            }
            Err(rejection) => Err(rejection),
        };
        let result = result.and_then(|format| countable("row", out.len() - start).map(|()| format));
        if result.is_err() {
            out.truncate(start);
        }
        result
    }

    /// `Ok(false)`: a value has no binary form.
    fn partial_binary(&mut self, row: &[Value<'_>], out: &mut Vec<u8>) -> Result<bool, Rejection> {
        if !self.is_binary {
            return Ok(false);
        }
        out.extend_from_slice(&(self.columns.len() as u16).to_be_bytes());
        for (target, value) in self.columns.iter().zip(row) {
            if *value == Value::Unchanged {
                out.extend_from_slice(&UNCHANGED_LENGTH.to_be_bytes());
                continue;
            }
            let write = |value: &Value<'_>| column::field(target, self.options.vectors, value, out);
            match prepared(self.options, target, value, &mut self.decoded, write) {
                Ok(()) => {}
                Err(EncodeError::AsText) => return Ok(false),
                Err(refusal) => return Err(rejection(target, refusal)),
            }
        }
        Ok(true)
    }

    fn partial_text(&mut self, row: &[Value<'_>], out: &mut Vec<u8>) -> Result<(), Rejection> {
        for (at, (target, value)) in self.columns.iter().zip(row).enumerate() {
            if at > 0 {
                out.push(b'\t');
            }
            if *value == Value::Unchanged {
                out.extend_from_slice(UNCHANGED_TEXT);
                continue;
            }
            let write =
                |value: &Value<'_>| copy_text::field(target, self.options.vectors, value, &mut self.scratch, out);
            prepared(self.options, target, value, &mut self.decoded, write)
                .map_err(|refusal| rejection(target, refusal))?;
        }
        out.push(b'\n');
        Ok(())
    }
}
