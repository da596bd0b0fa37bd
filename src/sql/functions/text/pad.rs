//! LPAD and RPAD.

use bumpalo::Bump;
use bumpalo::collections::String;

use super::characters::{checked_length, count, place};
use crate::sql::functions::definition::*;

pub const LPAD: Function = Function {
    name: "LPAD",
    parameters: Parameters::of(&[Text, Integer, Text]),
    form: "LPAD(text, length, pad)",
    meaning: "The text filled up on the left, or cut, to this length.",
    plan: |operands| Ok(Expression::call(Pad::Left, operands, DataType::STRING)),
};

pub const RPAD: Function = Function {
    name: "RPAD",
    parameters: Parameters::of(&[Text, Integer, Text]),
    form: "RPAD(text, length, pad)",
    meaning: "The text filled up on the right, or cut, to this length.",
    plan: |operands| Ok(Expression::call(Pad::Right, operands, DataType::STRING)),
};

#[derive(Debug, PartialEq)]
enum Pad {
    Left,
    Right,
}

impl Evaluate for Pad {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        match operands.values {
            [Value::Text(text), Value::Int(length), Value::Text(filling)] => {
                pad(text, *length, filling, *self == Pad::Left, operands.arena())
            }
            _ => operands.unexpected(),
        }
    }
}

/// The text with exactly `length` characters: it is filled up on the left or on the right, or cut.
fn pad<'a>(text: &'a str, length: i64, pad: &str, on_the_left: bool, arena: &'a Bump) -> Evaluated<'a> {
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
