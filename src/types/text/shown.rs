//! Values in messages.

use super::scalar;
use crate::types::refusal::excerpt;
use crate::types::value::Value;

/// The text of a value for a message. Long texts are shortened, also those of floats with 300 digits.
pub fn shown(value: &Value<'_>) -> String {
    let mut printed = Vec::new();
    scalar::scalar(value, &mut printed);
    let text = String::from_utf8_lossy(&printed);
    match value {
        Value::Text(_) => excerpt(&text),
        _ => text.into_owned(),
    }
}
