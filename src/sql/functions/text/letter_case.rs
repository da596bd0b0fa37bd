//! UPPER, LOWER and INITCAP.

use bumpalo::Bump;

use super::characters::collect;
use crate::sql::functions::definition::*;

pub const UPPER: Function = Function {
    name: "UPPER",
    parameters: Parameters::of(&[Text]),
    form: "UPPER(text)",
    meaning: "The text in capital letters.",
    plan: |operands| Ok(of_its_type(LetterCase::Upper, operands)),
};

pub const LOWER: Function = Function {
    name: "LOWER",
    parameters: Parameters::of(&[Text]),
    form: "LOWER(text)",
    meaning: "The text in small letters.",
    plan: |operands| Ok(of_its_type(LetterCase::Lower, operands)),
};

pub const INITCAP: Function = Function {
    name: "INITCAP",
    parameters: Parameters::of(&[Text]),
    form: "INITCAP(text)",
    meaning: "The text with a capital letter at the beginning of each word.",
    plan: |operands| Ok(Expression::call(LetterCase::InitialCapitals, operands, DataType::STRING)),
};

/// The value has the operand's type. It can be longer than this type allows, because some letters become two.
fn of_its_type(function: LetterCase, operands: Vec<Expression>) -> Expression {
    let data_type = first_type(&operands);
    Expression::call(function, operands, data_type)
}

#[derive(Debug, PartialEq)]
enum LetterCase {
    Upper,
    Lower,
    InitialCapitals,
}

impl Evaluate for LetterCase {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        let [Value::Text(text)] = operands.values else { return operands.unexpected() };
        Ok(match self {
            LetterCase::Upper => upper(text, operands.arena()),
            LetterCase::Lower => lower(text, operands.arena()),
            LetterCase::InitialCapitals => initial_capitals(text, operands.arena()),
        })
    }
}

fn upper<'a>(text: &'a str, arena: &'a Bump) -> Value<'a> {
    if !text.is_ascii() {
        return collect(text.len(), text.chars().flat_map(char::to_uppercase), arena);
    }
    let copy = arena.alloc_str(text);
    copy.make_ascii_uppercase();
    Value::Text(copy)
}

fn lower<'a>(text: &'a str, arena: &'a Bump) -> Value<'a> {
    if text.contains('Σ') {
        // The small letter of `Σ` is another one at the end of a word.
        return Value::Text(arena.alloc_str(&text.to_lowercase()));
    }
    if !text.is_ascii() {
        return collect(text.len(), text.chars().flat_map(char::to_lowercase), arena);
    }
    let copy = arena.alloc_str(text);
    copy.make_ascii_lowercase();
    Value::Text(copy)
}

/// A word is a sequence of ASCII letters and digits.
fn initial_capitals<'a>(text: &'a str, arena: &'a Bump) -> Value<'a> {
    let mut inside = false;
    let capitals = text.chars().map(|character| {
        let changed = if inside { character.to_ascii_lowercase() } else { character.to_ascii_uppercase() };
        inside = character.is_ascii_alphanumeric();
        changed
    });
    collect(text.len(), capitals, arena)
}
