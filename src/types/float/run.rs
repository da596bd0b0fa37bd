//! Vectors: numbers with commas between them.

use super::{Float, scan};

/// Reads the numbers of a list from `at` on, each with the comma behind it and at most one blank before it. Gives how many
/// there were, and where the first other thing begins. What stands before `at` is never part of a number. A zero with a
/// digit behind it begins none: formats differ about that.
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

/// The number at `at`, and where the next one begins.
#[inline(always)]
pub(super) fn one<F: Float>(text: &[u8], at: usize) -> Option<(F, usize)> {
    let blank = usize::from(text.get(at) == Some(&b' '));
    let number = text.get(at + blank..)?;
    let with_comma = |(value, length): (F, usize)| (number.get(length) == Some(&b',')).then_some((value, length));
    let (value, length) = F::quick(number).and_then(with_comma).or_else(|| plain(number).and_then(with_comma))?;
    Some((value, at + blank + length + 1))
}

/// The number that `text` starts with, and its length.
#[inline(never)]
pub fn plain<F: Float>(text: &[u8]) -> Option<(F, usize)> {
    let unsigned = text.strip_prefix(b"-").unwrap_or(text);
    if let [b'0', b'0'..=b'9', ..] = unsigned {
        return None;
    }
    let scanned = scan(text)?;
    Some((F::nearest(&scanned)?, scanned.length))
}
