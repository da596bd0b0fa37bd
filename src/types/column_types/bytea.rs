//! bytea.

use super::facets::*;
use super::field::counted;
use super::string::check_nul;
use crate::types::text::scalar;

pub(super) const BYTEA: Facets<()> = Facets {
    catalog: CatalogName::BuiltIn { name: "bytea", oid: 17 },
    modifier: |_| Some(()),
    natural_source: |_| DataType::BYTES,
    fit: |_, source, _| Fit::binary_if(source.is_bytes() || source.is_text()),
    takes: |_| TAKES_BYTES,
    encode: |_, _, value, out| counted(out, |out| bytea(value, out)),
    most_bytes: |value| match value {
        Value::Bytes(bytes) => bytes.len(),
        value => room::as_they_are(value),
    },
    print: |_, bytes, out| scalar::hex(bytes, out),
    key: Key { images: KeyImages::EqualUnlessText, family: None },
    key_image: |_, _, value, out| bytea(value, out),
    is_bare_element: false,
    brackets: None,
    vector: None,
};

/// Text is `\x` and hexadecimal digits, or the bytes themselves if it has no backslash.
fn bytea(value: &Value<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    match *value {
        Value::Bytes(bytes) => out.extend_from_slice(bytes),
        Value::Text(text) => match text.strip_prefix("\\x") {
            Some(hex) if hex.len() % 2 == 0 => {
                for pair in hex.as_bytes().chunks_exact(2) {
                    out.push(scalar::from_hex(pair).ok_or(EncodeError::AsText)?);
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
