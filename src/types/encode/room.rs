//! The largest number of bytes that an encoded value can have, so that its memory can be reserved before it is encoded. If
//! there is no memory, that is an error, and not the end of the process.

use crate::types::target::ColumnKind;
use crate::types::value::Value;

/// For the length, the header, and small values.
const FRAME: usize = 64;

/// The most bytes of a field in a binary row.
pub(super) fn binary(kind: &ColumnKind, value: &Value<'_>) -> usize {
    use ColumnKind as Kind;
    FRAME
        + match (kind, value) {
            (
                Kind::Text | Kind::Varchar(_) | Kind::Char(_) | Kind::Json | Kind::Jsonb | Kind::Bytea,
                Value::Text(text),
            ) => text.len(),
            (Kind::Bytea, Value::Bytes(bytes)) => bytes.len(),
            (Kind::Vector, Value::Vector(elements)) => 4 * elements.len(),
            (Kind::HalfVec, Value::Vector(elements)) => 2 * elements.len(),
            (Kind::SparseVec, Value::Vector(elements)) => 8 * elements.len(),
            (Kind::Float4Array, Value::Vector(elements)) => 8 * elements.len(),
            (Kind::Float8Array, Value::Vector(elements)) => 12 * elements.len(),
            // A number and the comma after it.
            (Kind::Vector | Kind::HalfVec, Value::Text(text)) => 2 * text.len(),
            _ => other(value),
        }
}

/// The most bytes of a column in a text row, with escapes.
pub(super) fn text(value: &Value<'_>) -> usize {
    match value {
        Value::Text(text) => FRAME + 4 * text.len(),
        value => FRAME + 2 * other(value),
    }
}

/// The most bytes in any form. In an array each element has its length before it. In text a number becomes digits.
fn other(value: &Value<'_>) -> usize {
    const NUMBER: usize = 32;
    match value {
        Value::Text(text) => 8 * text.len(),
        Value::Bytes(bytes) => 2 * bytes.len() + NUMBER,
        Value::Vector(elements) => NUMBER * elements.len(),
        Value::Array(values) | Value::Row(values) => values.iter().map(|value| NUMBER + other(value)).sum(),
        Value::Map(entries) => entries.iter().map(|(key, value)| 2 * NUMBER + other(key) + other(value)).sum(),
        _ => NUMBER,
    }
}
