//! Digests and base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bumpalo::Bump;
use sha2::Digest;

use super::Called;
use crate::sql::values::context::EvaluationError;
use crate::types::value::Value;

pub(super) fn md5<'a>(text: &str, arena: &'a Bump) -> Value<'a> {
    hexadecimal(&md5::Md5::digest(text.as_bytes()), arena)
}

pub(super) fn sha256<'a>(text: &str, arena: &'a Bump) -> Value<'a> {
    hexadecimal(&sha2::Sha256::digest(text.as_bytes()), arena)
}

fn hexadecimal<'a>(bytes: &[u8], arena: &'a Bump) -> Value<'a> {
    let digit = |half: u8| char::from(if half < 10 { b'0' + half } else { b'a' + half - 10 });
    let digits = bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    super::text::collect(bytes.len() * 2, digits, arena)
}

pub(super) fn to_base64<'a>(bytes: &[u8], arena: &'a Bump) -> Value<'a> {
    let encoded = arena.alloc_slice_fill_copy(bytes.len().div_ceil(3) * 4, 0);
    let length = STANDARD.encode_slice(bytes, encoded).unwrap_or_default();
    std::str::from_utf8(&encoded[..length]).map_or(Value::Null, Value::Text)
}

pub(super) fn from_base64<'a>(text: &str, arena: &'a Bump) -> Called<'a> {
    let decoded = arena.alloc_slice_fill_copy(base64::decoded_len_estimate(text.len()), 0);
    let length =
        STANDARD.decode_slice(text, decoded).map_err(|_| EvaluationError::Refused("FROM_BASE64 found no base64"))?;
    let text = std::str::from_utf8(&decoded[..length]);
    text.map(Value::Text).map_err(|_| EvaluationError::Refused("FROM_BASE64 found bytes that are no UTF-8 text"))
}
