//! CARDINALITY.

use crate::sql::functions::definition::*;

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
            [Value::Array(elements)] => Value::Int(elements.len() as i64),
            [Value::Vector(vector)] => Value::Int(vector.len() as i64),
            [Value::Map(entries)] => Value::Int(entries.len() as i64),
            [_] => Value::Null,
            _ => return operands.unexpected(),
        })
    }
}
