//! ASCII.

use crate::sql::functions::definition::*;

pub const ASCII: Function = Function {
    name: "ASCII",
    parameters: Parameters::of(&[Text]),
    form: "ASCII(text)",
    meaning: "The code of the text's first byte.",
    plan: |operands| Ok(Expression::call(Ascii, operands, DataType::Int)),
};

#[derive(Debug, PartialEq)]
struct Ascii;

impl Evaluate for Ascii {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        match operands.values {
            [Value::Text(text)] => Ok(Value::Int(text.bytes().next().map_or(0, i64::from))),
            _ => operands.unexpected(),
        }
    }
}
