//! SPLIT_INDEX.

use crate::sql::functions::definition::*;

pub const SPLIT_INDEX: Function = Function {
    name: "SPLIT_INDEX",
    parameters: Parameters::of(&[Text, Any, Integer]),
    form: "SPLIT_INDEX(text, separator, index)",
    meaning: "The part between separators with this index, counted from 0; NULL if there is none.",
    plan: |operands| match operands.get(1).map(Expression::type_ref) {
        Some(separator) if separator.is_text() || separator.is_integer() => {
            Ok(Expression::call(SplitIndex, operands, DataType::STRING))
        }
        _ => Err("the separator is a text or the code of a character".into()),
    },
};

#[derive(Debug, PartialEq)]
struct SplitIndex;

impl Evaluate for SplitIndex {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        match operands.values {
            [Value::Text(text), separator, Value::Int(index)] => Ok(split_index(text, *separator, *index)),
            _ => operands.unexpected(),
        }
    }
}

/// The part with this index, counted from 0. The separator is a text or the code of a character.
fn split_index<'a>(text: &'a str, separator: Value<'_>, index: i64) -> Value<'a> {
    let Ok(index) = usize::try_from(index) else { return Value::Null };
    if text.is_empty() {
        return Value::Null;
    }
    let part = match separator {
        Value::Text("") => text.split(char::is_whitespace).nth(index),
        Value::Text(separator) => text.split(separator).nth(index),
        Value::Int(code @ 1..=255) => text.split(char::from(code as u8)).nth(index),
        _ => None,
    };
    part.map_or(Value::Null, Value::Text)
}
