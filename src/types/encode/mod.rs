//! Values → PostgreSQL COPY rows, by the target column's type. Pure: no I/O.
//!
//! A row is written in COPY's binary format. If the binary form of one of its values isn't certain (a type that we don't
//! know, an unusual spelling of a date), the whole row is written as a line of COPY text and the server decides.

mod column;
mod conversion;
mod copy_text;
mod key;
mod partial;
mod translate;

use std::borrow::Cow;
use std::collections::TryReserveError;

use crate::batch::{MOST_ROW_BYTES, RowFormat};
use crate::error::{Error, Rejection, Stage};
use crate::types::refusal::{EncodeError, sqlstate};
use crate::types::room;
use crate::types::target::{TargetColumn, TargetTable};
use crate::types::value::Value;
use crate::types::vectors::packed;

pub use self::translate::Translator;
pub use crate::types::vector_encoding::VectorOptions;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EncodeOptions {
    /// `replacebreak`: line feeds are removed from strings.
    pub remove_line_feeds: bool,
    /// `replacenullchar`: NUL characters are removed from strings.
    pub remove_null_characters: bool,
    pub vectors: VectorOptions,
}

impl EncodeOptions {
    fn cleans_text(&self) -> bool {
        self.remove_line_feeds || self.remove_null_characters
    }
}

/// Encodes the rows of one target table.
#[derive(Debug)]
pub struct RowEncoder {
    columns: Vec<TargetColumn>,
    key: Vec<usize>,
    options: EncodeOptions,
    is_binary: bool,
    canonical_keys: bool,
    scratch: copy_text::TextBuffers,
    /// The bytes of a vector that came in base64. The buffer keeps its memory for the next vector.
    decoded: Vec<u8>,
}

impl RowEncoder {
    /// The error names every column whose source type can never be stored in it.
    pub fn new(target: &TargetTable, options: EncodeOptions) -> Result<RowEncoder, Error> {
        let columns = target.columns.clone();
        let key = target.key.clone().unwrap_or_default();
        if i16::try_from(columns.len()).is_err() {
            let message = format!("{} has {} written columns, COPY takes at most 32767", target.name(), columns.len());
            return Err(Error::target(message));
        }
        if let Some(missing) = key.iter().find(|&&column| column >= columns.len()) {
            return Err(Error::Internal(format!("key column {missing} of {} is not written", target.name())));
        }
        let is_binary = conversion::all_binary(target, options.vectors.encoding)?;
        let (scratch, decoded) = (copy_text::TextBuffers::default(), Vec::new());
        Ok(RowEncoder { columns, key, options, is_binary, canonical_keys: false, scratch, decoded })
    }

    /// The memory of the encoder's own buffers. They become as large as the longest value needs.
    pub fn capacity(&self) -> usize {
        self.scratch.capacity() + self.decoded.capacity()
    }

    /// Frees the encoder's own buffers if they have more than `most` bytes together.
    pub fn trim(&mut self, most: usize) {
        if self.capacity() > most {
            (self.scratch, self.decoded) = (copy_text::TextBuffers::default(), Vec::new());
        }
    }

    /// Reserves the memory that a large row needs in `out` and in this encoder. Encoding it then allocates nothing, unless a
    /// value has an unusual form.
    pub fn reserve(&mut self, row: &[Value<'_>], out: &mut Vec<u8>) -> Result<(), TryReserveError> {
        let each = self.columns.iter().zip(row);
        if self.is_binary {
            let bytes = each.map(|(column, value)| room::FRAME + column.column_type.most_bytes(value));
            return out.try_reserve_exact(2 + bytes.sum::<usize>());
        }
        let texts = each.map(|(_, value)| room::in_text_row(value));
        out.try_reserve_exact(texts.clone().sum())?;
        self.scratch.reserve(texts.max().unwrap_or(0))
    }

    /// Refuses from now on each key that may have several spellings, because its key image isn't certain. A sink needs this
    /// if its shards are chosen by the key image and a program may push keys in any type.
    pub fn with_canonical_keys(mut self) -> RowEncoder {
        self.canonical_keys = true;
        self
    }

    /// Appends one COPY row to `out` and returns its format. After an `Err` `out` is as before.
    pub fn encode(&mut self, row: &[Value<'_>], out: &mut Vec<u8>) -> Result<RowFormat, Rejection> {
        let start = out.len();
        let result = match self.encode_binary(row, out) {
            Ok(true) => Ok(RowFormat::Binary),
            Ok(false) => {
                out.truncate(start);
                self.encode_text(row, out).map(|()| RowFormat::Text)
            }
            Err(rejection) => Err(rejection),
        };
        let result = result.and_then(|format| countable("row", out.len() - start).map(|()| format));
        if result.is_err() {
            out.truncate(start);
        }
        result
    }

    /// Appends the key image of the row. If the table has no key, nothing is appended.
    pub fn key_image(&self, row: &[Value<'_>], out: &mut Vec<u8>) -> Result<(), Rejection> {
        let start = out.len();
        for &at in &self.key {
            let (column, value) = (&self.columns[at], row.get(at).unwrap_or(&Value::Null));
            let canonical = self.canonical_keys;
            if let Err(refusal) = cleaned(self.options, value, |value| key::image(column, value, canonical, out)) {
                out.truncate(start);
                return Err(rejection(column, refusal));
            }
        }
        countable("key", out.len() - start).inspect_err(|_| out.truncate(start))
    }

    /// Whether every column has a binary form for values of its source type. Otherwise all rows are sent as text.
    pub fn is_binary(&self) -> bool {
        self.is_binary
    }

    /// `Ok(false)`: a value has no binary form.
    fn encode_binary(&mut self, row: &[Value<'_>], out: &mut Vec<u8>) -> Result<bool, Rejection> {
        self.check_width(row)?;
        if !self.is_binary {
            return Ok(false);
        }
        out.extend_from_slice(&(self.columns.len() as u16).to_be_bytes());
        for (column, value) in self.columns.iter().zip(row) {
            let write = |value: &Value<'_>| column::field(column, self.options.vectors, value, out);
            match prepared(self.options, column, value, &mut self.decoded, write) {
                Ok(()) => {}
                Err(EncodeError::AsText) => return Ok(false),
                Err(refusal) => return Err(rejection(column, refusal)),
            }
        }
        Ok(true)
    }

    fn encode_text(&mut self, row: &[Value<'_>], out: &mut Vec<u8>) -> Result<(), Rejection> {
        let mut result = Ok(());
        for (at, (column, value)) in self.columns.iter().zip(row).enumerate() {
            if at > 0 {
                out.push(b'\t');
            }
            let write =
                |value: &Value<'_>| copy_text::field(column, self.options.vectors, value, &mut self.scratch, out);
            result = prepared(self.options, column, value, &mut self.decoded, write)
                .map_err(|refusal| rejection(column, refusal));
            if result.is_err() {
                break;
            }
        }
        out.push(b'\n');
        result
    }

    fn check_width(&self, row: &[Value<'_>]) -> Result<(), Rejection> {
        if row.len() == self.columns.len() {
            return Ok(());
        }
        let reason = format!("the row has {} values for {} columns", row.len(), self.columns.len());
        Err(Rejection::new(Stage::Encode, reason))
    }
}

/// Whether the length of a row or key fits into the fields of a [`RowEntry`](crate::batch::RowEntry).
#[inline]
fn countable(what: &str, length: usize) -> Result<(), Rejection> {
    if length <= MOST_ROW_BYTES {
        return Ok(());
    }
    let reason = format!("the {what} takes {length} bytes, at most {MOST_ROW_BYTES} can be sent");
    Err(Rejection { sqlstate: Some(sqlstate::TOO_BIG.into()), ..Rejection::new(Stage::Encode, reason) })
}

/// Calls `write` with the value. Strings are passed without the characters that the options remove, and vectors in base64
/// as bytes.
#[inline(always)]
fn prepared(
    options: EncodeOptions,
    column: &TargetColumn,
    value: &Value<'_>,
    decoded: &mut Vec<u8>,
    write: impl FnOnce(&Value<'_>) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    match value {
        Value::Text(text)
            if options.vectors.encoding.is_some_and(|encoding| encoding.base64)
                && column.column_type.holds_vectors()
                && !text.trim_ascii_start().starts_with(['{', '[']) =>
        {
            packed::decode_base64(text, decoded)?;
            write(&Value::Bytes(decoded))
        }
        value => cleaned(options, value, write),
    }
}

#[inline(always)]
fn cleaned(
    options: EncodeOptions,
    value: &Value<'_>,
    write: impl FnOnce(&Value<'_>) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    match value {
        Value::Text(text) if options.cleans_text() => write(&Value::Text(&remove(text, options))),
        value => write(value),
    }
}

fn remove(text: &str, options: EncodeOptions) -> Cow<'_, str> {
    let unwanted = |character: char| match character {
        '\n' => options.remove_line_feeds,
        '\0' => options.remove_null_characters,
        _ => false,
    };
    match memchr::memchr2(b'\n', 0, text.as_bytes()) {
        Some(_) => Cow::Owned(text.replace(unwanted, "")),
        None => Cow::Borrowed(text),
    }
}

#[cold]
fn rejection(column: &TargetColumn, refusal: EncodeError) -> Rejection {
    let (sqlstate, reason) = match refusal {
        EncodeError::Reject { sqlstate, reason } => (Some(sqlstate.to_string()), reason),
        EncodeError::AsText => (None, "the value can't be stored in this column".to_string()),
    };
    Rejection { sqlstate, ..Rejection::in_column(Stage::Encode, &column.name, reason) }
}

#[cfg(test)]
mod tests;
