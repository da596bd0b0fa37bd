//! Which types are converted into which others: implicitly, and by CAST.

use super::literal;
use crate::sql::expression::{Expression, Literal};
use crate::types::data_type::{DataType, RowField};

/// How a value is converted to the type of a column.
#[derive(Debug, PartialEq)]
pub enum ColumnConversion {
    Fits(Expression),
    /// Only by a CAST in the query.
    NeedsCast,
    /// Not even by a CAST.
    Impossible,
}

/// Converts a value for a column. Conversions that lose nothing are implicit. If a conversion doesn't change the value (INT
/// to BIGINT, VARCHAR(10) to STRING), no cast is added.
pub fn assign(expression: Expression, target: &DataType) -> ColumnConversion {
    let from = expression.data_type();
    if let Expression::Literal(Literal::Null, _) = expression {
        return ColumnConversion::Fits(Expression::Literal(Literal::Null, target.clone()));
    }
    if keeps_the_value(&from, target) {
        ColumnConversion::Fits(expression)
    } else if is_implicit(&from, target) {
        ColumnConversion::Fits(cast(expression, target))
    } else if can_cast(&from, target) {
        ColumnConversion::NeedsCast
    } else {
        ColumnConversion::Impossible
    }
}

/// A cast. If the operand is a constant whose conversion is certain, it is converted now.
pub fn cast(expression: Expression, target: &DataType) -> Expression {
    if expression.data_type() == *target {
        return expression;
    }
    if let Expression::Literal(constant, _) = &expression
        && let Some(folded) = literal::convert(constant, target)
    {
        return Expression::Literal(folded, target.clone());
    }
    Expression::Cast(Box::new(expression), target.clone())
}

/// Whether every value of the one type is also a value of the other type, without a change.
fn keeps_the_value(from: &DataType, to: &DataType) -> bool {
    use DataType::{Array, Binary, Char, Time, Timestamp, TimestampLtz, Varbinary, Varchar};
    match (from, to) {
        (Char(length) | Varchar(length), Varchar(room)) => length <= room,
        (Binary(length) | Varbinary(length), Varbinary(room)) => length <= room,
        (Time { precision: from }, Time { precision: to })
        | (Timestamp { precision: from }, Timestamp { precision: to })
        | (TimestampLtz { precision: from }, TimestampLtz { precision: to }) => from <= to,
        (Array(from), Array(to)) => keeps_the_value(from, to),
        (from, to) if from.is_integer() && to.is_integer() => integer_rank(from) <= integer_rank(to),
        (from, to) => from == to,
    }
}

fn integer_rank(data_type: &DataType) -> u8 {
    match data_type {
        DataType::TinyInt => 1,
        DataType::SmallInt => 2,
        DataType::Int => 3,
        _ => 4,
    }
}

/// Whether Flink makes this conversion implicitly. It shortens texts and fractions implicitly, but it doesn't narrow
/// numbers.
fn is_implicit(from: &DataType, to: &DataType) -> bool {
    use DataType::{Array, Binary, Decimal, Double, Float, Null, Time, Timestamp, TimestampLtz, Varbinary};
    match (from, to) {
        (Null, _) => true,
        (from, to) if from.is_text() && to.is_text() => true,
        (from, to) if from.is_integer() && to.is_integer() => integer_rank(from) <= integer_rank(to),
        (from, Decimal { .. }) => from.is_integer() || matches!(from, Decimal { .. }),
        (from, Float) => from.is_integer() || matches!(from, Decimal { .. } | Float),
        (from, Double) => from.is_numeric(),
        (Time { .. }, Time { .. }) => true,
        (Timestamp { .. } | TimestampLtz { .. }, Timestamp { .. } | TimestampLtz { .. }) => true,
        (Binary(_) | Varbinary(_), Binary(_) | Varbinary(_)) => true,
        (Array(from), Array(to)) => is_implicit(from, to),
        (from, to) => from == to,
    }
}

/// Whether a CAST can make this conversion.
pub fn can_cast(from: &DataType, to: &DataType) -> bool {
    use DataType::{Array, BigInt, Binary, Boolean, Date, Int, IntervalDayTime, IntervalYearMonth, Map, Multiset};
    use DataType::{Null, Row, Time, Timestamp, TimestampLtz, Varbinary};
    match (from, to) {
        _ if is_implicit(from, to) => true,
        (_, Null) => false,
        (Array(from), Array(to)) => can_cast(from, to),
        (Row(from), Row(to)) => {
            from.len() == to.len() && from.iter().zip(to).all(|(from, to)| can_cast(&from.data_type, &to.data_type))
        }
        (Map(from_key, from_value), Map(to_key, to_value)) => {
            can_cast(from_key, to_key) && can_cast(from_value, to_value)
        }
        (Multiset(from), Multiset(to)) => can_cast(from, to),
        (from, to) if from.is_text() => !to.is_nested() && !to.is_interval(),
        (_, to) if to.is_text() => true,
        (IntervalYearMonth, Int) | (Int, IntervalYearMonth) => true,
        (IntervalDayTime, BigInt) | (BigInt, IntervalDayTime) => true,
        (from, Boolean) | (Boolean, from) => from.is_numeric(),
        (from, to) if from.is_numeric() && to.is_numeric() => true,
        (Date, Timestamp { .. } | TimestampLtz { .. }) | (Timestamp { .. } | TimestampLtz { .. }, Date) => true,
        (Time { .. }, Timestamp { .. } | TimestampLtz { .. }) => true,
        (Timestamp { .. } | TimestampLtz { .. }, Time { .. }) => true,
        (Binary(_) | Varbinary(_), Binary(_) | Varbinary(_)) => true,
        _ => false,
    }
}

/// The type in which values of two types are compared.
pub fn common_type(left: &DataType, right: &DataType) -> Option<DataType> {
    use DataType::{Array, Binary, Date, Double, Float, Null, Time, Timestamp, TimestampLtz, Varbinary};
    Some(match (left, right) {
        (Array(_), _) | (_, Array(_)) => return None,
        (same, other) if same == other => same.clone(),
        (Null, other) | (other, Null) => other.clone(),
        (left, right) if left.is_text() && right.is_text() => DataType::STRING,
        (left, right) if left.is_integer() && right.is_integer() => {
            if integer_rank(left) >= integer_rank(right) {
                left.clone()
            } else {
                right.clone()
            }
        }
        // If one of two numbers is approximate, they are compared as DOUBLE.
        (Float | Double, right) if right.is_numeric() => Double,
        (left, Float | Double) if left.is_numeric() => Double,
        (left, right) if left.is_numeric() && right.is_numeric() => wider_decimal(left, right),
        (Time { precision: left }, Time { precision: right }) => Time { precision: *left.max(right) },
        (Timestamp { precision: left }, Timestamp { precision: right }) => Timestamp { precision: *left.max(right) },
        (
            Timestamp { precision: left } | TimestampLtz { precision: left },
            Timestamp { precision: right } | TimestampLtz { precision: right },
        ) => TimestampLtz { precision: *left.max(right) },
        (Date, moment @ (Timestamp { .. } | TimestampLtz { .. }))
        | (moment @ (Timestamp { .. } | TimestampLtz { .. }), Date) => moment.clone(),
        // A text that is compared with a moment is read as a moment: market_time > '2024-01-01 00:00:00'.
        (text, moment @ (Date | Time { .. } | Timestamp { .. } | TimestampLtz { .. }))
        | (moment @ (Date | Time { .. } | Timestamp { .. } | TimestampLtz { .. }), text)
            if text.is_text() =>
        {
            moment.clone()
        }
        (Binary(_) | Varbinary(_), Binary(_) | Varbinary(_)) => Varbinary(crate::types::data_type::UNBOUNDED),
        _ => return None,
    })
}

/// The number of digits of an exact number, and how many of them are after the point.
pub fn exact_digits(data_type: &DataType) -> (u8, u8) {
    match data_type {
        DataType::TinyInt => (3, 0),
        DataType::SmallInt => (5, 0),
        DataType::Int => (10, 0),
        DataType::Decimal { precision, scale } => (*precision, *scale),
        _ => (19, 0),
    }
}

fn wider_decimal(left: &DataType, right: &DataType) -> DataType {
    let ((left_precision, left_scale), (right_precision, right_scale)) = (exact_digits(left), exact_digits(right));
    let scale = left_scale.max(right_scale);
    let whole = (left_precision - left_scale).max(right_precision - right_scale);
    let precision = (whole + scale).min(38);
    // If there are too many digits, those before the point are kept first.
    DataType::Decimal { precision, scale: scale.min(38 - whole.min(38)) }
}

/// The type of CASE, COALESCE and similar expressions whose values have several types. If all values are NULL, there is
/// none.
pub fn merge(types: &[&DataType]) -> Option<DataType> {
    let mut known = types.iter().filter(|data_type| ***data_type != DataType::Null);
    let first = (*known.next()?).clone();
    known.try_fold(first, |merged, next| merge_two(&merged, next))
}

fn merge_two(left: &DataType, right: &DataType) -> Option<DataType> {
    use DataType::{Array, Binary, Char, Decimal, Double, Float, Map, Multiset, Row, Varbinary, Varchar};
    let inner = |left: &DataType, right: &DataType| merge(&[left, right]).map(Box::new);
    match (left, right) {
        (same, other) if same == other => Some(same.clone()),
        // The result has a varying length. With a fixed length the shorter values would be filled up.
        (Char(left) | Varchar(left), Char(right) | Varchar(right)) => Some(Varchar(*left.max(right))),
        (Binary(left) | Varbinary(left), Binary(right) | Varbinary(right)) => Some(Varbinary(*left.max(right))),
        (Float, Decimal { .. } | Double) | (Decimal { .. } | Double, Float) => Some(Double),
        (Float, other) | (other, Float) if other.is_integer() => Some(Float),
        (Array(left), Array(right)) => inner(left, right).map(Array),
        (Multiset(left), Multiset(right)) => inner(left, right).map(Multiset),
        (Map(left_key, left), Map(right_key, right)) => Some(Map(inner(left_key, right_key)?, inner(left, right)?)),
        (Row(left), Row(right)) if left.len() == right.len() => {
            let field = |(left, right): (&RowField, &RowField)| {
                let data_type = merge(&[&left.data_type, &right.data_type])?;
                Some(RowField { name: left.name.clone(), data_type })
            };
            left.iter().zip(right).map(field).collect::<Option<_>>().map(Row)
        }
        (left, right) if left.is_text() != right.is_text() => None,
        (DataType::Date, _) | (_, DataType::Date) => None,
        (left, right) => common_type(left, right),
    }
}

/// The result of [`merge`], or an error that names the types.
pub fn merged_type(types: &[&DataType]) -> Result<DataType, String> {
    merge(types).ok_or_else(|| no_common_type(types))
}

/// The operands, converted to their common type.
pub fn merged(operands: Vec<Expression>) -> Result<(Vec<Expression>, DataType), String> {
    let types: Vec<&DataType> = operands.iter().map(Expression::type_ref).collect();
    let data_type = merged_type(&types)?;
    Ok((operands.into_iter().map(|operand| widen(operand, &data_type)).collect(), data_type))
}

pub fn no_common_type(types: &[&DataType]) -> String {
    let mut shown: Vec<String> = types.iter().map(|data_type| data_type.to_string()).collect();
    shown.dedup();
    format!("{} have no type in common; CAST them to one", shown.join(" and "))
}

/// Gives a NULL without a type the type STRING.
pub fn typed_null(expression: Expression) -> Expression {
    match expression.type_ref() {
        DataType::Null => cast(expression, &DataType::STRING),
        _ => expression,
    }
}

/// Converts a value to a wider type. If all values of its type are also values of the wider one, no cast is added.
pub fn widen(expression: Expression, target: &DataType) -> Expression {
    match &expression {
        Expression::Literal(..) => cast(expression, target),
        _ if keeps_the_value(expression.type_ref(), target) => expression,
        _ => cast(expression, target),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(data_type: DataType) -> Expression {
        Expression::Column(0, data_type)
    }

    fn timestamp(precision: u8) -> DataType {
        DataType::Timestamp { precision }
    }

    #[test]
    fn a_value_that_stays_as_it_is_gets_no_cast() {
        for (from, to) in [
            (DataType::Varchar(10), DataType::Varchar(10)),
            (DataType::Varchar(10), DataType::STRING),
            (DataType::STRING, DataType::STRING),
            (DataType::Int, DataType::BigInt),
            (timestamp(3), timestamp(6)),
        ] {
            assert_eq!(
                assign(column(from.clone()), &to),
                ColumnConversion::Fits(column(from.clone())),
                "{from} to {to}"
            );
        }
    }

    #[test]
    fn a_conversion_that_flink_does_by_itself_becomes_a_cast() {
        for (from, to) in [
            (DataType::STRING, DataType::Varchar(10)),
            (timestamp(6), timestamp(3)),
            (timestamp(6), DataType::TimestampLtz { precision: 3 }),
            (DataType::Int, DataType::Double),
            (DataType::Float, DataType::Double),
            (DataType::BigInt, DataType::Decimal { precision: 20, scale: 0 }),
        ] {
            let expected = Expression::Cast(Box::new(column(from.clone())), to.clone());
            assert_eq!(assign(column(from.clone()), &to), ColumnConversion::Fits(expected), "{from} to {to}");
        }
    }

    #[test]
    fn a_conversion_that_may_lose_something_needs_a_cast() {
        for (from, to) in [
            (DataType::Int, DataType::STRING),
            (DataType::STRING, DataType::Int),
            (DataType::BigInt, DataType::Int),
            (DataType::Double, DataType::Float),
            (DataType::Double, DataType::Int),
            (timestamp(6), DataType::STRING),
        ] {
            assert_eq!(assign(column(from.clone()), &to), ColumnConversion::NeedsCast, "{from} to {to}");
        }
    }

    #[test]
    fn a_conversion_that_no_cast_can_make_is_impossible() {
        let array = DataType::Array(Box::new(DataType::Float));
        assert_eq!(assign(column(DataType::STRING), &array), ColumnConversion::Impossible);
        assert_eq!(assign(column(DataType::Int), &DataType::Date), ColumnConversion::Impossible);
    }

    #[test]
    fn a_null_fits_everywhere() {
        let null = Expression::Literal(Literal::Null, DataType::Null);
        let expected = Expression::Literal(Literal::Null, DataType::Date);
        assert_eq!(assign(null, &DataType::Date), ColumnConversion::Fits(expected));
    }

    #[test]
    fn numbers_are_compared_in_the_wider_type() {
        let decimal = DataType::Decimal { precision: 10, scale: 2 };
        assert_eq!(common_type(&DataType::Int, &DataType::BigInt), Some(DataType::BigInt));
        assert_eq!(common_type(&DataType::Float, &DataType::Int), Some(DataType::Double));
        assert_eq!(common_type(&DataType::Int, &decimal), Some(DataType::Decimal { precision: 12, scale: 2 }));
        assert_eq!(common_type(&DataType::Int, &DataType::STRING), None);
    }
}
