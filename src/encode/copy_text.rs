//! One column of a `COPY … (FORMAT text)` line.

use std::io::Write;

use super::column;
use super::float::Number;
use super::print;
use super::refusal::Refusal;
use super::string::check_nul;
use crate::target::{ColumnKind, TargetColumn};
use crate::value::Value;

/// Appends a column's text, escaped, without the tab or line feed after it. The checks are those of a binary row.
pub(super) fn field(
    column: &TargetColumn,
    value: &Value<'_>,
    scratch: &mut Vec<u8>,
    out: &mut Vec<u8>,
) -> Result<(), Refusal> {
    if value.is_null() {
        column::check_null(column)?;
        out.extend_from_slice(b"\\N");
        return Ok(());
    }
    scratch.clear();
    match column::field(column, value, scratch) {
        Ok(()) if print_binary(&column.kind, &scratch[4..], out) => return Ok(()),
        Ok(()) | Err(Refusal::AsText) => {}
        Err(refusal) => return Err(refusal),
    }
    match value {
        Value::Text(text) => {
            check_nul(text)?;
            match vector_inside(column, text) {
                Some(inside) => {
                    let [opening, closing] = brackets(column);
                    out.push(*opening);
                    escape(inside.as_bytes(), out);
                    out.push(*closing);
                }
                None => escape(text.as_bytes(), out),
            }
        }
        value => {
            scratch.clear();
            match value {
                Value::Array(elements) => print::array(elements, brackets(column), scratch),
                Value::Vector(elements) => print::vector(*elements, brackets(column), scratch),
                value => print::print(value, scratch),
            }
            check_nul(&String::from_utf8_lossy(scratch))?;
            escape(scratch, out);
        }
    }
    Ok(())
}

/// Escapes what COPY would take for a delimiter or an escape.
fn escape(text: &[u8], out: &mut Vec<u8>) {
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

/// Numbers go as they would in a binary row: rounded by us, integers whatever they were fed from (`2e+06` would be refused),
/// and vectors in the column's own brackets.
fn print_binary(kind: &ColumnKind, bytes: &[u8], out: &mut Vec<u8>) -> bool {
    match kind {
        ColumnKind::Int2 | ColumnKind::Int4 | ColumnKind::Int8 => {
            let sign = if bytes.first().is_some_and(|byte| byte & 0x80 != 0) { u64::MAX } else { 0 };
            let bits = bytes.iter().fold(sign, |bits, byte| bits << 8 | u64::from(*byte));
            // Writing to a vector can't fail.
            let _ = write!(out, "{}", bits.cast_signed());
        }
        ColumnKind::Float4 => print_float::<f32>(bytes, out),
        ColumnKind::Float8 => print_float::<f64>(bytes, out),
        ColumnKind::Float4Array => print_array::<f32>(bytes, out),
        ColumnKind::Float8Array => print_array::<f64>(bytes, out),
        ColumnKind::Vector => {
            out.push(b'[');
            for (at, element) in bytes[4..].chunks(4).enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                print_float::<f32>(element, out);
            }
            out.push(b']');
        }
        _ => return false,
    }
    true
}

fn print_array<N: Number>(bytes: &[u8], out: &mut Vec<u8>) {
    let mut rest = bytes.get(20..).unwrap_or_default();
    out.push(b'{');
    let first = out.len();
    while let Some((length, after)) = rest.split_first_chunk() {
        if out.len() > first {
            out.push(b',');
        }
        match usize::try_from(i32::from_be_bytes(*length)) {
            Ok(length) => {
                print_float::<N>(&after[..length], out);
                rest = &after[length..];
            }
            Err(_) => {
                out.extend_from_slice(b"NULL");
                rest = after;
            }
        }
    }
    out.push(b'}');
}

fn print_float<N: Number>(bytes: &[u8], out: &mut Vec<u8>) {
    if let Some(value) = N::from_bytes(bytes) {
        value.print(out);
    }
}

/// The brackets of a list in this column: arrays are written `{…}`, all else `[…]` (halfvec, jsonb).
fn brackets(column: &TargetColumn) -> &'static [u8; 2] {
    match column.kind {
        ColumnKind::Other if !column.type_name.ends_with("[]") => b"[]",
        _ => b"{}",
    }
}

/// The inside of a plain vector literal, when the column is one of the vector types that we know by name only.
fn vector_inside<'a>(column: &TargetColumn, text: &'a str) -> Option<&'a str> {
    let is_vector = column.type_name.ends_with("[]") || column.type_name.starts_with("halfvec");
    let trimmed = text.trim_matches([' ', '\t', '\n', '\r']);
    match trimmed.as_bytes() {
        [b'{', inside @ .., b'}'] | [b'[', inside @ .., b']']
            if column.kind == ColumnKind::Other && is_vector && memchr::memchr3(b'{', b'[', b'=', inside).is_none() =>
        {
            Some(&trimmed[1..trimmed.len() - 1])
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
