//! Vectors: numbers with commas between them.

use super::Float;
use super::one::one;

/// Reads the numbers of a list from `at` on, each with the comma after it and at most one blank before it. Returns how many
/// numbers were read, and the place of the first text that isn't such a number. Text before `at` is never part of a number.
/// A zero that is followed by a digit is not the beginning of a number, because formats read it differently.
#[inline]
pub fn run<F: Float>(text: &[u8], at: usize, each: impl FnMut(F)) -> (usize, usize) {
    #[cfg(target_arch = "x86_64")]
    if super::simd::is_there() {
        return super::simd::run(text, at, each);
    }
    one_by_one(text, at, each)
}

pub(super) fn one_by_one<F: Float>(text: &[u8], mut at: usize, mut each: impl FnMut(F)) -> (usize, usize) {
    let mut count = 0;
    while let Some((value, next)) = one(text, at) {
        each(value);
        count += 1;
        at = next;
    }
    (count, at)
}
