//! REPEAT.

use bumpalo::Bump;
use bumpalo::collections::String;

use super::characters::checked_length;
use crate::sql::functions::definition::*;

pub const REPEAT: Function = Function {
    name: "REPEAT",
    parameters: Parameters::of(&[Text, Integer]),
    form: "REPEAT(text, times)",
    meaning: "The text, repeated this many times.",
    plan: |operands| Ok(Expression::call(Repeat, operands, DataType::STRING)),
};

#[derive(Debug, PartialEq)]
struct Repeat;

impl Evaluate for Repeat {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        match operands.values {
            [Value::Text(text), Value::Int(times)] => repeat(text, *times, operands.arena()),
            _ => operands.unexpected(),
        }
    }
}

fn repeat<'a>(text: &str, times: i64, arena: &'a Bump) -> Evaluated<'a> {
    let times = usize::try_from(times).unwrap_or(0);
    let mut repeated = String::with_capacity_in(checked_length(text.len().checked_mul(times))?, arena);
    (0..times).filter(|_| !text.is_empty()).for_each(|_| repeated.push_str(text));
    Ok(Value::Text(repeated.into_bump_str()))
}
