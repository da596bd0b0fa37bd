//! TRIM, LTRIM and RTRIM.

use crate::sql::functions::definition::*;

pub const TRIM: Function = Function {
    name: "TRIM",
    parameters: Parameters::of(&[Text, Text]).optional(1),
    form: "TRIM([BOTH | LEADING | TRAILING] [characters FROM] text)",
    meaning: "The text without these characters at its ends; if none are given, without blanks.",
    plan: |operands| Ok(Expression::call(Trim::Both, operands, DataType::STRING)),
};

pub const LTRIM: Function = Function {
    name: "LTRIM",
    parameters: Parameters::of(&[Text, Text]).optional(1),
    form: "LTRIM(text[, characters])",
    meaning: "The text without these characters at its start; if none are given, without blanks.",
    plan: |operands| Ok(Expression::call(Trim::Leading, operands, DataType::STRING)),
};

pub const RTRIM: Function = Function {
    name: "RTRIM",
    parameters: Parameters::of(&[Text, Text]).optional(1),
    form: "RTRIM(text[, characters])",
    meaning: "The text without these characters at its end; if none are given, without blanks.",
    plan: |operands| Ok(Expression::call(Trim::Trailing, operands, DataType::STRING)),
};

/// The end of the text at which characters are removed.
#[derive(Debug, PartialEq)]
enum Trim {
    Both,
    Leading,
    Trailing,
}

impl Evaluate for Trim {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        match operands.values {
            [Value::Text(text)] => Ok(Value::Text(trimmed(text, " ", self))),
            [Value::Text(text), Value::Text(set)] => Ok(Value::Text(trimmed(text, set, self))),
            _ => operands.unexpected(),
        }
    }
}

/// Removes the characters that are in `set`.
fn trimmed<'a>(text: &'a str, set: &str, side: &Trim) -> &'a str {
    let in_set = |character: char| set.contains(character);
    match side {
        Trim::Both => text.trim_matches(in_set),
        Trim::Leading => text.trim_start_matches(in_set),
        Trim::Trailing => text.trim_end_matches(in_set),
    }
}
