//! The length of vectors, and the elements that the table takes.

use super::element::Contents;
use crate::types::refusal::{EncodeError, sqlstate};

/// The vector length that the table requires, and the part of the table that requires it (`vector(10)`, `index
/// car_info_feature_idx`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dimension {
    pub length: usize,
    pub declared_by: String,
    /// An index over a cast of the column, such as `hnsw ((feature::vector(10)))`, refuses what the cast refuses: NULL
    /// elements, NaN and infinities too.
    pub finite_only: bool,
}

pub fn check_length(got: usize, dimension: Option<&Dimension>) -> Result<(), EncodeError> {
    match dimension {
        Some(wanted) if wanted.length != got => {
            let reason = format!("the vector has {got} dimensions, {} requires {}", wanted.declared_by, wanted.length);
            Err(EncodeError::reject(sqlstate::DATA_EXCEPTION, reason))
        }
        _ => Ok(()),
    }
}

pub fn check_finite(contents: &Contents, wanted_by: &dyn std::fmt::Display) -> Result<(), EncodeError> {
    if contents.nulls > 0 {
        let reason = format!("the vector has {} NULL elements, {wanted_by} takes none", contents.nulls);
        return Err(EncodeError::reject(sqlstate::NULL_NOT_ALLOWED, reason));
    }
    if contents.not_finite {
        let reason = format!("the vector has NaN or Infinity elements, {wanted_by} takes none");
        return Err(EncodeError::reject(sqlstate::DATA_EXCEPTION, reason));
    }
    Ok(())
}

pub fn no_dimensions() -> EncodeError {
    EncodeError::reject(sqlstate::DATA_EXCEPTION, "the vector is empty, it must have at least one dimension")
}
