//! `+`, `-`, `*`, `/`, `%` and MOD. Integers wrap around as in Java. A DECIMAL that doesn't fit its type becomes NULL.

use bumpalo::Bump;

use super::operation::Operation;
use super::{decimal, integer};
use crate::sql::expression::conversion::{cast, exact_digits, merge, widen};
use crate::sql::functions::definition::*;
use crate::sql::functions::moment::shift;

pub const MOD: Function = Function {
    name: "MOD",
    parameters: Parameters::of(&[Number, Number]),
    form: "MOD(number, divisor)",
    meaning: "The remainder of a division, as `%`.",
    plan: |operands| match <[Expression; 2]>::try_from(operands) {
        Ok([number, divisor]) => arithmetic(Operation::Remainder, number, divisor),
        Err(_) => Err("takes two numbers".into()),
    },
};

/// The operation, in the type that Flink gives its result.
pub fn arithmetic(operation: Operation, left: Expression, right: Expression) -> Result<Expression, String> {
    let (left, right) = match (left.type_ref(), right.type_ref()) {
        (DataType::Null, DataType::Null) => (cast(left, &DataType::Int), cast(right, &DataType::Int)),
        (DataType::Null, other) => (cast(left, &other.clone()), right),
        (other, DataType::Null) => {
            let other = other.clone();
            (left, cast(right, &other))
        }
        _ => (left, right),
    };
    let (left_type, right_type) = (left.data_type(), right.data_type());
    if left_type.is_interval() || right_type.is_interval() {
        return with_interval(operation, left, right);
    }
    let common = merge(&[&left_type, &right_type]).filter(|_| left_type.is_numeric() && right_type.is_numeric());
    let Some(common) = common else {
        let moment = matches!(left_type, DataType::Date | DataType::Timestamp { .. } | DataType::TimestampLtz { .. });
        let hint = if moment { "; see TIMESTAMPDIFF and INTERVAL" } else { "; CAST them" };
        return Err(format!("arithmetic takes numbers, found {left_type} and {right_type}{hint}"));
    };
    let data_type = match common {
        DataType::Decimal { .. } => {
            let own = |data_type: &DataType| {
                let (precision, scale) = exact_digits(data_type);
                DataType::Decimal { precision, scale }
            };
            let result = decimal_result(operation, exact_digits(&left_type), exact_digits(&right_type));
            return Ok(Expression::call(
                operation,
                vec![cast(left, &own(&left_type)), cast(right, &own(&right_type))],
                result,
            ));
        }
        // A remainder is never larger than the divisor, so it has the divisor's type.
        common if operation == Operation::Remainder && common.is_integer() => right_type,
        common => {
            let operands = vec![widen(left, &common), widen(right, &common)];
            return Ok(Expression::call(operation, operands, common));
        }
    };
    Ok(Expression::call(operation, vec![left, right], data_type))
}

/// A moment and an INTERVAL, two INTERVALs of a kind, or an INTERVAL and a whole number.
fn with_interval(operation: Operation, left: Expression, right: Expression) -> Result<Expression, String> {
    let (left_type, right_type) = (left.data_type(), right.data_type());
    match (operation, left_type.is_interval(), right_type.is_interval()) {
        (Operation::Add | Operation::Subtract, true, true) if left_type == right_type => {
            Ok(Expression::call(operation, vec![left, right], left_type))
        }
        (Operation::Add | Operation::Subtract, false, true) => shift::by(left, right, operation == Operation::Subtract),
        (Operation::Add, true, false) => shift::by(right, left, false),
        (Operation::Multiply | Operation::Divide, true, false) if right_type.is_integer() => {
            Ok(Expression::call(operation, vec![left, right], left_type))
        }
        (Operation::Multiply, false, true) if left_type.is_integer() => {
            Ok(Expression::call(operation, vec![right, left], right_type))
        }
        _ => Err(format!(
            "an INTERVAL goes with a moment, an INTERVAL of its kind or a whole number, found {left_type} and {right_type}"
        )),
    }
}

/// The digits of the result, calculated from those of the operands as in SQL Server and Flink.
fn decimal_result(operation: Operation, (p1, s1): (u8, u8), (p2, s2): (u8, u8)) -> DataType {
    let (p1, s1, p2, s2) = (i32::from(p1), i32::from(s1), i32::from(p2), i32::from(s2));
    let (precision, scale) = match operation {
        Operation::Multiply => (p1 + p2 + 1, s1 + s2),
        Operation::Divide => {
            let scale = (s1 + p2 + 1).max(6);
            (p1 - s1 + s2 + scale, scale)
        }
        Operation::Remainder => ((p1 - s1).min(p2 - s2) + s1.max(s2), s1.max(s2)),
        _ => ((p1 - s1).max(p2 - s2) + s1.max(s2) + 1, s1.max(s2)),
    };
    // If there are more than 38 digits, the fraction is cut, but at least six of its digits are kept.
    let (precision, scale) = match precision {
        ..=38 => (precision, scale),
        _ => (38, (38 - (precision - scale)).max(scale.min(6))),
    };
    DataType::Decimal { precision: precision.max(1) as u8, scale: scale as u8 }
}

impl Evaluate for Operation {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        match operands.values {
            [left, right] => binary(*self, *left, *right, operands.data_type, operands.arena()),
            _ => operands.unexpected(),
        }
    }
}

fn binary<'a>(
    operation: Operation,
    left: Value<'a>,
    right: Value<'a>,
    data_type: &DataType,
    arena: &'a Bump,
) -> Evaluated<'a> {
    Ok(match (left, right) {
        (Value::Int(left), Value::Int(right)) => Value::Int(integer::wrap(whole(operation, left, right)?, data_type)),
        (Value::Double(left), Value::Double(right)) => Value::Double(match operation {
            Operation::Add => left + right,
            Operation::Subtract => left - right,
            Operation::Multiply => left * right,
            Operation::Divide => left / right,
            Operation::Remainder => left % right,
        }),
        (Value::Float(left), Value::Float(right)) => Value::Float(match operation {
            Operation::Add => left + right,
            Operation::Subtract => left - right,
            Operation::Multiply => left * right,
            Operation::Divide => left / right,
            Operation::Remainder => left % right,
        }),
        (Value::Decimal(left), Value::Decimal(right)) => {
            let (precision, scale) = decimal::digits(data_type);
            let result = decimal::binary(operation, *left, *right, precision, scale);
            decimal::value_or_null(result.map_err(|()| EvaluationError::DivisionByZero)?, arena)
        }
        (Value::Months(left), right) => match interval(operation, left.into(), right)? {
            Some(months) => Value::Months(months as i32),
            None => Value::Null,
        },
        (Value::Millis(left), right) => interval(operation, left, right)?.map_or(Value::Null, Value::Millis),
        _ => Value::Null,
    })
}

/// Calculates with another interval of the same kind, or with a number. The result wraps around like an integer.
fn interval<'a>(operation: Operation, left: i64, right: Value<'a>) -> Result<Option<i64>, EvaluationError<'a>> {
    let right = match right {
        Value::Int(number) => number,
        Value::Months(months) => months.into(),
        Value::Millis(millis) => millis,
        _ => return Ok(None),
    };
    whole(operation, left, right).map(Some)
}

fn whole<'a>(operation: Operation, left: i64, right: i64) -> Result<i64, EvaluationError<'a>> {
    Ok(match operation {
        Operation::Add => left.wrapping_add(right),
        Operation::Subtract => left.wrapping_sub(right),
        Operation::Multiply => left.wrapping_mul(right),
        Operation::Divide | Operation::Remainder if right == 0 => return Err(EvaluationError::DivisionByZero),
        Operation::Divide => left.wrapping_div(right),
        Operation::Remainder => left.wrapping_rem(right),
    })
}
