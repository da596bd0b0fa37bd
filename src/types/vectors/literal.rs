//! Reads the elements of the vector literals `{0.1,0.2}` and `[0.1, 0.2]`. For most jobs no other loop takes as much time
//! as this one.

use super::element::{ElementSlot, ElementWriter};
use crate::types::float;
use crate::types::number::{self, Number};
use crate::types::refusal::{EncodeError, excerpt, sqlstate};
use crate::types::value::Value;

/// The text between a literal's brackets, and the number of its elements.
pub struct ArrayLiteral<'a> {
    inside: &'a str,
    pub count: usize,
}

/// Removes the brackets. A literal with bounds (`[1:2]={1,2}`) is left to the server.
pub fn open(text: &str) -> Result<ArrayLiteral<'_>, EncodeError> {
    let trimmed = text.trim_matches(is_blank);
    let inside = match trimmed.as_bytes() {
        [b'{', .., b'}'] | [b'[', .., b']'] => &trimmed[1..trimmed.len() - 1],
        [b'[', ..] if trimmed.contains('=') => return Err(EncodeError::AsText),
        _ => {
            let reason = format!("{} is not a vector: write {{0.1,0.2}} or [0.1,0.2]", excerpt(text));
            return Err(EncodeError::reject(sqlstate::MALFORMED, reason));
        }
    };
    let count = match inside.trim_matches(is_blank) {
        "" => 0,
        _ => commas(inside.as_bytes()) + 1,
    };
    Ok(ArrayLiteral { inside, count })
}

impl ArrayLiteral<'_> {
    /// Writes the elements; `elements` has room for as many as [`ArrayLiteral::count`] says.
    pub fn write<S: ElementSlot>(&self, elements: &mut ElementWriter<'_, S>) -> Result<(), EncodeError> {
        if self.count == 0 {
            return Ok(());
        }
        let text = self.inside.as_bytes();
        let mut at = 0;
        loop {
            // Nearly always this writes all elements but the last.
            at = elements.put_run(text, at);
            let rest = &text[at..];
            let blank = usize::from(rest.first() == Some(&b' '));
            if let Some((value, length)) = read::<S::Number>(&rest[blank..]) {
                let end = at + blank + length;
                match text.get(end) {
                    Some(b',') => {
                        elements.put_finite(value);
                        at = end + 1;
                        continue;
                    }
                    None => {
                        elements.put_finite(value);
                        return Ok(());
                    }
                    Some(_) => {}
                }
            }
            let comma = memchr::memchr(b',', rest);
            self.write_odd(&self.inside[at..at + comma.unwrap_or(rest.len())], elements)?;
            match comma {
                Some(comma) => at += comma + 1,
                None => return Ok(()),
            }
        }
    }

    /// Writes an element that isn't plain digits followed by a comma.
    #[cold]
    fn write_odd<S: ElementSlot>(&self, element: &str, elements: &mut ElementWriter<'_, S>) -> Result<(), EncodeError> {
        let element = element.trim_matches(is_blank);
        if element.eq_ignore_ascii_case("null") {
            elements.put_null();
            return Ok(());
        }
        let number = element.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(element);
        match number::float(&Value::Text(number.trim_matches(is_blank))) {
            Ok(value) => elements.put(value),
            Err(EncodeError::AsText) if is_for_the_server(number) => return Err(EncodeError::AsText),
            Err(EncodeError::AsText) => {
                let reason = format!("element {} of {} is not a number", excerpt(element), excerpt(self.inside));
                return Err(EncodeError::reject(sqlstate::MALFORMED, reason));
            }
            Err(refusal) => return Err(refusal),
        }
        Ok(())
    }
}

/// Counts in single bytes, so that the compiler counts many at once. The count of a chunk fits a byte.
fn commas(text: &[u8]) -> usize {
    let in_chunk = |chunk: &[u8]| chunk.iter().fold(0_u8, |sum, &byte| sum.wrapping_add(u8::from(byte == b',')));
    text.chunks(192).map(|chunk| usize::from(in_chunk(chunk))).sum()
}

/// A number at the start of `text`, and its length.
#[inline(never)]
fn read<N: Number>(text: &[u8]) -> Option<(N, usize)> {
    let scanned = float::scan(text)?;
    Some((N::nearest(&scanned)?, scanned.length))
}

/// Only the server knows what nested arrays, escapes, hexadecimal floats and `nan(…)` mean.
fn is_for_the_server(element: &str) -> bool {
    let unsigned = element.trim_start_matches(['+', '-']).to_ascii_lowercase();
    element.contains(['{', '}', '\\']) || unsigned.starts_with("0x") || unsigned.starts_with("nan(")
}

/// Whether the server skips the character around literals and elements.
fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')
}
