//! The largest number of bytes that a value can have in a row, so that the memory can be reserved before the value is
//! encoded. If the memory can't be had, that is an error, and the process goes on.

use crate::types::value::Value;

/// Bytes for the length, the header, and small values.
pub const FRAME: usize = 64;

/// The most bytes that a value can have in a text row, with escapes.
pub fn in_text_row(value: &Value<'_>) -> usize {
    match value {
        Value::Text(text) => FRAME + 4 * text.len(),
        value => FRAME + 2 * any(value),
    }
}

/// The most bytes that a value can have in a column that stores texts as they are.
pub fn as_they_are(value: &Value<'_>) -> usize {
    match value {
        Value::Text(text) => text.len(),
        value => any(value),
    }
}

/// The most bytes that a value can have in any form. In an array each element has its length before it. In text a number
/// becomes digits.
pub fn any(value: &Value<'_>) -> usize {
    const NUMBER: usize = 32;
    match value {
        Value::Text(text) => 8 * text.len(),
        Value::Bytes(bytes) => 2 * bytes.len() + NUMBER,
        Value::Vector(elements) => NUMBER * elements.len(),
        Value::Array(values) | Value::Row(values) => values.iter().map(|value| NUMBER + any(value)).sum(),
        Value::Map(entries) => entries.iter().map(|(key, value)| 2 * NUMBER + any(key) + any(value)).sum(),
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
        | Value::Millis(_) => NUMBER,
    }
}
