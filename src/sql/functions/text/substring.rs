//! SUBSTRING, LEFT and RIGHT.

use super::characters::{count, place};
use crate::sql::functions::definition::*;

pub const SUBSTRING: Function = Function {
    name: "SUBSTRING",
    parameters: Parameters::of(&[Text, Integer, Integer]).optional(1),
    form: "SUBSTRING(text FROM start [FOR length]) or SUBSTRING(text, start[, length])",
    meaning: "A part of the text. start counts from 1, or from the end if it is negative. SUBSTR means the same.",
    plan: |operands| Ok(Expression::call(TextPart::Substring, operands, DataType::STRING)),
};

pub const LEFT: Function = Function {
    name: "LEFT",
    parameters: Parameters::of(&[Text, Integer]),
    form: "LEFT(text, length)",
    meaning: "The text's first characters.",
    plan: |operands| Ok(Expression::call(TextPart::Left, operands, DataType::STRING)),
};

pub const RIGHT: Function = Function {
    name: "RIGHT",
    parameters: Parameters::of(&[Text, Integer]),
    form: "RIGHT(text, length)",
    meaning: "The text's last characters.",
    plan: |operands| Ok(Expression::call(TextPart::Right, operands, DataType::STRING)),
};

#[derive(Debug, PartialEq)]
enum TextPart {
    Substring,
    Left,
    Right,
}

impl Evaluate for TextPart {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        Ok(match (self, operands.values) {
            (TextPart::Substring, [Value::Text(text), Value::Int(start)]) => substring(text, *start, i64::MAX),
            (TextPart::Substring, [Value::Text(text), Value::Int(start), Value::Int(length)]) => {
                substring(text, *start, *length)
            }
            (TextPart::Left, [Value::Text(text), Value::Int(length)]) => Value::Text(left(text, *length)),
            (TextPart::Right, [Value::Text(text), Value::Int(length)]) => Value::Text(right(text, *length)),
            (TextPart::Substring | TextPart::Left | TextPart::Right, _) => return operands.unexpected(),
        })
    }
}

/// The part from a position on. It is counted from 1, or from the end if it is negative. NULL if the length is negative.
fn substring(text: &str, start: i64, length: i64) -> Value<'_> {
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

fn left(text: &str, length: i64) -> &str {
    if length <= 0 { "" } else { &text[..place(text, length)] }
}

fn right(text: &str, length: i64) -> &str {
    if length <= 0 { "" } else { &text[place(text, (count(text) - length).max(0))..] }
}
