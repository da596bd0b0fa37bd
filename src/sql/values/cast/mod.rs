//! Flink 1.20's CAST between all types.

mod length;
mod nested;
mod numeric;
pub(crate) mod parse;
pub(crate) mod temporal;

use super::context::{EvaluationContext, EvaluationError};
use super::print;
use crate::types::data_type::DataType;
use crate::types::value::Value;

/// Whether a cast between the types changes no value.
pub(crate) fn changes_nothing(from: &DataType, to: &DataType) -> bool {
    let bits = |data_type: &DataType| match data_type {
        DataType::TinyInt => Some(8),
        DataType::SmallInt => Some(16),
        DataType::Int => Some(32),
        DataType::BigInt => Some(64),
        _ => None,
    };
    let widens = || bits(from).zip(bits(to)).is_some_and(|(from, to)| from <= to);
    from == to || (from.is_text() && *to == DataType::STRING) || widens()
}

#[inline(never)]
pub(crate) fn cast<'a>(
    value: Value<'a>,
    from: &'a DataType,
    to: &'a DataType,
    context: &EvaluationContext<'a>,
) -> Result<Value<'a>, EvaluationError<'a>> {
    if value.is_null() || changes_nothing(from, to) {
        return Ok(value);
    }
    let EvaluationContext { arena, zone, .. } = *context;
    let converted = match (to, value) {
        // A value that the update doesn't carry needs no conversion. It was converted when it was written.
        (_, Value::Unchanged) => Some(value),
        (DataType::Boolean, value) => numeric::boolean(value).map(Value::Bool),
        (DataType::TinyInt, value) => numeric::integer(value, 8),
        (DataType::SmallInt, value) => numeric::integer(value, 16),
        (DataType::Int, value) => numeric::integer(value, 32),
        (DataType::BigInt, value) => numeric::integer(value, 64),
        (DataType::Float, value) => numeric::float(value).map(Value::Float),
        (DataType::Double, value) => numeric::double(value).map(Value::Double),
        (DataType::Decimal { precision, scale }, value) => numeric::decimal(value, *precision, *scale, arena),
        (DataType::Char(length), value) => {
            print::text(value, from, zone, arena).map(|text| length::pad(text, *length, arena))
        }
        (DataType::Varchar(length), value) => {
            print::text(value, from, zone, arena).map(|text| length::cut(text, *length))
        }
        (DataType::Binary(length), value) => bytes(value).map(|bytes| length::pad_bytes(bytes, *length, arena)),
        (DataType::Varbinary(length), value) => bytes(value).map(|bytes| length::cut_bytes(bytes, *length)),
        (DataType::Date, value) => temporal::date(value, zone).map(Value::Date),
        (DataType::Time { precision }, value) => temporal::time(value, *precision, zone).map(Value::Time),
        (DataType::Timestamp { precision }, value) => {
            temporal::local(value, *precision, zone).map(|(seconds, nanos)| Value::Timestamp { seconds, nanos })
        }
        (DataType::TimestampLtz { precision }, value) => {
            temporal::instant(value, *precision, zone).map(|(seconds, nanos)| Value::Instant { seconds, nanos })
        }
        (DataType::IntervalYearMonth, Value::Int(months)) => i32::try_from(months).ok().map(Value::Months),
        (DataType::IntervalDayTime, Value::Int(millis)) => Some(Value::Millis(millis)),
        (DataType::IntervalYearMonth | DataType::IntervalDayTime, _) => None,
        (DataType::Array(_) | DataType::Row(_) | DataType::Map(..) | DataType::Multiset(_), value) => {
            nested::cast(value, from, to, context)?
        }
        (DataType::Null, _) => None,
    };
    converted.ok_or(EvaluationError::Unfit { found: value, from, to, zone })
}

fn bytes(value: Value<'_>) -> Option<&[u8]> {
    match value {
        Value::Text(text) => Some(text.as_bytes()),
        Value::Bytes(bytes) => Some(bytes),
        _ => None,
    }
}
