//! text, character varying and character.

use super::facets::*;
use super::field::counted;
use crate::types::interval::{DayTime, YearMonth};
use crate::types::refusal::{excerpt, sqlstate};
use crate::types::text::{json, scalar};

pub(super) const TEXT: Facets<()> = Facets {
    catalog: CatalogName::BuiltIn { name: "text", oid: 25 },
    modifier: |_| Some(()),
    natural_source: |_| DataType::STRING,
    fit: |_, _, _| Fit::Binary,
    takes: |_| TAKES_STRING,
    encode: |_, context, value, out| counted(out, |out| write(value, context.source, None, out)),
    most_bytes: room::as_they_are,
    print: print_as_is,
    key: Key { images: KeyImages::Equal, family: Some("text") },
    key_image: |_, source, value, out| write(value, source, None, out),
    is_bare_element: false,
    brackets: None,
    vector: None,
};

/// The modifier is the length in characters.
pub(super) const VARCHAR: Facets<Option<u32>> = Facets {
    catalog: CatalogName::BuiltIn { name: "varchar", oid: 1043 },
    modifier: |of| Some(of.modifier_from_4()),
    natural_source: |_| DataType::STRING,
    fit: |_, _, _| Fit::Binary,
    takes: |_| TAKES_STRING,
    encode: |length, context, value, out| counted(out, |out| write(value, context.source, *length, out)),
    most_bytes: room::as_they_are,
    print: print_as_is,
    key: Key { images: KeyImages::Equal, family: Some("text") },
    key_image: |length, source, value, out| write(value, source, *length, out),
    is_bare_element: false,
    brackets: None,
    vector: None,
};

/// The modifier is the length in characters.
pub(super) const CHAR: Facets<u32> = Facets {
    catalog: CatalogName::BuiltIn { name: "bpchar", oid: 1042 },
    modifier: |of| of.modifier_from_4(),
    natural_source: |_| DataType::STRING,
    fit: |_, _, _| Fit::Binary,
    takes: |_| TAKES_STRING,
    encode: |length, context, value, out| counted(out, |out| write(value, context.source, Some(*length), out)),
    most_bytes: room::as_they_are,
    print: print_as_is,
    key: Key { images: KeyImages::Equal, family: None },
    key_image: |length, source, value, out| {
        let start = out.len();
        write(value, source, Some(*length), out)?;
        // The server compares without the blanks at the end.
        let blanks = out[start..].iter().rev().take_while(|&&byte| byte == b' ').count();
        out.truncate(out.len() - blanks);
        Ok(())
    },
    is_bare_element: false,
    brackets: None,
    vector: None,
};

/// Appends a value's text, after the checks that the server's input functions make. A value with parts is written as JSON,
/// an interval as Flink's CAST prints it.
fn write(value: &Value<'_>, source: &DataType, limit: Option<u32>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let start = out.len();
    match value {
        Value::Text(text) => {
            check_nul(text)?;
            out.extend_from_slice(text.as_bytes());
        }
        Value::Array(_) | Value::Vector(_) | Value::Row(_) | Value::Map(_) => json::write(value, source, out)?,
        Value::Months(months) => scalar::display(YearMonth(*months), out),
        Value::Millis(millis) => scalar::display(DayTime(*millis), out),
        value => scalar::scalar(value, out),
    }
    match limit {
        Some(limit) if out.len() - start > limit as usize => cut(out, start, limit as usize),
        _ => Ok(()),
    }
}

pub(in crate::types) fn check_nul(text: &str) -> Result<(), EncodeError> {
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

/// Cuts the text to `limit` characters if only blanks are cut off, as the server does.
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
