//! Code that functions of texts share: it counts characters and limits the length of a text that is made.

use bumpalo::Bump;
use bumpalo::collections::String;

use crate::sql::values::context::EvaluationError;
use crate::types::value::Value;

/// No function makes a longer text. Otherwise a number in the data would decide how much memory is used.
const LONGEST: usize = 256 << 20;

pub fn collect<'a>(capacity: usize, characters: impl Iterator<Item = char>, arena: &'a Bump) -> Value<'a> {
    let mut text = String::with_capacity_in(capacity, arena);
    text.extend(characters);
    Value::Text(text.into_bump_str())
}

/// The byte offset of the character with this index. If there is none, the text's length.
pub fn place(text: &str, index: i64) -> usize {
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    // A character has at least one byte.
    if index >= text.len() {
        return text.len();
    }
    text.char_indices().nth(index).map_or(text.len(), |(at, _)| at)
}

pub fn count(text: &str) -> i64 {
    text.chars().count() as i64
}

/// The length in bytes of a text that is to be made, or an error if it is too long.
pub fn checked_length<'a>(bytes: Option<usize>) -> Result<usize, EvaluationError<'a>> {
    bytes.filter(|bytes| *bytes <= LONGEST).ok_or(EvaluationError::Refused("the text would be longer than 256 MiB"))
}
