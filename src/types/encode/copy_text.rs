//! One column of a `COPY … (FORMAT text)` line.

use std::collections::TryReserveError;

use super::column;
use crate::types::column_types::check_nul;
use crate::types::refusal::EncodeError;
use crate::types::target::TargetColumn;
use crate::types::text::print::print;
use crate::types::value::Value;
use crate::types::vector_encoding::VectorOptions;

/// Buffers in which a value's binary form and its text are made. They keep their memory for the next value.
#[derive(Debug, Default)]
pub(super) struct TextBuffers {
    binary: Vec<u8>,
    text: Vec<u8>,
}

impl TextBuffers {
    pub(super) fn reserve(&mut self, bytes: usize) -> Result<(), TryReserveError> {
        self.binary.clear();
        self.text.clear();
        self.binary.try_reserve_exact(bytes)?;
        self.text.try_reserve_exact(bytes)
    }

    pub(super) fn capacity(&self) -> usize {
        self.binary.capacity() + self.text.capacity()
    }
}

/// Appends a column's text, escaped, without the tab or line feed after it. A value that has a binary form is first encoded
/// in binary form and then printed, so that the checks and the rounding are those of a binary row.
pub(super) fn field(
    column: &TargetColumn,
    vectors: VectorOptions,
    value: &Value<'_>,
    scratch: &mut TextBuffers,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    if value.is_null() {
        column::check_null(column)?;
        out.extend_from_slice(b"\\N");
        return Ok(());
    }
    let TextBuffers { binary, text: printed } = scratch;
    binary.clear();
    printed.clear();
    match column::field(column, vectors, value, binary) {
        Ok(()) => {
            column.column_type.print(binary.get(4..).unwrap_or_default(), printed);
            escape(printed, out);
            return Ok(());
        }
        Err(EncodeError::AsText) => {}
        Err(refusal) => return Err(refusal),
    }
    match value {
        Value::Text(text) => {
            check_nul(text)?;
            match plain_list(column.column_type.brackets(), text) {
                Some(([opening, closing], inside)) => {
                    out.push(opening);
                    escape(inside.as_bytes(), out);
                    out.push(closing);
                }
                None => escape(text.as_bytes(), out),
            }
        }
        value => {
            print(value, &column.source, printed)?;
            check_nul(&String::from_utf8_lossy(printed))?;
            escape(printed, out);
        }
    }
    Ok(())
}

/// Escapes what COPY would take for a delimiter or an escape.
pub(super) fn escape(text: &[u8], out: &mut Vec<u8>) {
    let mut start = 0;
    for (at, &byte) in text.iter().enumerate() {
        let letter = match byte {
            b'\\' => b'\\',
            b'\t' => b't',
            b'\n' => b'n',
            b'\r' => b'r',
            _ => continue,
        };
        out.extend_from_slice(&text[start..at]);
        out.extend_from_slice(&[b'\\', letter]);
        start = at + 1;
    }
    out.extend_from_slice(&text[start..]);
}

/// If `text` is a plain list of one dimension: the brackets that the column takes (`{…}` for arrays, `[…]` for vectors),
/// and the text inside.
fn plain_list(brackets: Option<[u8; 2]>, text: &str) -> Option<([u8; 2], &str)> {
    let brackets = brackets?;
    let trimmed = text.trim_matches([' ', '\t', '\n', '\r']);
    match trimmed.as_bytes() {
        [b'{', inside @ .., b'}'] | [b'[', inside @ .., b']']
            if memchr::memchr3(b'{', b'[', b'=', inside).is_none() =>
        {
            Some((brackets, &trimmed[1..trimmed.len() - 1]))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_are_escaped() {
        let mut out = Vec::new();
        escape(b"a\tb\\c\r\nd\\N", &mut out);
        assert_eq!(out, b"a\\tb\\\\c\\r\\nd\\\\N");
    }
}
