//! GREATEST and LEAST.

use std::cmp::Ordering;

use crate::sql::expression::conversion::merged;
use crate::sql::functions::definition::*;
use crate::sql::values::order::order;

pub const GREATEST: Function = Function {
    name: "GREATEST",
    parameters: Parameters::of(&[Any]).repeated(),
    form: "GREATEST(value, …)",
    meaning: "The largest value; NULL if one is NULL.",
    plan: |operands| extreme(Extreme::Greatest, operands),
};

pub const LEAST: Function = Function {
    name: "LEAST",
    parameters: Parameters::of(&[Any]).repeated(),
    form: "LEAST(value, …)",
    meaning: "The smallest value; NULL if one is NULL.",
    plan: |operands| extreme(Extreme::Least, operands),
};

fn extreme(function: Extreme, operands: Vec<Expression>) -> PlannedCall {
    let (operands, data_type) = merged(operands)?;
    if data_type.is_nested() {
        return Err(format!("values of type {data_type} have no order"));
    }
    Ok(Expression::call(function, operands, data_type))
}

#[derive(Debug, PartialEq)]
enum Extreme {
    Greatest,
    Least,
}

impl Evaluate for Extreme {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        let wanted = match self {
            Extreme::Greatest => Ordering::Greater,
            Extreme::Least => Ordering::Less,
        };
        Ok(first_by(operands.values, wanted))
    }
}

/// The largest of the values if `wanted` is `Greater`, the smallest if it is `Less`.
fn first_by<'a>(values: &[Value<'a>], wanted: Ordering) -> Value<'a> {
    let better = |best: Value<'a>, value: &Value<'a>| if order(*value, best) == Some(wanted) { *value } else { best };
    values.iter().skip(1).fold(values.first().copied().unwrap_or(Value::Null), better)
}
