//! json and jsonb.

use super::facets::*;
use super::field::counted;
use super::string::check_nul;
use crate::types::text::json;

/// `json`, or `jsonb`, whose binary form begins with a version.
pub(super) struct Json<const VERSIONED: bool>;

impl<const VERSIONED: bool> Facets for Json<VERSIONED> {
    type Modifier = ();

    const CATALOG: Catalog = match VERSIONED {
        false => Catalog::BuiltIn { name: "json", oid: 114 },
        true => Catalog::BuiltIn { name: "jsonb", oid: 3802 },
    };
    fn modifier(_: &CatalogType) -> Option<()> {
        Some(())
    }

    fn natural_source((): &()) -> DataType {
        DataType::STRING
    }
    fn fit((): &(), _: &DataType, _: Option<VectorEncoding>) -> Fit {
        Fit::Binary
    }
    fn takes(_: &DataType) -> &'static str {
        TAKES_STRING
    }

    fn encode((): &(), context: Context<'_>, value: &Value<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        counted(out, |out| {
            if VERSIONED {
                out.push(VERSION);
            }
            document(value, context.source, out)
        })
    }
    fn most_bytes(value: &Value<'_>) -> usize {
        room::as_they_are(value)
    }
    fn print((): &(), bytes: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(bytes.get(usize::from(VERSIONED)..).unwrap_or_default());
    }

    const KEY: Key = Key { images: KeyImages::Unknown, family: None };
    fn key_image((): &(), _: &DataType, _: &Value<'_>, _: &mut Vec<u8>) -> Result<(), EncodeError> {
        Err(EncodeError::AsText)
    }

    const IS_BARE_ELEMENT: bool = false;
    const BRACKETS: Option<[u8; 2]> = None;
    const VECTOR: Option<VectorColumn> = None;
}

const VERSION: u8 = 1;

/// Text is a document already; the server looks whether it is one.
fn document(value: &Value<'_>, source: &DataType, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    match value {
        Value::Text(text) => {
            check_nul(text)?;
            out.extend_from_slice(text.as_bytes());
            Ok(())
        }
        value => json::write(value, source, out),
    }
}
