//! One value of a row, as a source format decodes it.

/// A decimal number of at most 38 digits: `unscaled / 10^scale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    pub unscaled: i128,
    pub scale: u8,
}

/// A value of one column. Copy, 24 bytes; text, bytes and arrays borrow the message or the record's arena.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    Null,
    Bool(bool),
    /// TINYINT, SMALLINT, INT and BIGINT.
    Int(i64),
    Float(f32),
    Double(f64),
    Decimal(&'a Decimal),
    Text(&'a str),
    Bytes(&'a [u8]),
    /// Days since 1970-01-01.
    Date(i32),
    /// Nanoseconds since midnight.
    Time(i64),
    /// Wall clock without zone: seconds since 1970-01-01 00:00:00, and nanoseconds (0 to 999,999,999).
    Timestamp {
        seconds: i64,
        nanos: u32,
    },
    /// An instant: seconds since the epoch in UTC, and nanoseconds.
    Instant {
        seconds: i64,
        nanos: u32,
    },
    Array(&'a [Value<'a>]),
    /// The fields of a ROW, in the order of its type.
    Row(&'a [Value<'a>]),
    /// The entries of a MAP, key and value, in the order of the message.
    Map(&'a [(Value<'a>, Value<'a>)]),
    /// A column that an update doesn't carry: it keeps what it holds. Never inside another value.
    Unchanged,
}

impl Value<'_> {
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }
}
