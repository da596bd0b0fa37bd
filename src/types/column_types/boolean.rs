//! boolean.

use super::facets::*;
use super::field::fixed;

pub(super) struct Bool;

impl Facets for Bool {
    type Modifier = ();

    const CATALOG: Catalog = Catalog::BuiltIn { name: "bool", oid: 16 };
    fn modifier(_: &CatalogType) -> Option<()> {
        Some(())
    }

    fn natural_source((): &()) -> DataType {
        DataType::Boolean
    }
    fn fit((): &(), source: &DataType, _: Option<VectorEncoding>) -> Fit {
        // `1` and `0` mean something to the server.
        if source.is_integer() { Fit::Text } else { Fit::binary_if(source.is_text() || *source == DataType::Boolean) }
    }
    fn takes(_: &DataType) -> &'static str {
        "it takes BOOLEAN and STRING"
    }

    #[inline]
    fn encode((): &(), _: Context<'_>, value: &Value<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        fixed([u8::from(boolean(value)?)], out);
        Ok(())
    }
    fn most_bytes(value: &Value<'_>) -> usize {
        room::any(value)
    }
    fn print((): &(), bytes: &[u8], out: &mut Vec<u8>) {
        out.push(if bytes == [0] { b'f' } else { b't' });
    }

    const KEY: Key = Key { images: KeyImages::EqualUnlessText, family: None };
    fn key_image((): &(), _: &DataType, value: &Value<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.push(boolean(value)?.into());
        Ok(())
    }

    const IS_BARE_ELEMENT: bool = true;
    const BRACKETS: Option<[u8; 2]> = None;
    const VECTOR: Option<VectorColumn> = None;
}

fn boolean(value: &Value<'_>) -> Result<bool, EncodeError> {
    match *value {
        Value::Bool(value) => Ok(value),
        Value::Text("t" | "true") => Ok(true),
        Value::Text("f" | "false") => Ok(false),
        _ => Err(EncodeError::AsText),
    }
}
