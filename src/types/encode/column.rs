//! One column of a binary row.

use crate::types::column_types::NULL;
use crate::types::column_types::facets::EncodeContext;
use crate::types::refusal::{EncodeError, sqlstate};
use crate::types::target::TargetColumn;
use crate::types::value::Value;
use crate::types::vector_encoding::VectorOptions;

/// Appends one field of a binary row: its length and its bytes. After an `Err` the caller removes the bytes that were
/// appended.
#[inline]
pub(super) fn field(
    column: &TargetColumn,
    vectors: VectorOptions,
    value: &Value<'_>,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    if value.is_null() {
        check_null(column)?;
        out.extend_from_slice(&NULL);
        return Ok(());
    }
    let context = EncodeContext { source: &column.source, dimension: column.dimension.as_ref(), vectors };
    column.column_type.encode(context, value, out)
}

pub(super) fn check_null(column: &TargetColumn) -> Result<(), EncodeError> {
    if column.not_null {
        return Err(EncodeError::reject(sqlstate::NOT_NULL, "the value is NULL, the column is NOT NULL"));
    }
    Ok(())
}
