//! bytea.

use super::facets::*;
use super::field::counted;
use super::string::check_nul;
use crate::types::text::scalar;

pub(super) struct Bytea;

impl Facets for Bytea {
    type Modifier = ();

    const CATALOG: Catalog = Catalog::BuiltIn { name: "bytea", oid: 17 };
    fn modifier(_: &CatalogType) -> Option<()> {
        Some(())
    }

    fn natural_source((): &()) -> DataType {
        DataType::BYTES
    }
    fn fit((): &(), source: &DataType, _: Option<VectorEncoding>) -> Fit {
        Fit::binary_if(source.is_bytes() || source.is_text())
    }
    fn takes(_: &DataType) -> &'static str {
        TAKES_BYTES
    }

    fn encode((): &(), _: Context<'_>, value: &Value<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        counted(out, |out| bytea(value, out))
    }
    fn most_bytes(value: &Value<'_>) -> usize {
        match value {
            Value::Bytes(bytes) => bytes.len(),
            value => room::as_they_are(value),
        }
    }
    fn print((): &(), bytes: &[u8], out: &mut Vec<u8>) {
        scalar::hex(bytes, out);
    }

    const KEY: Key = Key { images: KeyImages::EqualUnlessText, family: None };
    fn key_image((): &(), _: &DataType, value: &Value<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        bytea(value, out)
    }

    const IS_BARE_ELEMENT: bool = false;
    const BRACKETS: Option<[u8; 2]> = None;
    const VECTOR: Option<VectorColumn> = None;
}

/// Text is `\x` and hexadecimal digits, or the bytes themselves where no backslash is in it.
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
