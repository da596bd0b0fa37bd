//! The key image. Rows have equal key images if the database would take their keys as the same. There is one exception: a text that only
//! the server can read is its own image, so equal keys may have several images. A sink with such a key uses one shard.

use super::column;
use crate::types::column_types::NULL;
use crate::types::refusal::{EncodeError, sqlstate};
use crate::types::target::TargetColumn;
use crate::types::text::print::print;
use crate::types::value::Value;

/// Appends one key column: its length in four bytes and the value as the column will store it. `canonical`: a text that
/// only the server can read is refused, because it may be another spelling of another row's key.
pub(super) fn image(
    column: &TargetColumn,
    value: &Value<'_>,
    canonical: bool,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let start = out.len();
    out.extend_from_slice(&NULL);
    if value.is_null() {
        return column::check_null(column);
    }
    match column.column_type.key_image(&column.source, value, out) {
        // Only the server knows what it will store. With `canonical` the value is refused, otherwise its text is the key
        // image.
        Err(EncodeError::AsText) if canonical => {
            let type_name = &column.type_name;
            let reason = format!("only the server can read this value as {type_name}; push keys in the column's type");
            return Err(EncodeError::reject(sqlstate::MALFORMED, reason));
        }
        Err(EncodeError::AsText) => {
            out.truncate(start + NULL.len());
            print(value, &column.source, out)?;
        }
        result => result?,
    }
    let length = (out.len() - start - NULL.len()) as u32;
    out[start..start + NULL.len()].copy_from_slice(&length.to_be_bytes());
    Ok(())
}
