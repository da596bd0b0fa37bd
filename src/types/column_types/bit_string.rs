//! bit and bit varying.

use super::facets::*;
use super::field::{self, counted};
use crate::types::refusal::sqlstate;

/// `bit`, whose values have exactly the declared length, or `bit varying`. The modifier is the length in bits.
pub(super) const fn bit_string<const EXACT: bool>() -> Facets<Option<u32>> {
    Facets {
        catalog: match EXACT {
            true => CatalogName::BuiltIn { name: "bit", oid: 1560 },
            false => CatalogName::BuiltIn { name: "varbit", oid: 1562 },
        },
        modifier: |of| Some(u32::try_from(of.typmod).ok()),
        natural_source: |_| DataType::BYTES,
        fit: |_, source, _| Fit::binary_if(source.is_bytes() || source.is_text()),
        takes: |_| TAKES_BYTES,
        encode: |length, _, value, out| counted(out, |out| bits(value, *length, EXACT, out)),
        most_bytes: room::any,
        print: |_, bytes, out| print(bytes, out),
        key: Key { images: KeyImages::Unknown, family: None },
        key_image: no_image,
        is_bare_element: false,
        brackets: None,
        vector: None,
    }
}

fn print(bytes: &[u8], out: &mut Vec<u8>) {
    let (length, bytes) = bytes.split_at(bytes.len().min(4));
    let digits = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| b'0' + (byte >> bit & 1)));
    out.extend(digits.take(field::integer(length) as usize));
}

/// The most bits of a value: the server counts them in a signed number of 32 bits.
const MOST_BITS: usize = i32::MAX as usize - 7;

/// The value is text of the digits 0 and 1, or it is bytes. The first bit is the highest bit of the first byte.
fn bits(value: &Value<'_>, limit: Option<u32>, exact: bool, out: &mut Vec<u8>) -> Result<(), EncodeError> {
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
                // If the last byte is only partly used, its other bits must be 0.
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

#[cfg(test)]
mod tests {
    use super::*;

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
