//! The most bytes that a large value comes to, so that its memory can be asked for before it is written. Where there is
//! none that is an error then, and not the end of the process.

use crate::types::target::ColumnKind;
use crate::types::value::Value;

/// Length, header and what small values need.
const FRAME: usize = 64;

/// Of a field of a binary row.
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

/// Of a column of a text row, escaped.
pub(super) fn text(value: &Value<'_>) -> usize {
    match value {
        Value::Text(text) => FRAME + 4 * text.len(),
        value => FRAME + 2 * other(value),
    }
}

/// In any form: an element of an array has its length before it, a number becomes its digits.
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
