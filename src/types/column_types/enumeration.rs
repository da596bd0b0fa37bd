//! Enums.

use super::facets::*;
use super::field::counted;
use super::string::check_nul;
use crate::types::text::scalar;

pub(super) const ENUM: Facets<()> = Facets {
    catalog: CatalogName::Where(|of| of.class == 'e'),
    modifier: |_| Some(()),
    natural_source: |_| DataType::STRING,
    fit: |_, source, _| Fit::binary_if(!source.is_bytes() && !source.is_nested() && !source.is_interval()),
    takes: |_| TAKES_STRING,
    encode: |_, _, value, out| counted(out, |out| label(value, out)),
    most_bytes: room::any,
    print: print_as_is,
    key: Key { images: KeyImages::Equal, family: None },
    key_image: |_, _, value, out| label(value, out),
    is_bare_element: false,
    brackets: None,
    vector: None,
};

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
        Value::Null
        | Value::Unchanged
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Double(_)
        | Value::Decimal(_)
        | Value::Date(_)
        | Value::Time(_)
        | Value::Timestamp { .. }
        | Value::Instant { .. } => {}
    }
    scalar::scalar(value, out);
    Ok(())
}
