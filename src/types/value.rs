//! One value of a row, as a source format decodes it.

use half::f16;

/// A decimal number of at most 38 digits: `unscaled / 10^scale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    /// The digits, as an integer.
    pub unscaled: i128,
    /// How many of the digits are after the point.
    pub scale: u8,
}

/// A value of one column. The type is `Copy` and has 24 bytes. Text, bytes and arrays borrow from the message or from the
/// record's arena.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// NULL.
    Null,
    /// A truth value.
    Bool(bool),
    /// TINYINT, SMALLINT, INT and BIGINT.
    Int(i64),
    /// A float of 4 bytes.
    Float(f32),
    /// A float of 8 bytes.
    Double(f64),
    /// An exact number.
    Decimal(&'a Decimal),
    /// A text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// Days since 1970-01-01.
    Date(i32),
    /// Nanoseconds since midnight.
    Time(i64),
    /// Wall clock without zone: seconds since 1970-01-01 00:00:00, and nanoseconds (0 to 999,999,999).
    Timestamp {
        /// Seconds since 1970, in the local time of the value.
        seconds: i64,
        /// Billionths of the second.
        nanos: u32,
    },
    /// An instant: seconds since the epoch in UTC, and nanoseconds.
    Instant {
        /// Seconds since 1970, in UTC.
        seconds: i64,
        /// Billionths of the second.
        nanos: u32,
    },
    /// INTERVAL YEAR TO MONTH.
    Months(i32),
    /// INTERVAL DAY TO SECOND.
    Millis(i64),
    /// An array; its elements may be NULL.
    Array(&'a [Value<'a>]),
    /// An array of floats as numbers in memory: pushed by a program, or decoded from a message.
    Vector(Vector<'a>),
    /// The fields of a ROW, in the order of its type.
    Row(&'a [Value<'a>]),
    /// The entries of a MAP (key and value) or of a MULTISET (element and number), in the order of the message.
    Map(&'a [(Value<'a>, Value<'a>)]),
    /// The value of a column that an update doesn't carry: the column keeps the value that it has. It is never inside
    /// another value.
    Unchanged,
}

/// The elements of a vector, one after another in memory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Vector<'a> {
    /// IEEE half precision, as its 16 bits.
    Half(&'a [u16]),
    /// Elements of 4 bytes.
    Float(&'a [f32]),
    /// Elements of 8 bytes.
    Double(&'a [f64]),
}

impl Vector<'_> {
    /// How many elements there are.
    pub fn len(&self) -> usize {
        match self {
            Vector::Half(elements) => elements.len(),
            Vector::Float(elements) => elements.len(),
            Vector::Double(elements) => elements.len(),
        }
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The element at an index below [`Vector::len`], as a float that prints like it.
    pub fn element(&self, index: usize) -> Value<'static> {
        match self {
            Vector::Half(elements) => Value::Float(f16::from_bits(elements[index]).to_f32()),
            Vector::Float(elements) => Value::Float(elements[index]),
            Vector::Double(elements) => Value::Double(elements[index]),
        }
    }
}

impl Value<'_> {
    /// Whether the value is NULL.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// About how many bytes the value takes in a row.
    pub fn bytes(&self) -> usize {
        const SCALAR: usize = 12;
        match self {
            Value::Text(text) => SCALAR + text.len(),
            Value::Bytes(bytes) => SCALAR + bytes.len(),
            Value::Vector(Vector::Half(elements)) => SCALAR + size_of_val(*elements),
            Value::Vector(Vector::Float(elements)) => SCALAR + size_of_val(*elements),
            Value::Vector(Vector::Double(elements)) => SCALAR + size_of_val(*elements),
            Value::Array(values) | Value::Row(values) => SCALAR + values.iter().map(Value::bytes).sum::<usize>(),
            Value::Map(entries) => {
                SCALAR + entries.iter().map(|(key, value)| key.bytes() + value.bytes()).sum::<usize>()
            }
            Value::Null
            | Value::Unchanged
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Double(_)
            | Value::Decimal(_)
            | Value::Date(_)
            | Value::Time(_)
            | Value::Timestamp { .. }
            | Value::Instant { .. }
            | Value::Months(_)
            | Value::Millis(_) => SCALAR,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_stays_small() {
        assert_eq!(size_of::<Value<'_>>(), 24);
    }
}
