//! REVERSE.

use super::characters::collect;
use crate::sql::functions::definition::*;

pub const REVERSE: Function = Function {
    name: "REVERSE",
    parameters: Parameters::of(&[Text]),
    form: "REVERSE(text)",
    meaning: "The text's characters from its end to its start.",
    plan: |operands| Ok(Expression::call(Reverse, operands, DataType::STRING)),
};

#[derive(Debug, PartialEq)]
struct Reverse;

impl Evaluate for Reverse {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        match operands.values {
            [Value::Text(text)] => Ok(collect(text.len(), text.chars().rev(), operands.arena())),
            _ => operands.unexpected(),
        }
    }
}
