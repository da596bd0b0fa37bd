//! Texts. Places and lengths are counted in characters.

use bumpalo::Bump;
use bumpalo::collections::String;

use super::Called;
use crate::sql::expression::Side;
use crate::sql::values::context::EvaluationError;
use crate::types::value::Value;

/// No function makes a text longer than this: a length in the data would otherwise decide how much memory is taken.
const LONGEST: usize = 256 << 20;

pub(super) fn collect<'a>(capacity: usize, characters: impl Iterator<Item = char>, arena: &'a Bump) -> Value<'a> {
    let mut text = String::with_capacity_in(capacity, arena);
    text.extend(characters);
    Value::Text(text.into_bump_str())
}

pub(super) fn concat<'a>(values: &[Value<'a>], arena: &'a Bump) -> Value<'a> {
    let text = |value: &Value<'a>| if let Value::Text(text) = value { text } else { "" };
    let mut all = String::with_capacity_in(values.iter().map(|value| text(value).len()).sum(), arena);
    values.iter().for_each(|value| all.push_str(text(value)));
    Value::Text(all.into_bump_str())
}

/// Leaves NULLs out.
pub(super) fn join<'a>(separator: Value<'a>, values: &[Value<'a>], arena: &'a Bump) -> Value<'a> {
    let Value::Text(separator) = separator else { return Value::Null };
    let mut all = String::new_in(arena);
    let mut is_first = true;
    for value in values {
        if let Value::Text(text) = value {
            if !std::mem::take(&mut is_first) {
                all.push_str(separator);
            }
            all.push_str(text);
        }
    }
    Value::Text(all.into_bump_str())
}

pub(super) fn upper<'a>(text: &'a str, arena: &'a Bump) -> Value<'a> {
    if !text.is_ascii() {
        return collect(text.len(), text.chars().flat_map(char::to_uppercase), arena);
    }
    let copy = arena.alloc_str(text);
    copy.make_ascii_uppercase();
    Value::Text(copy)
}

pub(super) fn lower<'a>(text: &'a str, arena: &'a Bump) -> Value<'a> {
    if text.contains('Σ') {
        // At the end of a word it becomes another letter.
        return Value::Text(arena.alloc_str(&text.to_lowercase()));
    }
    if !text.is_ascii() {
        return collect(text.len(), text.chars().flat_map(char::to_lowercase), arena);
    }
    let copy = arena.alloc_str(text);
    copy.make_ascii_lowercase();
    Value::Text(copy)
}

/// Words are runs of letters and digits of ASCII.
pub(super) fn initial_capitals<'a>(text: &'a str, arena: &'a Bump) -> Value<'a> {
    let mut inside = false;
    let capitals = text.chars().map(|character| {
        let changed = if inside { character.to_ascii_lowercase() } else { character.to_ascii_uppercase() };
        inside = character.is_ascii_alphanumeric();
        changed
    });
    collect(text.len(), capitals, arena)
}

/// Takes away the characters that are in `set`.
pub(super) fn trim<'a>(text: &'a str, set: &str, side: Side) -> &'a str {
    let in_set = |character: char| set.contains(character);
    match side {
        Side::Both => text.trim_matches(in_set),
        Side::Leading => text.trim_start_matches(in_set),
        Side::Trailing => text.trim_end_matches(in_set),
    }
}

/// The place of a character in bytes, or the text's length.
fn place(text: &str, index: i64) -> usize {
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    // No character is shorter than a byte.
    if index >= text.len() {
        return text.len();
    }
    text.char_indices().nth(index).map_or(text.len(), |(at, _)| at)
}

fn count(text: &str) -> i64 {
    text.chars().count() as i64
}

/// From a place counted from 1, or from the end where negative. NULL for a negative length.
pub(super) fn substring(text: &str, start: i64, length: i64) -> Value<'_> {
    if length < 0 {
        return Value::Null;
    }
    let skipped = match start {
        1.. => start - 1,
        0 => 0,
        _ => match count(text).saturating_add(start) {
            skipped @ 0.. => skipped,
            _ => return Value::Text(""),
        },
    };
    let rest = &text[place(text, skipped)..];
    Value::Text(&rest[..place(rest, length)])
}

pub(super) fn left(text: &str, length: i64) -> &str {
    if length <= 0 { "" } else { &text[..place(text, length)] }
}

pub(super) fn right(text: &str, length: i64) -> &str {
    if length <= 0 { "" } else { &text[place(text, (count(text) - length).max(0))..] }
}

fn checked_length<'a>(bytes: Option<usize>) -> Result<usize, EvaluationError<'a>> {
    bytes.filter(|bytes| *bytes <= LONGEST).ok_or(EvaluationError::Refused("the text would be longer than 256 MiB"))
}

pub(super) fn repeat<'a>(text: &str, times: i64, arena: &'a Bump) -> Called<'a> {
    let times = usize::try_from(times).unwrap_or(0);
    let mut repeated = String::with_capacity_in(checked_length(text.len().checked_mul(times))?, arena);
    (0..times).filter(|_| !text.is_empty()).for_each(|_| repeated.push_str(text));
    Ok(Value::Text(repeated.into_bump_str()))
}

/// Exactly `length` characters: filled up on the left or on the right, or cut.
pub(super) fn pad<'a>(text: &'a str, length: i64, pad: &str, on_the_left: bool, arena: &'a Bump) -> Called<'a> {
    if length < 0 || pad.is_empty() {
        return Ok(Value::Null);
    }
    let missing = length - count(text);
    if missing <= 0 {
        return Ok(Value::Text(&text[..place(text, length)]));
    }
    let missing = usize::try_from(missing).unwrap_or(usize::MAX);
    // A character has at most 4 bytes.
    checked_length(missing.checked_mul(4))?;
    let mut padded = String::with_capacity_in(text.len() + missing, arena);
    let filling = pad.chars().cycle().take(missing);
    if on_the_left {
        padded.extend(filling);
        padded.push_str(text);
    } else {
        padded.push_str(text);
        padded.extend(filling);
    }
    Ok(Value::Text(padded.into_bump_str()))
}

/// Puts the other text into these places.
pub(super) fn replace<'a>(
    text: &'a str,
    mut places: impl Iterator<Item = (usize, usize)>,
    other: &str,
    arena: &'a Bump,
) -> Value<'a> {
    let Some(first) = places.next() else { return Value::Text(text) };
    let mut replaced = String::with_capacity_in(text.len() + other.len(), arena);
    let mut copied = 0;
    for (start, end) in std::iter::once(first).chain(places) {
        replaced.push_str(&text[copied..start]);
        replaced.push_str(other);
        copied = end;
    }
    replaced.push_str(&text[copied..]);
    Value::Text(replaced.into_bump_str())
}

/// The part of this index, from 0, between separators: a text, or the code of a character.
pub(super) fn split_index<'a>(text: &'a str, separator: Value<'_>, index: i64) -> Value<'a> {
    let Ok(index) = usize::try_from(index) else { return Value::Null };
    if text.is_empty() {
        return Value::Null;
    }
    let part = match separator {
        Value::Text("") => text.split(char::is_whitespace).nth(index),
        Value::Text(separator) => text.split(separator).nth(index),
        Value::Int(code @ 1..=255) => text.split(char::from(code as u8)).nth(index),
        _ => None,
    };
    part.map_or(Value::Null, Value::Text)
}

/// Where it begins, from 1; 0 if it isn't there.
pub(super) fn position<'a>(wanted: &str, text: &str, from: i64) -> Value<'a> {
    let start = place(text, (from - 1).max(0));
    let found = text[start..].find(wanted).map(|at| count(&text[..start + at]) + 1);
    Value::Int(found.unwrap_or(0))
}
