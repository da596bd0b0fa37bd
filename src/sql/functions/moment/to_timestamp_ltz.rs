//! TO_TIMESTAMP_LTZ.

use crate::sql::expression::conversion::cast;
use crate::sql::functions::definition::*;

pub const TO_TIMESTAMP_LTZ: Function = Function {
    name: "TO_TIMESTAMP_LTZ",
    parameters: Parameters::of(&[Number, Integer]).optional(1),
    form: "TO_TIMESTAMP_LTZ(number[, 0 | 3])",
    meaning: "TIMESTAMP_LTZ(3) of the seconds (0) or milliseconds (3) since 1970. If neither is given, the number is in milliseconds.",
    plan: to_timestamp_ltz,
};

fn to_timestamp_ltz(mut operands: Vec<Expression>) -> PlannedCall {
    let millis = match operands.len() {
        1 => true,
        _ => match constant_integer(operands.get(1), "a precision")? {
            0 => false,
            3 => true,
            other => return Err(format!("the precision is 0 (seconds) or 3 (milliseconds), not {other}")),
        },
    };
    operands.truncate(1);
    if operands.first().is_some_and(|operand| *operand.type_ref() == DataType::Float) {
        operands = operands.into_iter().map(|operand| cast(operand, &DataType::Double)).collect();
    }
    Ok(Expression::call(ToInstant { millis }, operands, DataType::TimestampLtz { precision: 3 }))
}

/// Makes an instant of seconds or milliseconds since 1970.
#[derive(Debug, PartialEq)]
struct ToInstant {
    millis: bool,
}

impl Evaluate for ToInstant {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        match operands.values {
            [value] => Ok(to_instant(*value, self.millis)),
            _ => operands.unexpected(),
        }
    }
}

/// The instant. NULL outside of the years 1 to 9999.
fn to_instant<'a>(value: Value<'a>, millis: bool) -> Value<'a> {
    let factor = if millis { 1 } else { 1000 };
    let total = match value {
        Value::Int(value) => value.checked_mul(factor),
        Value::Double(value) if value.is_finite() => Some((value * factor as f64) as i64),
        Value::Decimal(value) => {
            let scaled = value.unscaled.checked_mul(factor.into());
            scaled.and_then(|scaled| i64::try_from(scaled / 10_i128.pow(value.scale.into())).ok())
        }
        _ => None,
    };
    match total {
        Some(total @ -62_135_596_800_000..=253_402_300_799_999) => {
            Value::Instant { seconds: total.div_euclid(1000), nanos: total.rem_euclid(1000) as u32 * 1_000_000 }
        }
        _ => Value::Null,
    }
}
