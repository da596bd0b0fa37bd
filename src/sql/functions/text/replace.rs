//! REPLACE.

use bumpalo::Bump;
use bumpalo::collections::String;

use crate::sql::functions::definition::*;

pub const REPLACE: Function = Function {
    name: "REPLACE",
    parameters: Parameters::of(&[Text, Text, Text]),
    form: "REPLACE(text, wanted, other)",
    meaning: "The text in which each wanted is replaced by other.",
    plan: |operands| Ok(Expression::call(Replace, operands, DataType::STRING)),
};

#[derive(Debug, PartialEq)]
struct Replace;

impl Evaluate for Replace {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        match operands.values {
            [Value::Text(text), Value::Text(wanted), Value::Text(other)] => {
                let places = text.match_indices(wanted).map(|(at, found)| (at, at + found.len()));
                Ok(replace(text, places, other, operands.arena()))
            }
            _ => operands.unexpected(),
        }
    }
}

/// Replaces the text at these places by the other text.
pub fn replace<'a>(
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
