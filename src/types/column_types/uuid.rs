//! uuid.

use super::facets::*;
use super::field::put;
use crate::types::refusal::{excerpt, sqlstate};
use crate::types::text::scalar;

pub(super) const UUID: Facets<()> = Facets {
    catalog: CatalogName::BuiltIn { name: "uuid", oid: 2950 },
    modifier: |_| Some(()),
    natural_source: |_| DataType::BYTES,
    fit: |_, source, _| Fit::binary_if(source.is_bytes() || source.is_text()),
    takes: |_| TAKES_BYTES,
    encode: |_, _, value, out| {
        out.extend_from_slice(&16_u32.to_be_bytes());
        out.extend_from_slice(&uuid(value)?);
        Ok(())
    },
    most_bytes: room::any,
    print: |_, bytes, out| print(bytes, out),
    key: Key { images: KeyImages::Equal, family: None },
    key_image: |_, _, value, out| put(&uuid(value)?, out),
    is_bare_element: true,
    brackets: None,
    vector: None,
};

fn print(bytes: &[u8], out: &mut Vec<u8>) {
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            out.push(b'-');
        }
        scalar::display(format_args!("{byte:02x}"), out);
    }
}

/// Reads every spelling that the server takes, so that equal keys have equal key images.
fn uuid(value: &Value<'_>) -> Result<[u8; 16], EncodeError> {
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

/// The digits may be of either case, with or without braces around them. After any four digits there may be a hyphen.
fn parse_uuid(text: &str) -> Option<[u8; 16]> {
    let text = text.strip_prefix('{').map_or(Some(text), |rest| rest.strip_suffix('}'))?;
    let mut rest = text.as_bytes();
    let mut uuid = [0; 16];
    for (at, slot) in uuid.iter_mut().enumerate() {
        let (pair, after) = rest.split_at_checked(2)?;
        *slot = scalar::from_hex(pair)?;
        rest = match after {
            [b'-', after @ ..] if at % 2 == 1 && at < 15 => after,
            after => after,
        };
    }
    rest.is_empty().then_some(uuid)
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
}
