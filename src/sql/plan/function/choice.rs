//! One value of several.

use super::PlannedCall;
use super::signature::ParameterType::{Any, Condition};
use super::signature::Signature;
use crate::sql::expression::conversion::{cast, common_type, merge, widen};
use crate::sql::expression::{Comparison, Expression, Function, Literal};
use crate::sql::plan::operator::{choose, no_common_type};
use crate::types::data_type::DataType;

pub const SIGNATURES: &[Signature] = &[
    Signature::new("COALESCE", &[Any], "COALESCE(value, …)", "The first value that isn't NULL.", coalesce).repeats(),
    Signature::new(
        "IFNULL",
        &[Any, Any],
        "IFNULL(value, other)",
        "The value, or the other where it is NULL.",
        coalesce,
    ),
    Signature::new("NULLIF", &[Any, Any], "NULLIF(value, other)", "NULL where they are equal, else the value.", nullif),
    Signature::new(
        "IF",
        &[Condition, Any, Any],
        "IF(condition, value, other)",
        "The value where the condition is TRUE, else the other.",
        on_condition,
    ),
    Signature::new("GREATEST", &[Any], "GREATEST(value, …)", "The largest; NULL if one is NULL.", |operands| {
        extreme(Function::Greatest, operands)
    })
    .repeats(),
    Signature::new("LEAST", &[Any], "LEAST(value, …)", "The smallest; NULL if one is NULL.", |operands| {
        extreme(Function::Least, operands)
    })
    .repeats(),
];

/// All operands in their common type.
fn merged(operands: Vec<Expression>) -> Result<(Vec<Expression>, DataType), String> {
    let types: Vec<&DataType> = operands.iter().map(Expression::type_ref).collect();
    let data_type = merge(&types).ok_or_else(|| no_common_type(&types))?;
    Ok((operands.into_iter().map(|operand| widen(operand, &data_type)).collect(), data_type))
}

fn coalesce(operands: Vec<Expression>) -> PlannedCall {
    let (operands, data_type) = merged(operands)?;
    Ok(Expression::Coalesce(operands, data_type))
}

fn nullif(operands: Vec<Expression>) -> PlannedCall {
    let Ok([value, other]) = <[Expression; 2]>::try_from(operands) else { return Err("takes two values".into()) };
    let types = [value.type_ref(), other.type_ref()];
    let common = common_type(types[0], types[1]).ok_or_else(|| no_common_type(&types))?;
    let equal =
        Expression::Compare(Comparison::Equal, cast(value.clone(), &common).into(), cast(other, &common).into());
    let null = Expression::Literal(Literal::Null, value.data_type());
    Ok(Expression::Case { branches: vec![(equal, null)], data_type: value.data_type(), otherwise: value.into() })
}

fn on_condition(operands: Vec<Expression>) -> PlannedCall {
    match <[Expression; 3]>::try_from(operands) {
        Ok([condition, value, other]) => choose(vec![(condition, value)], other),
        Err(_) => Err("takes a condition and two values".into()),
    }
}

fn extreme(function: Function, operands: Vec<Expression>) -> PlannedCall {
    let (operands, data_type) = merged(operands)?;
    if data_type.is_nested() {
        return Err(format!("values of type {data_type} have no order"));
    }
    Ok(Expression::Call(function, operands, data_type))
}
