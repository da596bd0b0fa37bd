//! `vector.normalize` = l2: vectors of length 1.

use super::element::{Contents, ElementSlot};
use crate::types::number::Number;
use crate::types::refusal::{EncodeError, sqlstate};

/// Divides the elements in `bytes` by the vector's length.
pub fn normalize<S: ElementSlot>(bytes: &mut [u8], contents: &Contents) -> Result<(), EncodeError> {
    let refuse = |what| {
        let reason = format!("the vector {what}, so it can't be scaled to length 1 as vector.normalize asks");
        Err(EncodeError::reject(sqlstate::DATA_EXCEPTION, reason))
    };
    if contents.nulls > 0 {
        return refuse("has NULL elements");
    }
    if contents.not_finite {
        return refuse("has NaN or Infinity elements");
    }
    let mut length = sum_of_squares::<S>(bytes, 1.0).sqrt();
    if !length.is_normal() || length < 1e-140 {
        // The squares are too large or too small for an f64, so the elements are first divided by the largest element.
        let unit = numbers::<S>(bytes).fold(0.0, |largest: f64, number| largest.max(number.abs()));
        if unit == 0.0 {
            return refuse("is zero");
        }
        length = sum_of_squares::<S>(bytes, unit).sqrt() * unit;
        if !length.is_finite() {
            return refuse("has a length that is too large for a float8");
        }
    }
    for slot in bytes.chunks_exact_mut(S::WIDTH) {
        if let Some(number) = S::get(slot) {
            S::put(S::Number::from_double(number.to_double() / length), slot);
        }
    }
    Ok(())
}

fn numbers<S: ElementSlot>(bytes: &[u8]) -> impl Iterator<Item = f64> {
    bytes.chunks_exact(S::WIDTH).filter_map(|slot| S::get(slot).map(Number::to_double))
}

/// Adds into eight sums, so that an addition doesn't wait for the one before it.
fn sum_of_squares<S: ElementSlot>(bytes: &[u8], unit: f64) -> f64 {
    let mut sums = [0.0; 8];
    for (at, number) in numbers::<S>(bytes).enumerate() {
        let number = number / unit;
        sums[at % 8] += number * number;
    }
    sums.iter().sum()
}
