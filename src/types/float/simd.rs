//! Lists of numbers on x86-64 with AVX2. The commas of 64 bytes are found at once, so the start of a number doesn't depend
//! on the number before it. All digits of a number are put together at once.
//!
//! The unsafe code here uses instructions only after it has checked that the processor has them, and it loads only from
//! arrays of the length that is loaded.

use std::arch::x86_64::{
    __m128i, _mm_and_si128, _mm_blendv_epi8, _mm_cmpeq_epi8, _mm_cvtsi128_si64, _mm_loadu_si128, _mm_madd_epi16,
    _mm_maddubs_epi16, _mm_movemask_epi8, _mm_packus_epi32, _mm_set1_epi8, _mm_set1_epi16, _mm_set1_epi32,
    _mm_sub_epi8, _mm_subs_epu8, _mm_testz_si128, _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_movemask_epi8,
    _mm256_set1_epi8,
};

use super::Float;
use super::one::one;

/// For each count up to 16: a mask whose last `count` bytes are set.
const LAST: [[u8; 16]; 17] = {
    let mut masks = [[0; 16]; 17];
    let mut count = 1;
    while count <= 16 {
        masks[count] = masks[count - 1];
        masks[count][16 - count] = 0xff;
        count += 1;
    }
    masks
};

/// Whether the processor has the instructions that this file uses.
#[inline]
pub fn is_there() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi1") && is_x86_feature_detected!("lzcnt")
}

/// Does the same as [`super::run()`]. It must only be called if [`is_there`] is true.
#[inline]
pub fn run<F: Float>(text: &[u8], at: usize, each: impl FnMut(F)) -> (usize, usize) {
    // SAFETY: the processor has these features, as the caller has checked.
    unsafe { list(text, at, each) }
}

// `each` is passed by value, so that its state stays in registers.
#[target_feature(enable = "avx2,bmi1,lzcnt")]
fn list<F: Float>(text: &[u8], at: usize, mut each: impl FnMut(F)) -> (usize, usize) {
    let mut count = 0_usize;
    let mut start = at;
    let mut block = at;
    while let Some(rest) = text.get(block..)
        && !rest.is_empty()
    {
        let mut commas = commas(rest);
        while commas != 0 {
            let comma = block.wrapping_add(commas.trailing_zeros() as usize);
            let value = match short(text, start, comma) {
                Some(value) => value,
                None => match one(text, start) {
                    Some((value, next)) if next == comma + 1 => value,
                    _ => return (count, start),
                },
            };
            each(value);
            count = count.wrapping_add(1);
            start = comma.wrapping_add(1);
            commas &= commas.wrapping_sub(1);
        }
        block = block.saturating_add(64);
    }
    (count, start)
}

/// A bit for each of the first 64 bytes, set if the byte is a comma. The lowest bit is for the first byte.
#[inline]
#[target_feature(enable = "avx2,bmi1,lzcnt")]
fn commas(text: &[u8]) -> u64 {
    let mut filled = [0; 64];
    let bytes: &[u8; 64] = match text.first_chunk() {
        Some(bytes) => bytes,
        None => {
            filled[..text.len()].copy_from_slice(text);
            &filled
        }
    };
    let comma = _mm256_set1_epi8(b',' as i8);
    // SAFETY: 64 bytes are two times 32.
    let halves =
        unsafe { [_mm256_loadu_si256(bytes.as_ptr().cast()), _mm256_loadu_si256(bytes[32..].as_ptr().cast())] };
    let [low, high] = halves.map(|half| _mm256_movemask_epi8(_mm256_cmpeq_epi8(half, comma)) as u32);
    u64::from(high) << 32 | u64::from(low)
}

/// The number from `start` to `end`, if it has a point, digits on both sides of it, and at most 16 digits. `None` if it
/// starts with a zero and another digit, because formats read that differently.
#[inline]
#[target_feature(enable = "avx2,bmi1,lzcnt")]
fn short<F: Float>(text: &[u8], start: usize, end: usize) -> Option<F> {
    let window: &[u8; 17] = text.get(end.wrapping_sub(17)..end)?.first_chunk()?;
    let head: &[u8; 2] = text.get(start..)?.first_chunk()?;
    let blank = head[0] == b' ';
    let negative = (if blank { head[1] } else { head[0] }) == b'-';
    let length = end.wrapping_sub(start).wrapping_sub(usize::from(blank)).wrapping_sub(usize::from(negative));
    // In `behind` the digits after the point are in their places. `before` is the text that begins one byte earlier. In it
    // the digits before the point are in the places that they would have without the point.
    let (behind, before) = (load(window.last_chunk()?), load(window.first_chunk()?));
    let points = _mm_movemask_epi8(_mm_cmpeq_epi8(behind, _mm_set1_epi8(b'.' as i8))) as u16;
    let count = points.leading_zeros() as usize;
    if length > 17 || count.wrapping_sub(1) > 14 || count.wrapping_add(2) > length {
        return None;
    }
    let joined = _mm_blendv_epi8(before, behind, load(&LAST[count & 15]));
    let digits = _mm_sub_epi8(joined, _mm_set1_epi8(b'0' as i8));
    let digits = _mm_and_si128(digits, load(&LAST[length - 1]));
    let wrong = _mm_subs_epu8(digits, _mm_set1_epi8(9));
    if _mm_testz_si128(wrong, wrong) == 0 {
        return None;
    }
    if length > count.wrapping_add(2) && window[17 - length] == b'0' {
        return None;
    }
    F::of_digits(negative, together(digits), count)
}

/// The number that is written by 16 digits.
#[inline]
#[target_feature(enable = "avx2,bmi1,lzcnt")]
fn together(digits: __m128i) -> u64 {
    let twos = _mm_maddubs_epi16(digits, _mm_set1_epi16(10 + (1 << 8)));
    let fours = _mm_madd_epi16(twos, _mm_set1_epi32(100 + (1 << 16)));
    let eights = _mm_madd_epi16(_mm_packus_epi32(fours, fours), _mm_set1_epi32(10_000 + (1 << 16)));
    let both = _mm_cvtsi128_si64(eights) as u64;
    (both & 0xffff_ffff).wrapping_mul(100_000_000).wrapping_add(both >> 32)
}

#[inline]
#[target_feature(enable = "avx2,bmi1,lzcnt")]
fn load(bytes: &[u8; 16]) -> __m128i {
    // SAFETY: 16 bytes are there.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}
