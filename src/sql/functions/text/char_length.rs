//! CHAR_LENGTH, CHARACTER_LENGTH and LENGTH.

use super::characters::count;
use crate::sql::functions::definition::*;

pub const CHAR_LENGTH: Function = Function {
    name: "CHAR_LENGTH",
    parameters: Parameters::of(&[Text]),
    form: "CHAR_LENGTH(text)",
    meaning: "The number of characters. CHARACTER_LENGTH and LENGTH mean the same.",
    plan: |operands| Ok(Expression::call(CharLength, operands, DataType::Int)),
};

pub const CHARACTER_LENGTH: Function = Function {
    name: "CHARACTER_LENGTH",
    form: "CHARACTER_LENGTH(text)",
    meaning: "The same as CHAR_LENGTH.",
    ..CHAR_LENGTH
};

pub const LENGTH: Function =
    Function { name: "LENGTH", form: "LENGTH(text)", meaning: "The same as CHAR_LENGTH.", ..CHAR_LENGTH };

#[derive(Debug, PartialEq)]
struct CharLength;

impl Evaluate for CharLength {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        match operands.values {
            [Value::Text(text)] => Ok(Value::Int(count(text))),
            _ => operands.unexpected(),
        }
    }
}
