//! Strings, and the length limits of varchar(n) and char(n).

use super::refusal::{EncodeError, excerpt, sqlstate};
use super::{json, print};
use crate::types::data_type::DataType;
use crate::types::interval::{DayTime, YearMonth};
use crate::types::value::Value;

/// Appends a value's text, with the checks of the server's input functions. What has parts is JSON, an interval is as Flink's
/// CAST prints it.
pub(super) fn write(
    value: &Value<'_>,
    source: &DataType,
    limit: Option<u32>,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let start = out.len();
    match value {
        Value::Text(text) => {
            check_nul(text)?;
            out.extend_from_slice(text.as_bytes());
        }
        Value::Array(_) | Value::Vector(_) | Value::Row(_) | Value::Map(_) => json::write(value, source, out)?,
        Value::Months(months) => print::display(YearMonth(*months), out),
        Value::Millis(millis) => print::display(DayTime(*millis), out),
        value => print::scalar(value, out),
    }
    match limit {
        Some(limit) if out.len() - start > limit as usize => cut(out, start, limit as usize),
        _ => Ok(()),
    }
}

pub(super) fn check_nul(text: &str) -> Result<(), EncodeError> {
    match memchr::memchr(0, text.as_bytes()) {
        None => Ok(()),
        Some(at) => Err(EncodeError::reject(
            sqlstate::NUL_BYTE,
            format!(
                "the text has a NUL character at byte {at}, which PostgreSQL can't store; 'replacenullchar' = 'true' removes it"
            ),
        )),
    }
}

/// Cuts what is over `limit` characters if it is only blanks, as the server does.
fn cut(out: &mut Vec<u8>, start: usize, limit: usize) -> Result<(), EncodeError> {
    let text = &out[start..];
    let starts_character = |byte: &u8| byte & 0xC0 != 0x80;
    let characters = text.iter().filter(|byte| starts_character(byte)).count();
    if characters <= limit {
        return Ok(());
    }
    let ends = text.iter().enumerate().filter(|(_, byte)| starts_character(byte)).nth(limit);
    let end = ends.map_or(text.len(), |(at, _)| at);
    if text[end..].iter().any(|&byte| byte != b' ') {
        let reason = format!(
            "{} has {characters} characters, the column takes {limit}",
            excerpt(&String::from_utf8_lossy(text))
        );
        return Err(EncodeError::reject(sqlstate::STRING_TOO_LONG, reason));
    }
    out.truncate(start + end);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str, limit: Option<u32>) -> Result<String, EncodeError> {
        let mut out = b"before".to_vec();
        write(&Value::Text(text), &DataType::STRING, limit, &mut out)
            .map(|()| String::from_utf8(out).unwrap().split_off(6))
    }

    #[test]
    fn length_counts_characters_not_bytes() {
        assert_eq!(written("größe", Some(5)).unwrap(), "größe");
        assert!(matches!(written("größen", Some(5)), Err(EncodeError::Reject { sqlstate: "22001", .. })));
    }

    #[test]
    fn blanks_beyond_the_limit_are_cut() {
        assert_eq!(written("rot   ", Some(4)).unwrap(), "rot ");
        assert_eq!(written("rot   ", None).unwrap(), "rot   ");
    }

    #[test]
    fn a_nul_character_is_refused() {
        assert!(matches!(written("a\0b", None), Err(EncodeError::Reject { sqlstate: "22021", .. })));
    }
}
