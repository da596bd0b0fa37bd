//! Casts to CHAR(n), VARCHAR(n), BINARY(n) and VARBINARY(n). A longer value is cut, and values of CHAR and BINARY are
//! filled up.

use bumpalo::Bump;

use crate::types::data_type::UNBOUNDED;
use crate::types::value::Value;

/// At most `length` characters.
pub(super) fn cut<'a>(text: &'a str, length: u32) -> Value<'a> {
    let length = length as usize;
    // A character has at least one byte.
    if text.len() <= length {
        return Value::Text(text);
    }
    Value::Text(text.char_indices().nth(length).map_or(text, |(end, _)| &text[..end]))
}

/// Exactly `length` characters, filled up with blanks.
pub(super) fn pad<'a>(text: &'a str, length: u32, arena: &'a Bump) -> Value<'a> {
    let missing = (length as usize).saturating_sub(text.chars().count());
    if missing == 0 || length == UNBOUNDED {
        return cut(text, length);
    }
    let mut padded = bumpalo::collections::String::with_capacity_in(text.len() + missing, arena);
    padded.push_str(text);
    padded.extend(std::iter::repeat_n(' ', missing));
    Value::Text(padded.into_bump_str())
}

/// At most `length` bytes.
pub(super) fn cut_bytes<'a>(bytes: &'a [u8], length: u32) -> Value<'a> {
    Value::Bytes(bytes.get(..length as usize).unwrap_or(bytes))
}

/// Exactly `length` bytes, filled up with zeros.
pub(super) fn pad_bytes<'a>(bytes: &'a [u8], length: u32, arena: &'a Bump) -> Value<'a> {
    if bytes.len() >= length as usize || length == UNBOUNDED {
        return cut_bytes(bytes, length);
    }
    let padded = arena.alloc_slice_fill_copy(length as usize, 0);
    padded[..bytes.len()].copy_from_slice(bytes);
    Value::Bytes(padded)
}
