//! Enums.

use super::facets::*;
use super::field::counted;
use super::string::check_nul;
use crate::types::text::scalar;

pub(super) struct Enum;

impl Facets for Enum {
    type Modifier = ();

    const CATALOG: Catalog = Catalog::Where(|of| of.class == 'e');
    fn modifier(_: &CatalogType) -> Option<()> {
        Some(())
    }

    fn natural_source((): &()) -> DataType {
        DataType::STRING
    }
    fn fit((): &(), source: &DataType, _: Option<VectorEncoding>) -> Fit {
        Fit::binary_if(!source.is_bytes() && !source.is_nested() && !source.is_interval())
    }
    fn takes(_: &DataType) -> &'static str {
        TAKES_STRING
    }

    fn encode((): &(), _: Context<'_>, value: &Value<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        counted(out, |out| label(value, out))
    }
    fn most_bytes(value: &Value<'_>) -> usize {
        room::any(value)
    }
    fn print((): &(), bytes: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(bytes);
    }

    const KEY: Key = Key { images: KeyImages::Equal, family: None };
    fn key_image((): &(), _: &DataType, value: &Value<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        label(value, out)
    }

    const IS_BARE_ELEMENT: bool = false;
    const BRACKETS: Option<[u8; 2]> = None;
    const VECTOR: Option<VectorColumn> = None;
}

/// The server looks the label up.
fn label(value: &Value<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
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
    scalar::scalar(value, out);
    Ok(())
}
