//! bytea, uuid, bit strings, and the labels of enums.

use super::print;
use super::refusal::{EncodeError, excerpt, sqlstate};
use super::string::check_nul;
use crate::types::value::Value;

/// Text is `\x` and hexadecimal digits, or the bytes themselves where no backslash is in it.
pub(super) fn bytea(value: &Value<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    match *value {
        Value::Bytes(bytes) => out.extend_from_slice(bytes),
        Value::Text(text) => match text.strip_prefix("\\x") {
            Some(hex) if hex.len() % 2 == 0 => {
                for pair in hex.as_bytes().chunks_exact(2) {
                    out.push(byte(pair).ok_or(EncodeError::AsText)?);
                }
            }
            None if !text.contains('\\') => {
                check_nul(text)?;
                out.extend_from_slice(text.as_bytes());
            }
            _ => return Err(EncodeError::AsText),
        },
        _ => return Err(EncodeError::AsText),
    }
    Ok(())
}

fn byte(pair: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    match *pair {
        [high, low] => u8::try_from(digit(high)? << 4 | digit(low)?).ok(),
        _ => None,
    }
}

/// Every spelling that the server takes, so that equal keys have one image.
pub(super) fn uuid(value: &Value<'_>) -> Result<[u8; 16], EncodeError> {
    match *value {
        Value::Text(text) => parse_uuid(text).ok_or_else(|| {
            EncodeError::reject(
                sqlstate::MALFORMED,
                format!("{} is not a uuid of 32 hexadecimal digits", excerpt(text)),
            )
        }),
        Value::Bytes(bytes) => bytes.try_into().map_err(|_| {
            EncodeError::reject(sqlstate::MALFORMED, format!("a uuid has 16 bytes, the value has {}", bytes.len()))
        }),
        _ => Err(EncodeError::AsText),
    }
}

/// Digits of either case, in braces or not, with hyphens after any four or without.
fn parse_uuid(text: &str) -> Option<[u8; 16]> {
    let text = text.strip_prefix('{').map_or(Some(text), |rest| rest.strip_suffix('}'))?;
    let mut rest = text.as_bytes();
    let mut uuid = [0; 16];
    for (at, slot) in uuid.iter_mut().enumerate() {
        let (pair, after) = rest.split_at_checked(2)?;
        *slot = byte(pair)?;
        rest = match after {
            [b'-', after @ ..] if at % 2 == 1 && at < 15 => after,
            after => after,
        };
    }
    rest.is_empty().then_some(uuid)
}

/// Of a bit string, whose length is signed.
const MOST_BITS: usize = i32::MAX as usize - 7;

/// Text of the digits 0 and 1, or bytes: the first bit is the highest one of the first byte.
pub(super) fn bits(value: &Value<'_>, limit: Option<u32>, exact: bool, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let type_name = if exact { "bit" } else { "bit varying" };
    let refuse = |sqlstate, length: usize| {
        let reason = format!("the value has {length} bits, the column is {type_name}({})", limit.unwrap_or_default());
        Err(EncodeError::reject(sqlstate, reason))
    };
    let countable = |length: usize| match length <= MOST_BITS {
        true => Ok((length as u32).to_be_bytes()),
        false => {
            let reason = format!("the value has {length} bits, PostgreSQL stores at most {MOST_BITS}");
            Err(EncodeError::reject(sqlstate::TOO_BIG, reason))
        }
    };
    match *value {
        Value::Text(text) if text.bytes().all(|byte| matches!(byte, b'0' | b'1')) => {
            match limit {
                Some(limit) if exact && text.len() != limit as usize => {
                    return refuse(sqlstate::LENGTH_MISMATCH, text.len());
                }
                Some(limit) if text.len() > limit as usize => return refuse(sqlstate::STRING_TOO_LONG, text.len()),
                _ => {}
            }
            out.extend_from_slice(&countable(text.len())?);
            out.extend(text.as_bytes().chunks(8).map(|chunk| {
                let byte = chunk.iter().fold(0_u8, |byte, digit| byte << 1 | (digit & 1));
                byte << (8 - chunk.len())
            }));
        }
        Value::Bytes(bytes) => {
            let most = bytes.len() * 8;
            let length = match limit {
                // A last byte that is only partly used must be empty beyond.
                Some(limit) if exact => {
                    let unused = (most as u64).saturating_sub(limit.into());
                    let padding = bytes.last().is_none_or(|last| unused < 8 && last.trailing_zeros() as u64 >= unused);
                    if (most as u64) < limit.into() || unused >= 8 || !padding {
                        return refuse(sqlstate::LENGTH_MISMATCH, most);
                    }
                    limit as usize
                }
                Some(limit) if most > limit as usize => return refuse(sqlstate::STRING_TOO_LONG, most),
                _ => most,
            };
            out.extend_from_slice(&countable(length)?);
            out.extend_from_slice(bytes);
        }
        _ => return Err(EncodeError::AsText),
    }
    Ok(())
}

/// The server looks the label up.
pub(super) fn label(value: &Value<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    match value {
        Value::Text(text) => check_nul(text)?,
        Value::Months(_)
        | Value::Millis(_)
        | Value::Bytes(_)
        | Value::Array(_)
        | Value::Vector(_)
        | Value::Row(_)
        | Value::Map(_) => {
            return Err(EncodeError::AsText);
        }
        _ => {}
    }
    print::scalar(value, out);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_uuid_is_one_uuid() {
        let expected = uuid(&Value::Text("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")).unwrap();
        for text in [
            "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
            "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}",
            "a0eebc999c0b4ef8bb6d6bb9bd380a11",
            "a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11",
            "{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}",
        ] {
            assert_eq!(uuid(&Value::Text(text)), Ok(expected), "{text}");
        }
        assert_eq!(uuid(&Value::Bytes(&expected)), Ok(expected));
        for text in ["", "a0ee", "{a0eebc999c0b4ef8bb6d6bb9bd380a11", "a0eebc999c0b4ef8bb6d6bb9bd380a11-", " a0eebc"] {
            assert!(matches!(uuid(&Value::Text(text)), Err(EncodeError::Reject { sqlstate: "22P02", .. })), "{text}");
        }
    }

    #[test]
    fn bytea_text_with_a_backslash_that_is_no_hexadecimal_is_left_to_the_server() {
        let read = |text| {
            let mut out = Vec::new();
            bytea(&Value::Text(text), &mut out).map(|()| out)
        };
        assert_eq!(read("\\x00fF"), Ok(vec![0, 255]));
        assert_eq!(read("plain"), Ok(b"plain".to_vec()));
        assert_eq!(read("\\x0"), Err(EncodeError::AsText));
        assert_eq!(read("\\001"), Err(EncodeError::AsText));
    }

    #[test]
    fn bits_fill_their_column_exactly_or_up_to_its_length() {
        let read = |value: Value<'_>, limit, exact| {
            let mut out = Vec::new();
            bits(&value, limit, exact, &mut out).map(|()| out)
        };
        assert_eq!(read(Value::Text("101"), Some(3), true), Ok(vec![0, 0, 0, 3, 0b1010_0000]));
        assert_eq!(read(Value::Bytes(&[0b1010_0000]), Some(3), true), Ok(vec![0, 0, 0, 3, 0b1010_0000]));
        assert_eq!(read(Value::Bytes(&[1, 2]), None, false), Ok(vec![0, 0, 0, 16, 1, 2]));
        for value in [Value::Text("10"), Value::Bytes(&[0b1011_0000]), Value::Bytes(&[0, 0]), Value::Bytes(&[])] {
            assert!(
                matches!(read(value, Some(3), true), Err(EncodeError::Reject { sqlstate: "22026", .. })),
                "{value:?}"
            );
        }
        assert!(matches!(
            read(Value::Text("1010"), Some(3), false),
            Err(EncodeError::Reject { sqlstate: "22001", .. })
        ));
        assert_eq!(read(Value::Text("x1F"), None, false), Err(EncodeError::AsText));
    }
}
