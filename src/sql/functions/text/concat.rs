//! CONCAT, `||` and CONCAT_WS.

use bumpalo::Bump;
use bumpalo::collections::String;

use crate::sql::expression::call::Call;
use crate::sql::functions::definition::*;
use crate::types::data_type::UNBOUNDED;

pub const CONCAT: Function = Function {
    name: "CONCAT",
    parameters: Parameters::of(&[Text]).repeated(),
    form: "CONCAT(text, …)",
    meaning: "The texts one after another, like `||`; NULL if one is NULL.",
    plan: |operands| Ok(Expression::call(Concat, operands, DataType::STRING)),
};

pub const CONCAT_WS: Function = Function {
    name: "CONCAT_WS",
    parameters: Parameters::of(&[Text, Text]).optional(1).repeated(),
    form: "CONCAT_WS(separator, text, …)",
    meaning: "The texts with a separator between them; NULLs are left out.",
    plan: |operands| Ok(Expression::call(ConcatWithSeparator, operands, DataType::STRING)),
};

/// `left || right`. A chain of `||` becomes one call.
pub fn concatenation(left: Expression, right: Expression) -> PlannedCall {
    let data_type = match (left.type_ref(), right.type_ref()) {
        (DataType::Char(left), DataType::Char(right)) => DataType::Char(left.saturating_add(*right)),
        (DataType::Char(left) | DataType::Varchar(left), DataType::Char(right) | DataType::Varchar(right)) => {
            DataType::Varchar(left.saturating_add(*right).min(UNBOUNDED))
        }
        (left, right) => return Err(format!("|| takes two texts, found {left} and {right}; CAST them AS STRING")),
    };
    let mut parts = Vec::new();
    for side in [left, right] {
        match side {
            Expression::Call(Call { function, operands, .. }) if function.is(&Concat) => parts.extend(operands),
            other => parts.push(other),
        }
    }
    Ok(Expression::call(Concat, parts, data_type))
}

#[derive(Debug, PartialEq)]
struct Concat;

impl Evaluate for Concat {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        Ok(concat(operands.values, operands.arena()))
    }
}

fn concat<'a>(values: &[Value<'a>], arena: &'a Bump) -> Value<'a> {
    let text = |value: &Value<'a>| if let Value::Text(text) = value { text } else { "" };
    let mut all = String::with_capacity_in(values.iter().map(|value| text(value).len()).sum(), arena);
    values.iter().for_each(|value| all.push_str(text(value)));
    Value::Text(all.into_bump_str())
}

/// The first operand is the separator.
#[derive(Debug, PartialEq)]
struct ConcatWithSeparator;

impl Evaluate for ConcatWithSeparator {
    const TAKES_NULL: bool = true;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        match operands.values {
            [separator, texts @ ..] => Ok(join(*separator, texts, operands.arena())),
            [] => operands.unexpected(),
        }
    }
}

/// Joins the values that aren't NULL.
fn join<'a>(separator: Value<'a>, values: &[Value<'a>], arena: &'a Bump) -> Value<'a> {
    let Value::Text(separator) = separator else { return Value::Null };
    let mut all = String::new_in(arena);
    let mut is_first = true;
    for value in values {
        if let Value::Text(text) = value {
            if !std::mem::take(&mut is_first) {
                all.push_str(separator);
            }
            all.push_str(text);
        }
    }
    Value::Text(all.into_bump_str())
}
