//! Values as PostgreSQL prints them. Its input functions read this text form.

use super::json;
use super::scalar::scalar;
use crate::types::data_type::DataType;
use crate::types::refusal::EncodeError;
use crate::types::value::Value;

/// Appends the text form of a value of `data_type`. NULL is written as `NULL`, arrays in braces, rows in parentheses, a map
/// as JSON.
pub fn print(value: &Value<'_>, data_type: &DataType, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    match *value {
        Value::Array(elements) => {
            let element_type = if let DataType::Array(element) = data_type { element } else { data_type };
            out.push(b'{');
            for (at, element) in elements.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                part(
                    element,
                    element_type,
                    element.is_null() || matches!(element, Value::Array(_) | Value::Vector(_)),
                    out,
                )?;
            }
            out.push(b'}');
        }
        Value::Vector(elements) => {
            out.push(b'{');
            for at in 0..elements.len() {
                if at > 0 {
                    out.push(b',');
                }
                scalar(&elements.element(at), out);
            }
            out.push(b'}');
        }
        Value::Row(fields) => {
            let types: &[_] = if let DataType::Row(types) = data_type { types } else { &[] };
            out.push(b'(');
            for (at, field) in fields.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                // A NULL field of a row is an empty text.
                if !field.is_null() {
                    part(field, types.get(at).map_or(&DataType::Null, |field| &field.data_type), false, out)?;
                }
            }
            out.push(b')');
        }
        Value::Map(_) => json::write(value, data_type, out)?,
        _ => scalar(value, out),
    }
    Ok(())
}

/// Appends a part of an array or a row. It is in quotes, unless it is bare or can't be mistaken for anything else.
fn part(value: &Value<'_>, data_type: &DataType, bare: bool, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let start = out.len();
    print(value, data_type, out)?;
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-' | b':');
    if !bare && (matches!(value, Value::Text(_)) || !out[start..].iter().all(plain)) {
        quote(out, start);
    }
    Ok(())
}

/// Puts the text from `start` on into quotes, and a backslash before each quote and backslash in it.
pub fn quote(out: &mut Vec<u8>, start: usize) {
    let special = |byte: u8| matches!(byte, b'"' | b'\\');
    let mut from = out.len();
    let count = out[start..].iter().filter(|&&byte| special(byte)).count();
    out.resize(from + count + 2, b'"');
    // The bytes are moved from the end, so that no byte is overwritten before it was read.
    let mut to = out.len() - 1;
    while from > start {
        from -= 1;
        to -= 1;
        out[to] = out[from];
        if special(out[from]) {
            to -= 1;
            out[to] = b'\\';
        }
    }
    out[start] = b'"';
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(value: Value<'_>) -> String {
        let mut out = b"before ".to_vec();
        print(&value, &DataType::Null, &mut out).unwrap();
        String::from_utf8(out).unwrap().split_off(7)
    }

    #[test]
    fn a_row_is_written_as_a_composite() {
        let inner = [Value::Int(1), Value::Text("")];
        let fields = [Value::Text("a, \"b\""), Value::Null, Value::Double(-0.5), Value::Row(&inner), Value::Bool(true)];
        assert_eq!(printed(Value::Row(&fields)), r#"("a, \"b\"",,-0.5,"(1,\"\")",true)"#);
        let timestamp = [Value::Timestamp { seconds: 0, nanos: 0 }, Value::Array(&[Value::Int(1), Value::Int(2)])];
        assert_eq!(printed(Value::Row(&timestamp)), r#"("1970-01-01 00:00:00","{1,2}")"#);
    }

    #[test]
    fn text_in_arrays_is_quoted() {
        let elements = [Value::Text("a\"b"), Value::Null, Value::Int(1), Value::Bytes(b"\x01")];
        assert_eq!(printed(Value::Array(&elements)), r#"{"a\"b",NULL,1,"\\x01"}"#);
    }

    #[test]
    fn intervals_in_an_array_are_quoted_where_they_have_blanks() {
        assert_eq!(
            printed(Value::Array(&[Value::Millis(1), Value::Null, Value::Months(24)])),
            r#"{00:00:00.001,NULL,"2 years"}"#
        );
    }
}
