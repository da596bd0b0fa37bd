//! Flink 1.20's CAST between all scalar types, and between arrays of them.

mod length;
mod numeric;
mod parse;
mod print;
mod temporal;

use std::fmt;

use bumpalo::Bump;

use crate::data_type::DataType;
use crate::decode::excerpt::Excerpt;
use crate::value::Value;

/// A value that can't be what CAST makes it.
#[derive(Debug)]
pub(super) struct Unfit<'a> {
    found: Value<'a>,
    from: &'a DataType,
    to: &'a DataType,
}

impl fmt::Display for Unfit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.found {
            Value::Text(text) => write!(f, "found {}", Excerpt(text.as_bytes()))?,
            Value::Bytes(bytes) => write!(f, "found {}", Excerpt(bytes))?,
            value => {
                f.write_str("found ")?;
                print::write(value, self.from, f)?;
            }
        }
        write!(f, " where CAST({} AS {}) expected ", self.from, self.to)?;
        match self.to {
            DataType::Boolean => f.write_str("true, false, yes, no, t, f, y, n, 1 or 0"),
            DataType::TinyInt => write!(f, "a number from {} to {}", i8::MIN, i8::MAX),
            DataType::SmallInt => write!(f, "a number from {} to {}", i16::MIN, i16::MAX),
            DataType::Int => write!(f, "a number from {} to {}", i32::MIN, i32::MAX),
            DataType::BigInt => write!(f, "a number from {} to {}", i64::MIN, i64::MAX),
            DataType::Float | DataType::Double => f.write_str("a number such as 0.5, 1e-3, NaN or -Infinity"),
            DataType::Decimal { precision, scale } => {
                write!(f, "a number with at most {} digits before the point", precision.saturating_sub(*scale))
            }
            DataType::Char(_) | DataType::Varchar(_) => f.write_str("valid UTF-8"),
            DataType::Date => f.write_str("a date such as 2024-03-01"),
            DataType::Time { .. } => f.write_str("a time such as 08:30:00"),
            DataType::Timestamp { .. } | DataType::TimestampLtz { .. } => {
                f.write_str("a timestamp such as 2024-03-01 08:30:00")
            }
            other => write!(f, "a value that can become {other}"),
        }
    }
}

/// Whether a cast between the types gives every value as it is.
pub(super) fn changes_nothing(from: &DataType, to: &DataType) -> bool {
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

pub(super) fn cast<'a>(
    value: Value<'a>,
    from: &'a DataType,
    to: &'a DataType,
    arena: &'a Bump,
) -> Result<Value<'a>, Unfit<'a>> {
    if value.is_null() || changes_nothing(from, to) {
        return Ok(value);
    }
    if let (Value::Array(elements), DataType::Array(from), DataType::Array(to)) = (value, from, to) {
        let converted = arena.alloc_slice_copy(elements);
        for element in converted.iter_mut() {
            *element = cast(*element, from, to, arena)?;
        }
        return Ok(Value::Array(converted));
    }
    let converted = match to {
        DataType::Boolean => numeric::boolean(value).map(Value::Bool),
        DataType::TinyInt => numeric::integer(value, 8),
        DataType::SmallInt => numeric::integer(value, 16),
        DataType::Int => numeric::integer(value, 32),
        DataType::BigInt => numeric::integer(value, 64),
        DataType::Float => numeric::float(value).map(Value::Float),
        DataType::Double => numeric::double(value).map(Value::Double),
        DataType::Decimal { precision, scale } => numeric::decimal(value, *precision, *scale, arena),
        DataType::Char(length) => print::text(value, from, arena).map(|text| length::pad(text, *length, arena)),
        DataType::Varchar(length) => print::text(value, from, arena).map(|text| length::cut(text, *length)),
        DataType::Binary(length) => bytes(value).map(|bytes| length::pad_bytes(bytes, *length, arena)),
        DataType::Varbinary(length) => bytes(value).map(|bytes| length::cut_bytes(bytes, *length)),
        DataType::Date => temporal::date(value).map(Value::Date),
        DataType::Time { precision } => temporal::time(value, *precision).map(Value::Time),
        DataType::Timestamp { precision } => {
            temporal::local(value, *precision).map(|(seconds, nanos)| Value::Timestamp { seconds, nanos })
        }
        DataType::TimestampLtz { precision } => {
            temporal::instant(value, *precision).map(|(seconds, nanos)| Value::Instant { seconds, nanos })
        }
        DataType::Array(_) | DataType::Row(_) | DataType::Map(..) | DataType::Null => None,
    };
    converted.ok_or(Unfit { found: value, from, to })
}

fn bytes(value: Value<'_>) -> Option<&[u8]> {
    match value {
        Value::Text(text) => Some(text.as_bytes()),
        Value::Bytes(bytes) => Some(bytes),
        _ => None,
    }
}
