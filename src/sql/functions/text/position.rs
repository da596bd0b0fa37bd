//! POSITION, LOCATE and INSTR.

use super::characters::{count, place};
use crate::sql::functions::definition::*;

pub const POSITION: Function = Function {
    name: "POSITION",
    parameters: Parameters::of(&[Text, Text]),
    form: "POSITION(wanted IN text)",
    meaning: "The position where wanted begins in the text, counted from 1; 0 if it isn't there.",
    plan: |operands| Ok(Expression::call(Locate, operands, DataType::Int)),
};

pub const LOCATE: Function = Function {
    name: "LOCATE",
    parameters: Parameters::of(&[Text, Text, Integer]).optional(1),
    form: "LOCATE(wanted, text[, from])",
    meaning: "The same as POSITION, but the search begins at a position.",
    plan: |operands| Ok(Expression::call(Locate, operands, DataType::Int)),
};

pub const INSTR: Function = Function {
    name: "INSTR",
    parameters: Parameters::of(&[Text, Text]),
    form: "INSTR(text, wanted)",
    meaning: "The same as POSITION.",
    plan: |mut operands| {
        operands.reverse();
        Ok(Expression::call(Locate, operands, DataType::Int))
    },
};

/// The operands are the text to look for, the text, and optionally the position at which the search begins.
#[derive(Debug, PartialEq)]
struct Locate;

impl Evaluate for Locate {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        match operands.values {
            [Value::Text(wanted), Value::Text(text)] => Ok(position(wanted, text, 1)),
            [Value::Text(wanted), Value::Text(text), Value::Int(from)] => Ok(position(wanted, text, *from)),
            _ => operands.unexpected(),
        }
    }
}

/// The position of `wanted`, counted from 1. 0 if it isn't in the text.
fn position<'a>(wanted: &str, text: &str, from: i64) -> Value<'a> {
    let start = place(text, (from - 1).max(0));
    let found = text[start..].find(wanted).map(|at| count(&text[..start + at]) + 1);
    Value::Int(found.unwrap_or(0))
}
