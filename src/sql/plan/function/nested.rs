//! ARRAY, MAP and ROW.

use super::PlannedCall;
use super::of_type;
use super::signature::ParameterType::Any;
use super::signature::Signature;
use crate::sql::expression::conversion::{ColumnConversion, assign, merge, widen};
use crate::sql::expression::{Expression, Function};
use crate::sql::plan::operator::no_common_type;
use crate::types::data_type::{DataType, RowField};

pub const SIGNATURES: &[Signature] = &[
    Signature::new("ARRAY", &[Any], "ARRAY[value, …]", "An ARRAY of values.", array).repeats(),
    Signature::new("MAP", &[Any, Any], "MAP[key, value, …]", "A MAP of keys and values.", map).repeats(),
    Signature::new("ROW", &[Any], "ROW(value, …)", "A ROW of values.", row).repeats(),
    Signature::new(
        "CARDINALITY",
        &[Any],
        "CARDINALITY(array or map)",
        "How many elements or entries it has.",
        cardinality,
    ),
    Signature::new(
        "ARRAY_CONTAINS",
        &[Any, Any],
        "ARRAY_CONTAINS(array, value)",
        "Whether the value, which may be NULL, is among the elements.",
        contains,
    ),
];

fn merged<'e>(operands: impl Iterator<Item = &'e Expression>) -> Result<DataType, String> {
    let types: Vec<&DataType> = operands.map(Expression::type_ref).collect();
    merge(&types).ok_or_else(|| no_common_type(&types))
}

fn array(operands: Vec<Expression>) -> PlannedCall {
    let element = merged(operands.iter())?;
    let elements = operands.into_iter().map(|operand| widen(operand, &element)).collect();
    of_type(Function::MakeArray, elements, DataType::Array(element.into()))
}

fn map(operands: Vec<Expression>) -> PlannedCall {
    if !operands.len().is_multiple_of(2) {
        return Err("takes keys and values by turns".into());
    }
    let key = merged(operands.iter().step_by(2))?;
    let value = merged(operands.iter().skip(1).step_by(2))?;
    let typed = |(at, operand): (usize, Expression)| widen(operand, if at % 2 == 0 { &key } else { &value });
    let entries = operands.into_iter().enumerate().map(typed).collect();
    of_type(Function::MakeMap, entries, DataType::Map(key.into(), value.into()))
}

/// Its fields have no names but those that Flink makes up.
fn row(operands: Vec<Expression>) -> PlannedCall {
    let field =
        |(at, operand): (usize, &Expression)| RowField { name: format!("EXPR${at}"), data_type: operand.data_type() };
    let fields = operands.iter().enumerate().map(field).collect();
    of_type(Function::MakeRow, operands, DataType::Row(fields))
}

fn cardinality(operands: Vec<Expression>) -> PlannedCall {
    match operands.first().map(Expression::type_ref) {
        Some(DataType::Array(_) | DataType::Map(..)) => of_type(Function::Cardinality, operands, DataType::Int),
        _ => Err("takes an ARRAY or a MAP".into()),
    }
}

fn contains(operands: Vec<Expression>) -> PlannedCall {
    let Ok([array, value]) = <[Expression; 2]>::try_from(operands) else { return Err("takes two values".into()) };
    let DataType::Array(element) = array.data_type() else {
        return Err(format!("takes an ARRAY, found {}", array.type_ref()));
    };
    let found = value.data_type();
    match assign(value, &element) {
        ColumnConversion::Fits(value) => of_type(Function::Contains, vec![array, value], DataType::Boolean),
        _ => Err(format!("the elements are of type {element}, found {found}")),
    }
}
