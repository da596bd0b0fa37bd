//! ABS, SIGN, and the sign `-` before a value.

use bumpalo::Bump;

use super::integer;
use crate::sql::functions::definition::*;
use crate::types::value::Decimal;

pub const ABS: Function = Function {
    name: "ABS",
    parameters: Parameters::of(&[Number]),
    form: "ABS(number)",
    meaning: "The number without its sign.",
    plan: |operands| Ok(of_its_type(SignFunction::Absolute, operands)),
};

pub const SIGN: Function = Function {
    name: "SIGN",
    parameters: Parameters::of(&[Number]),
    form: "SIGN(number)",
    meaning: "-1, 0 or 1.",
    plan: |operands| Ok(of_its_type(SignFunction::Sign, operands)),
};

/// `-value`, for a number or an INTERVAL.
pub fn negated(value: Expression) -> Expression {
    of_its_type(SignFunction::Negate, vec![value])
}

fn of_its_type(function: SignFunction, operands: Vec<Expression>) -> Expression {
    let data_type = first_type(&operands);
    Expression::call(function, operands, data_type)
}

#[derive(Debug, PartialEq)]
enum SignFunction {
    Absolute,
    Sign,
    Negate,
}

impl Evaluate for SignFunction {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        let (data_type, arena) = (operands.data_type, operands.arena());
        let [value] = operands.values else { return operands.unexpected() };
        Ok(match self {
            SignFunction::Absolute => absolute(*value, data_type, arena),
            SignFunction::Sign => sign(*value, arena),
            SignFunction::Negate => negate(*value, data_type, arena),
        })
    }
}

fn absolute<'a>(value: Value<'a>, data_type: &DataType, arena: &'a Bump) -> Value<'a> {
    match value {
        Value::Double(value) => Value::Double(value.abs()),
        Value::Float(value) => Value::Float(value.abs()),
        Value::Int(value) if value >= 0 => Value::Int(value),
        Value::Decimal(Decimal { unscaled: 0.., .. }) => value,
        value => negate(value, data_type, arena),
    }
}

fn sign<'a>(value: Value<'a>, arena: &'a Bump) -> Value<'a> {
    match value {
        Value::Int(value) => Value::Int(value.signum()),
        Value::Double(value) if value == 0.0 || value.is_nan() => Value::Double(value),
        Value::Double(value) => Value::Double(value.signum()),
        Value::Float(value) if value == 0.0 || value.is_nan() => Value::Float(value),
        Value::Float(value) => Value::Float(value.signum()),
        Value::Decimal(value) => {
            let one = 10_i128.pow(value.scale.into());
            Value::Decimal(arena.alloc(Decimal { unscaled: value.unscaled.signum() * one, ..*value }))
        }
        _ => Value::Null,
    }
}

fn negate<'a>(value: Value<'a>, data_type: &DataType, arena: &'a Bump) -> Value<'a> {
    match value {
        Value::Int(value) => Value::Int(integer::wrap(value.wrapping_neg(), data_type)),
        Value::Double(value) => Value::Double(-value),
        Value::Float(value) => Value::Float(-value),
        Value::Decimal(value) => Value::Decimal(arena.alloc(Decimal { unscaled: -value.unscaled, ..*value })),
        Value::Months(months) => Value::Months(months.wrapping_neg()),
        Value::Millis(millis) => Value::Millis(millis.wrapping_neg()),
        _ => Value::Null,
    }
}
