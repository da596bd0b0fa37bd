//! Computes once the parts of an expression whose value is the same for every row.

use bumpalo::Bump;

use super::evaluate::evaluate;
use crate::sql::expression::call::Call;
use crate::sql::expression::{Expression, Literal};
use crate::sql::values::cast::cast;
use crate::sql::values::context::EvaluationContext;
use crate::types::data_type::DataType;
use crate::types::time_zone::TimeZone;
use crate::types::value::Value;

/// The expression in which each part with constant operands is replaced by its value. If computing a part fails, the part
/// is kept, so that it fails only for the records for which it is computed.
pub(crate) fn fold(expression: Expression, zone: &TimeZone) -> Expression {
    let all = |operands: Vec<Expression>| operands.into_iter().map(|operand| fold(operand, zone)).collect::<Vec<_>>();
    let one = |operand: Box<Expression>| Box::new(fold(*operand, zone));
    let folded = match expression {
        Expression::Literal(literal, data_type) => return normal(literal, data_type, zone),
        Expression::Column(..) => return expression,
        Expression::Cast(operand, to) => Expression::Cast(one(operand), to),
        Expression::TryCast(operand, to) => Expression::TryCast(one(operand), to),
        Expression::Compare(comparison, left, right) => Expression::Compare(comparison, one(left), one(right)),
        Expression::IsDistinct(left, right) => Expression::IsDistinct(one(left), one(right)),
        Expression::In(operand, list) => Expression::In(one(operand), all(list)),
        Expression::And(left, right) => Expression::And(one(left), one(right)),
        Expression::Or(left, right) => Expression::Or(one(left), one(right)),
        Expression::Not(operand) => Expression::Not(one(operand)),
        Expression::IsNull(operand) => Expression::IsNull(one(operand)),
        Expression::Is(wanted, operand) => Expression::Is(wanted, one(operand)),
        Expression::Case { branches, otherwise, data_type } => Expression::Case {
            branches: branches.into_iter().map(|(when, then)| (fold(when, zone), fold(then, zone))).collect(),
            otherwise: one(otherwise),
            data_type,
        },
        Expression::Coalesce(operands, data_type) => Expression::Coalesce(all(operands), data_type),
        Expression::Field(row, index, data_type) => Expression::Field(one(row), index, data_type),
        Expression::Call(Call { function, operands, data_type }) => {
            Expression::Call(Call { function, operands: all(operands), data_type })
        }
    };
    let constant = is_constant(&folded).then(|| {
        let arena = Bump::new();
        let value = evaluate(&folded, &EvaluationContext::new(&[], &[], &arena, zone)).ok()?;
        owned(value)
    });
    match constant.flatten() {
        Some(literal) => Expression::Literal(literal, folded.data_type()),
        None => folded,
    }
}

/// The constant in the form of its type, because a number or a moment may be written in a simpler form.
fn normal(literal: Literal, data_type: DataType, zone: &TimeZone) -> Expression {
    let arena = Bump::new();
    let written = match &literal {
        Literal::Int(value) => Some((Value::Int(*value), DataType::BigInt)),
        Literal::Double(value) => Some((Value::Double(*value), DataType::Double)),
        Literal::Decimal(value) => {
            Some((Value::Decimal(value), DataType::Decimal { precision: 38, scale: value.scale }))
        }
        Literal::Timestamp { seconds, nanos } => {
            let value = Value::Timestamp { seconds: *seconds, nanos: *nanos };
            Some((value, DataType::Timestamp { precision: 9 }))
        }
        _ => None,
    };
    let converted = written.and_then(|(value, from)| {
        owned(cast(value, &from, &data_type, &EvaluationContext::new(&[], &[], &arena, zone)).ok()?)
    });
    Expression::Literal(converted.unwrap_or(literal), data_type)
}

fn is_constant(expression: &Expression) -> bool {
    let literal = |operand: &Expression| matches!(operand, Expression::Literal(..));
    match expression {
        Expression::Literal(..) | Expression::Column(..) => false,
        Expression::Cast(operand, _)
        | Expression::TryCast(operand, _)
        | Expression::Not(operand)
        | Expression::IsNull(operand)
        | Expression::Is(_, operand)
        | Expression::Field(operand, ..) => literal(operand),
        Expression::Compare(_, left, right)
        | Expression::IsDistinct(left, right)
        | Expression::And(left, right)
        | Expression::Or(left, right) => literal(left) && literal(right),
        Expression::In(operand, list) => literal(operand) && list.iter().all(literal),
        Expression::Case { branches, otherwise, .. } => {
            literal(otherwise) && branches.iter().all(|(when, then)| literal(when) && literal(then))
        }
        Expression::Coalesce(operands, _) => operands.iter().all(literal),
        Expression::Call(Call { function, operands, .. }) => !function.asks_the_clock() && operands.iter().all(literal),
    }
}

/// The value as a literal. `None`: there is no literal for such a value.
fn owned(value: Value<'_>) -> Option<Literal> {
    Some(match value {
        Value::Null => Literal::Null,
        Value::Bool(value) => Literal::Bool(value),
        Value::Int(value) => Literal::Int(value),
        Value::Float(value) => Literal::Double(value.into()),
        Value::Double(value) => Literal::Double(value),
        Value::Decimal(value) => Literal::Decimal(*value),
        Value::Text(text) => Literal::Text(text.into()),
        Value::Bytes(bytes) => Literal::Bytes(bytes.into()),
        Value::Date(days) => Literal::Date(days),
        Value::Time(nanos) => Literal::Time(nanos),
        Value::Timestamp { seconds, nanos } => Literal::Timestamp { seconds, nanos },
        Value::Instant { seconds, nanos } => Literal::Instant { seconds, nanos },
        Value::Months(months) => Literal::Months(months),
        Value::Millis(millis) => Literal::Millis(millis),
        Value::Array(_) | Value::Vector(_) | Value::Row(_) | Value::Map(_) | Value::Unchanged => return None,
    })
}
