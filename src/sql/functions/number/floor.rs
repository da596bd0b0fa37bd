//! FLOOR and CEIL of a number.

use bumpalo::Bump;
use ethnum::I256;

use super::decimal;
use crate::sql::functions::definition::*;
use crate::types::value::Decimal;

pub const FLOOR: Function = Function {
    name: "FLOOR",
    parameters: Parameters::of(&[Number]),
    form: "FLOOR(number) or FLOOR(moment TO unit)",
    meaning: "The largest whole number that isn't above the number; the beginning of the moment's unit.",
    plan: |operands| Ok(whole(WholeNumber::Floor, operands)),
};

pub const CEIL: Function = Function {
    name: "CEIL",
    parameters: Parameters::of(&[Number]),
    form: "CEIL(number) or CEIL(moment TO unit)",
    meaning: "The smallest whole number that isn't below the number; the first moment that isn't before the given one and begins a unit.",
    plan: |operands| Ok(whole(WholeNumber::Ceil, operands)),
};

pub const CEILING: Function =
    Function { name: "CEILING", form: "CEILING(number)", meaning: "The same as CEIL.", ..CEIL };

/// The value of a DECIMAL has no digits after the point.
fn whole(function: WholeNumber, operands: Vec<Expression>) -> Expression {
    let data_type = match first_type(&operands) {
        DataType::Decimal { precision, .. } => DataType::Decimal { precision, scale: 0 },
        other => other,
    };
    Expression::call(function, operands, data_type)
}

#[derive(Debug, PartialEq)]
enum WholeNumber {
    Floor,
    Ceil,
}

impl Evaluate for WholeNumber {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        let [value] = operands.values else { return operands.unexpected() };
        Ok(match self {
            WholeNumber::Floor => floor(*value, operands.data_type, operands.arena()),
            WholeNumber::Ceil => ceil(*value, operands.data_type, operands.arena()),
        })
    }
}

fn floor<'a>(value: Value<'a>, data_type: &DataType, arena: &'a Bump) -> Value<'a> {
    match value {
        Value::Double(value) => Value::Double(value.floor()),
        Value::Float(value) => Value::Float(value.floor()),
        Value::Decimal(value) => divided(*value, i128::div_euclid, data_type, arena),
        value => value,
    }
}

fn ceil<'a>(value: Value<'a>, data_type: &DataType, arena: &'a Bump) -> Value<'a> {
    match value {
        Value::Double(value) => Value::Double(value.ceil()),
        Value::Float(value) => Value::Float(value.ceil()),
        Value::Decimal(value) => divided(*value, |unscaled, unit| -(-unscaled).div_euclid(unit), data_type, arena),
        value => value,
    }
}

fn divided<'a>(value: Decimal, divide: fn(i128, i128) -> i128, data_type: &DataType, arena: &'a Bump) -> Value<'a> {
    let (precision, scale) = decimal::digits(data_type);
    let whole = divide(value.unscaled, 10_i128.pow(value.scale.into()));
    decimal::value_or_null(decimal::fit(I256::from(whole), 0, precision, scale, false), arena)
}
