//! TO_BASE64 and FROM_BASE64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bumpalo::Bump;

use crate::sql::functions::definition::*;
use crate::types::data_type::UNBOUNDED;

pub const TO_BASE64: Function = Function {
    name: "TO_BASE64",
    parameters: Parameters::of(&[Any]),
    form: "TO_BASE64(text or bytes)",
    meaning: "The text or bytes in base64.",
    plan: |operands| match first_type(&operands) {
        DataType::Char(_) | DataType::Varchar(_) | DataType::Binary(_) | DataType::Varbinary(_) => {
            Ok(Expression::call(ToBase64, operands, DataType::Varchar(UNBOUNDED)))
        }
        _ => Err("takes a text or bytes".into()),
    },
};

pub const FROM_BASE64: Function = Function {
    name: "FROM_BASE64",
    parameters: Parameters::of(&[Text]),
    form: "FROM_BASE64(text)",
    meaning: "The text that base64 stands for.",
    plan: |operands| Ok(Expression::call(FromBase64, operands, DataType::STRING)),
};

#[derive(Debug, PartialEq)]
struct ToBase64;

impl Evaluate for ToBase64 {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        match operands.values {
            [Value::Text(text)] => Ok(to_base64(text.as_bytes(), operands.arena())),
            [Value::Bytes(bytes)] => Ok(to_base64(bytes, operands.arena())),
            _ => operands.unexpected(),
        }
    }
}

fn to_base64<'a>(bytes: &[u8], arena: &'a Bump) -> Value<'a> {
    let encoded = arena.alloc_slice_fill_copy(bytes.len().div_ceil(3) * 4, 0);
    let length = STANDARD.encode_slice(bytes, encoded).unwrap_or_default();
    std::str::from_utf8(&encoded[..length]).map_or(Value::Null, Value::Text)
}

#[derive(Debug, PartialEq)]
struct FromBase64;

impl Evaluate for FromBase64 {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        match operands.values {
            [Value::Text(text)] => from_base64(text, operands.arena()),
            _ => operands.unexpected(),
        }
    }
}

fn from_base64<'a>(text: &str, arena: &'a Bump) -> Evaluated<'a> {
    let decoded = arena.alloc_slice_fill_copy(base64::decoded_len_estimate(text.len()), 0);
    let length = STANDARD
        .decode_slice(text, decoded)
        .map_err(|_| EvaluationError::Refused("FROM_BASE64: the text is not base64"))?;
    let text = std::str::from_utf8(&decoded[..length]);
    text.map(Value::Text).map_err(|_| EvaluationError::Refused("FROM_BASE64: the bytes are not UTF-8"))
}
