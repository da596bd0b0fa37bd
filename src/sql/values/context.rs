//! The row over which an expression is evaluated, and the errors of the evaluation.

use std::cell::Cell;
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use bumpalo::Bump;

use super::print;
use crate::excerpt::Excerpt;
use crate::types::data_type::DataType;
use crate::types::time_zone::TimeZone;
use crate::types::value::Value;

/// A row, its metadata, the time zone, and memory for values.
pub struct EvaluationContext<'a> {
    pub row: &'a [Value<'a>],
    /// The metadata. In expressions its indexes come after those of the row's values.
    pub metadata: &'a [Value<'a>],
    pub arena: &'a Bump,
    pub zone: &'a TimeZone,
    now: Cell<Option<(i64, u32)>>,
}

impl<'a> EvaluationContext<'a> {
    pub fn new(row: &'a [Value<'a>], metadata: &'a [Value<'a>], arena: &'a Bump, zone: &'a TimeZone) -> Self {
        EvaluationContext { row, metadata, arena, zone, now: Cell::new(None) }
    }

    /// A column of the row or of the metadata.
    pub fn column(&self, index: usize) -> Value<'a> {
        let found = self.row.get(index).or_else(|| self.metadata.get(index.wrapping_sub(self.row.len())));
        found.copied().unwrap_or(Value::Null)
    }

    /// The current time in seconds and nanoseconds since 1970. It is the same for the whole row.
    pub fn now(&self) -> (i64, u32) {
        if let Some(now) = self.now.get() {
            return now;
        }
        let passed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = (passed.as_secs() as i64, passed.subsec_nanos());
        self.now.set(Some(now));
        now
    }
}

/// The value of an expression, or the reason why it has none.
pub type Evaluated<'a, T = Value<'a>> = Result<T, EvaluationError<'a>>;

/// The reason why an expression has no value.
#[derive(Debug)]
pub enum EvaluationError<'a> {
    /// A value that can't be CAST to the type.
    Unfit {
        found: Value<'a>,
        from: &'a DataType,
        to: &'a DataType,
        zone: &'a TimeZone,
    },
    /// The expression needs a column that the update doesn't carry.
    Unchanged,
    DivisionByZero,
    /// A function refuses an operand. The text says why.
    Refused(&'static str),
}

impl fmt::Display for EvaluationError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EvaluationError::Unfit { found, from, to, zone } => {
                match found {
                    Value::Text(text) => write!(f, "found {}", Excerpt(text.as_bytes()))?,
                    Value::Bytes(bytes) => write!(f, "found {}", Excerpt(bytes))?,
                    value => {
                        f.write_str("found ")?;
                        print::write(*value, from, zone, f)?;
                    }
                }
                write!(f, " where CAST({from} AS {to}) expected ")?;
                expected(to, f)
            }
            EvaluationError::Unchanged => f.write_str(
                "the update doesn't carry a column that this is computed from; only the column itself can stay as it is",
            ),
            EvaluationError::DivisionByZero => f.write_str("division by zero"),
            EvaluationError::Refused(reason) => f.write_str(reason),
        }
    }
}

/// Writes the form of the values that CAST expects.
fn expected(to: &DataType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match to {
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
