//! CARDINALITY.

use crate::sql::functions::definition::*;
use crate::sql::values::elements::Elements;

pub const CARDINALITY: Function = Function {
    name: "CARDINALITY",
    parameters: Parameters::of(&[Any]),
    form: "CARDINALITY(array or map)",
    meaning: "The number of elements or entries.",
    plan: |operands| match first_type(&operands) {
        DataType::Array(_) | DataType::Map(..) => Ok(Expression::call(Cardinality, operands, DataType::Int)),
        _ => Err("takes an ARRAY or a MAP".into()),
    },
};

#[derive(Debug, PartialEq)]
struct Cardinality;

impl Evaluate for Cardinality {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        Ok(match operands.values {
            [Value::Map(entries)] => Value::Int(entries.len() as i64),
            [array] => Elements::of(*array).map_or(Value::Null, |elements| Value::Int(elements.len() as i64)),
            _ => return operands.unexpected(),
        })
    }
}
