//! One number of a list.

use super::{Float, scan};

/// The number at `at`, and the place where the next number begins.
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
