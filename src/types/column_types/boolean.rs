//! boolean.

use super::facets::*;
use super::field::{fixed, put};

pub(super) const BOOL: Facets<()> = Facets {
    catalog: CatalogName::BuiltIn { name: "bool", oid: 16 },
    modifier: |_| Some(()),
    natural_source: |_| DataType::Boolean,
    fit: |_, source, _| match source {
        // The server reads `1` and `0` as true and false.
        source if source.is_integer() => Fit::Text,
        source => Fit::binary_if(source.is_text() || *source == DataType::Boolean),
    },
    takes: |_| "it takes BOOLEAN and STRING",
    encode: |_, _, value, out| fixed([u8::from(boolean(value)?)], out),
    most_bytes: room::any,
    print: |_, bytes, out| out.push(if bytes == [0] { b'f' } else { b't' }),
    key: Key { images: KeyImages::EqualUnlessText, family: None },
    key_image: |_, _, value, out| put(&[u8::from(boolean(value)?)], out),
    is_bare_element: true,
    brackets: None,
    vector: None,
};

fn boolean(value: &Value<'_>) -> Result<bool, EncodeError> {
    match *value {
        Value::Bool(value) => Ok(value),
        Value::Text("t" | "true") => Ok(true),
        Value::Text("f" | "false") => Ok(false),
        _ => Err(EncodeError::AsText),
    }
}
