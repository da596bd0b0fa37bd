//! Numbers.

use super::PlannedCall;
use super::signature::ParameterType::{Integer, Number, Real};
use super::signature::Signature;
use super::{constant_integer, of_type};
use crate::sql::expression::{Expression, Function};
use crate::sql::plan::operator::arithmetic;
use crate::types::data_type::DataType;

const FLOOR: &str = "FLOOR(number) or FLOOR(moment TO unit)";
const CEIL: &str = "CEIL(number) or CEIL(moment TO unit)";

pub const SIGNATURES: &[Signature] = &[
    Signature::new("ABS", &[Number], "ABS(number)", "The number without its sign.", |operands| {
        same(Function::Absolute, operands)
    }),
    Signature::new("SIGN", &[Number], "SIGN(number)", "-1, 0 or 1.", |operands| same(Function::Sign, operands)),
    Signature::new("MOD", &[Number, Number], "MOD(number, divisor)", "The remainder of a division, as `%`.", modulo),
    Signature::new(
        "FLOOR",
        &[Number],
        FLOOR,
        "The largest whole number that isn't above the number; the beginning of the moment's unit.",
        |operands| whole(Function::Floor, operands),
    ),
    Signature::new(
        "CEIL",
        &[Number],
        CEIL,
        "The smallest whole number that isn't below the number; the beginning of the moment's next unit.",
        |operands| whole(Function::Ceil, operands),
    ),
    Signature::new("CEILING", &[Number], "CEILING(number)", "The same as CEIL.", |operands| {
        whole(Function::Ceil, operands)
    }),
    Signature::new(
        "ROUND",
        &[Number, Integer],
        "ROUND(number[, digits])",
        "The number rounded half up, to so many digits behind the point; left out: 0.",
        |operands| digits(Function::Round, operands, 1),
    )
    .optional(1),
    Signature::new(
        "TRUNCATE",
        &[Number, Integer],
        "TRUNCATE(number[, digits])",
        "The number cut to so many digits behind the point; left out: 0.",
        |operands| digits(Function::Truncate, operands, 0),
    )
    .optional(1),
    Signature::new("POWER", &[Real, Real], "POWER(base, exponent)", "A power, DOUBLE.", |operands| {
        of_type(Function::Power, operands, DataType::Double)
    }),
    Signature::new("SQRT", &[Real], "SQRT(number)", "The square root, DOUBLE.", |operands| {
        of_type(Function::SquareRoot, operands, DataType::Double)
    }),
    Signature::new("EXP", &[Real], "EXP(number)", "e to the power of the number, DOUBLE.", |operands| {
        of_type(Function::Exponential, operands, DataType::Double)
    }),
    Signature::new("LN", &[Real], "LN(number)", "The natural logarithm, DOUBLE.", |operands| {
        of_type(Function::NaturalLogarithm, operands, DataType::Double)
    }),
    Signature::new("LOG10", &[Real], "LOG10(number)", "The logarithm to the base 10, DOUBLE.", |operands| {
        of_type(Function::DecimalLogarithm, operands, DataType::Double)
    }),
];

/// Of the operand's own type.
fn same(function: Function, operands: Vec<Expression>) -> PlannedCall {
    let data_type = operands.first().map_or(DataType::Int, Expression::data_type);
    of_type(function, operands, data_type)
}

fn modulo(operands: Vec<Expression>) -> PlannedCall {
    match <[Expression; 2]>::try_from(operands) {
        Ok([number, divisor]) => arithmetic(Function::Remainder, number, divisor),
        Err(_) => Err("takes two numbers".into()),
    }
}

/// A DECIMAL loses the digits behind its point.
fn whole(function: Function, operands: Vec<Expression>) -> PlannedCall {
    let data_type = match operands.first().map(Expression::data_type) {
        Some(DataType::Decimal { precision, .. }) => DataType::Decimal { precision, scale: 0 },
        other => other.unwrap_or(DataType::Int),
    };
    of_type(function, operands, data_type)
}

/// Rounding may carry into one more digit.
fn digits(function: Function, mut operands: Vec<Expression>, carry: u8) -> PlannedCall {
    if operands.len() == 1 {
        let zero = crate::sql::expression::Literal::Int(0);
        operands.push(Expression::Literal(zero, DataType::Int));
    }
    let data_type = match operands.first().map(Expression::data_type) {
        Some(DataType::Decimal { precision, scale }) => match constant_integer(operands.get(1), "a number of digits") {
            Ok(digits) if digits >= i64::from(scale) => DataType::Decimal { precision, scale },
            Ok(digits) => {
                let kept = digits.clamp(0, 38) as u8;
                DataType::Decimal { precision: (carry + precision - scale + kept).clamp(1, 38), scale: kept }
            }
            Err(_) => DataType::Decimal { precision, scale },
        },
        other => other.unwrap_or(DataType::Int),
    };
    of_type(function, operands, data_type)
}
