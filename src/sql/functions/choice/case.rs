//! CASE, and IF, which is planned as a CASE. They are a kind of expression of their own, because only the chosen value is computed.

use crate::sql::expression::conversion::{merged_type, widen};
use crate::sql::functions::definition::*;

pub const IF: Function = Function {
    name: "IF",
    parameters: Parameters::of(&[Condition, Any, Any]),
    form: "IF(condition, value, other)",
    meaning: "The first value if the condition is TRUE, otherwise the second.",
    plan: |operands| match <[Expression; 3]>::try_from(operands) {
        Ok([condition, value, other]) => case(vec![(condition, value)], other),
        Err(_) => Err("takes a condition and two values".into()),
    },
};

/// A CASE. Its values are converted to one type.
pub fn case(branches: Vec<(Expression, Expression)>, otherwise: Expression) -> PlannedCall {
    let types: Vec<&DataType> =
        branches.iter().map(|(_, then)| then.type_ref()).chain([otherwise.type_ref()]).collect();
    let data_type = merged_type(&types)?;
    Ok(Expression::Case {
        branches: branches.into_iter().map(|(when, then)| (when, widen(then, &data_type))).collect(),
        otherwise: widen(otherwise, &data_type).into(),
        data_type,
    })
}
