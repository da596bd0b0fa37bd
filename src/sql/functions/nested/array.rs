//! ARRAY[…], which makes an ARRAY.

use crate::sql::expression::conversion::{merged_type, widen};
use crate::sql::functions::definition::*;

pub const ARRAY: Function = Function {
    name: "ARRAY",
    parameters: Parameters::of(&[Any]).repeated(),
    form: "ARRAY[value, …]",
    meaning: "An ARRAY of values.",
    plan: array,
};

fn array(operands: Vec<Expression>) -> PlannedCall {
    let types: Vec<&DataType> = operands.iter().map(Expression::type_ref).collect();
    let element = merged_type(&types)?;
    let elements = operands.into_iter().map(|operand| widen(operand, &element)).collect();
    Ok(Expression::call(MakeArray, elements, DataType::Array(element.into())))
}

#[derive(Debug, PartialEq)]
struct MakeArray;

impl Evaluate for MakeArray {
    const TAKES_NULL: bool = true;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        Ok(Value::Array(operands.values))
    }
}
