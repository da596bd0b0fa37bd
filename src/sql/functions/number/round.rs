//! ROUND and TRUNCATE.

use bumpalo::Bump;
use ethnum::I256;

use super::{decimal, integer};
use crate::sql::functions::definition::*;

pub const ROUND: Function = Function {
    name: "ROUND",
    parameters: Parameters::of(&[Number, Integer]).optional(1),
    form: "ROUND(number[, digits])",
    meaning: "The number rounded half up to this many digits after the point; 0 if they aren't given.",
    // The rounded number can have one digit more.
    plan: |operands| Ok(to_digits(Rounding::Round, operands, 1)),
};

pub const TRUNCATE: Function = Function {
    name: "TRUNCATE",
    parameters: Parameters::of(&[Number, Integer]).optional(1),
    form: "TRUNCATE(number[, digits])",
    meaning: "The number cut to this many digits after the point; 0 if they aren't given.",
    plan: |operands| Ok(to_digits(Rounding::Truncate, operands, 0)),
};

fn to_digits(function: Rounding, mut operands: Vec<Expression>, carry: u8) -> Expression {
    if operands.len() == 1 {
        operands.push(Expression::Literal(Literal::Int(0), DataType::Int));
    }
    let data_type = match first_type(&operands) {
        DataType::Decimal { precision, scale } => match constant_integer(operands.get(1), "a number of digits") {
            Ok(digits) if digits >= i64::from(scale) => DataType::Decimal { precision, scale },
            Ok(digits) => {
                let kept = digits.clamp(0, 38) as u8;
                DataType::Decimal { precision: (carry + precision - scale + kept).clamp(1, 38), scale: kept }
            }
            Err(_) => DataType::Decimal { precision, scale },
        },
        other => other,
    };
    Expression::call(function, operands, data_type)
}

#[derive(Debug, PartialEq)]
enum Rounding {
    Round,
    Truncate,
}

impl Evaluate for Rounding {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        match operands.values {
            [value, Value::Int(digits)] => {
                let rounds = *self == Rounding::Round;
                round(*value, *digits, rounds, operands.data_type, operands.arena())
            }
            _ => operands.unexpected(),
        }
    }
}

/// Keeps `digits` digits after the point. If `digits` is negative, that many digits before the point become zeros.
fn round<'a>(value: Value<'a>, digits: i64, rounds: bool, data_type: &DataType, arena: &'a Bump) -> Evaluated<'a> {
    Ok(match value {
        Value::Int(value) => {
            let Some(unit) = 10_i128.checked_pow(digits.min(0).unsigned_abs().min(40) as u32) else {
                return Ok(Value::Int(0));
            };
            let rounded = round_to(value.into(), unit, rounds);
            Value::Int(integer::wrap(rounded as i64, data_type))
        }
        Value::Decimal(value) => {
            let (precision, scale) = decimal::digits(data_type);
            let kept = digits.clamp(-38, value.scale.into());
            let drop = (i64::from(value.scale) - kept) as u32;
            let rounded = match 10_i128.checked_pow(drop) {
                Some(unit) => round_to(value.unscaled, unit, rounds),
                None => 0,
            };
            decimal::value_or_null(
                decimal::fit(I256::from(rounded), value.scale.into(), precision, scale, false),
                arena,
            )
        }
        Value::Double(value) => Value::Double(real(value, format_args!("{value:e}"), digits, rounds, arena)?),
        Value::Float(value) => {
            Value::Float(real(value.into(), format_args!("{value:e}"), digits, rounds, arena)? as f32)
        }
        _ => Value::Null,
    })
}

fn round_to(value: i128, unit: i128, rounds: bool) -> i128 {
    let (quotient, rest) = (value / unit, value % unit);
    let up = rounds && rest.unsigned_abs() >= unit.unsigned_abs().div_ceil(2) && rest != 0;
    (quotient + if up { value.signum() } else { 0 }).saturating_mul(unit)
}

/// Rounds the shortest digits that are read as the same number, as Java's `BigDecimal.valueOf` does.
fn real<'a>(
    value: f64,
    shortest: std::fmt::Arguments<'_>,
    digits: i64,
    rounds: bool,
    arena: &'a Bump,
) -> Result<f64, EvaluationError<'a>> {
    if !value.is_finite() {
        return Err(EvaluationError::Refused("NaN and Infinity can't be rounded"));
    }
    let shortest = bumpalo::format!(in arena, "{}", shortest);
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let unscaled = bumpalo::format!(in arena, "{}{}", whole, fraction).parse::<i128>().unwrap_or_default();
    // value = unscaled × 10^exponent
    let exponent = exponent.parse::<i64>().unwrap_or_default() - fraction.len() as i64;
    let drop = digits.saturating_neg().saturating_sub(exponent);
    if drop <= 0 {
        return Ok(value);
    }
    let Some(unit) = u32::try_from(drop).ok().and_then(|drop| 10_i128.checked_pow(drop)) else {
        return Ok(0.0);
    };
    let rounded = round_to(unscaled, unit, rounds);
    Ok(bumpalo::format!(in arena, "{}e{}", rounded, exponent).parse().unwrap_or(value))
}
