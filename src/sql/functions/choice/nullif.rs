//! NULLIF, which is planned as a CASE.

use crate::sql::expression::Comparison;
use crate::sql::expression::conversion::{cast, common_type, no_common_type};
use crate::sql::functions::definition::*;

pub const NULLIF: Function = Function {
    name: "NULLIF",
    parameters: Parameters::of(&[Any, Any]),
    form: "NULLIF(value, other)",
    meaning: "NULL if both are equal, otherwise the value.",
    plan: nullif,
};

fn nullif(operands: Vec<Expression>) -> PlannedCall {
    let Ok([value, other]) = <[Expression; 2]>::try_from(operands) else { return Err("takes two values".into()) };
    let types = [value.type_ref(), other.type_ref()];
    let common = common_type(types[0], types[1]).ok_or_else(|| no_common_type(&types))?;
    let equal =
        Expression::Compare(Comparison::Equal, cast(value.clone(), &common).into(), cast(other, &common).into());
    let null = Expression::Literal(Literal::Null, value.data_type());
    Ok(Expression::Case { branches: vec![(equal, null)], data_type: value.data_type(), otherwise: value.into() })
}
