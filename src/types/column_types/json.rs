//! json and jsonb.

use super::facets::*;
use super::field::counted;
use super::string::check_nul;
use crate::types::text::json;

pub(super) const JSON: Facets<()> = Facets {
    catalog: CatalogName::BuiltIn { name: "json", oid: 114 },
    modifier: |_| Some(()),
    natural_source: |_| DataType::STRING,
    fit: |_, _, _| Fit::Binary,
    takes: |_| TAKES_STRING,
    encode: |_, context, value, out| counted(out, |out| document(value, context.source, out)),
    most_bytes: room::as_they_are,
    print: print_as_is,
    key: Key { images: KeyImages::Unknown, family: None },
    key_image: no_image,
    is_bare_element: false,
    brackets: None,
    vector: None,
};

/// The binary form begins with a version number.
pub(super) const JSONB: Facets<()> = Facets {
    catalog: CatalogName::BuiltIn { name: "jsonb", oid: 3802 },
    encode: |_, context, value, out| {
        counted(out, |out| {
            out.push(VERSION);
            document(value, context.source, out)
        })
    },
    print: |_, bytes, out| out.extend_from_slice(bytes.get(1..).unwrap_or_default()),
    ..JSON
};

const VERSION: u8 = 1;

/// Text is sent as it is; the server checks that it is JSON.
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
