//! COALESCE and IFNULL. They are a kind of expression of their own, because the values after the first one aren't computed.

use crate::sql::expression::conversion::merged;
use crate::sql::functions::definition::*;

pub const COALESCE: Function = Function {
    name: "COALESCE",
    parameters: Parameters::of(&[Any]).repeated(),
    form: "COALESCE(value, …)",
    meaning: "The first value that isn't NULL.",
    plan: coalesce,
};

pub const IFNULL: Function = Function {
    name: "IFNULL",
    parameters: Parameters::of(&[Any, Any]),
    form: "IFNULL(value, other)",
    meaning: "The value, or the second one if it is NULL.",
    plan: coalesce,
};

fn coalesce(operands: Vec<Expression>) -> PlannedCall {
    let (operands, data_type) = merged(operands)?;
    Ok(Expression::Coalesce(operands, data_type))
}
