//! Reads f32 and f64 from text, correctly rounded: for message formats that contain numbers, and for vectors in a text.
//!
//! The shortest text of a float has few digits. They are collected in one integer, eight at a time. One f64 division of
//! this integer by an exact power of ten then gives the number: this is Clinger's fast path. Numbers for which it doesn't
//! work are left to `std`. Vectors are read by [`run`], which on x86-64 finds the commas of 64 bytes at once.

mod one;
pub(crate) mod run;
#[cfg(target_arch = "x86_64")]
mod simd;

use std::str::FromStr;

pub use one::plain;
pub use run::run;

/// A decimal number at the start of a text: `±mantissa · 10^exponent`.
pub struct Scanned {
    negative: bool,
    mantissa: u64,
    exponent: i32,
    /// How many bytes of the text the number takes.
    pub length: usize,
}

const ASCII_ZEROS: u128 = 0x3030_3030_3030_3030_3030_3030_3030_3030;

/// The powers of ten that an f64 holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];
const INT_POWERS: [u64; 17] = {
    let mut powers = [1; 17];
    let mut at = 1;
    while at < 17 {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

/// Reads `-12.345` or `12.345e-6` from the start of `text`. `None`: written in another way, or too long for the fast path.
#[inline(always)]
pub fn scan(text: &[u8]) -> Option<Scanned> {
    let negative = *text.first()? == b'-';
    let start = usize::from(negative);
    let mut rest = text.get(start..)?;
    let mut mantissa = digit(rest)?;
    rest = &rest[1..];
    while let Some(next) = digit(rest) {
        mantissa = mantissa.checked_mul(10)?.checked_add(next)?;
        rest = &rest[1..];
    }
    let mut exponent = 0;
    if let Some((b'.', fraction)) = rest.split_first() {
        let (value, count) = sixteen_digits(fraction)?;
        mantissa = mantissa.checked_mul(INT_POWERS[count])?.checked_add(value)?;
        rest = &fraction[count..];
        exponent = -(count as i32);
        if count == 16 {
            (mantissa, exponent, rest) = more_digits(mantissa, exponent, rest)?;
        }
    }
    if let Some(b'e' | b'E') = rest.first() {
        let (power, after) = power_of_ten(&rest[1..])?;
        exponent += power;
        rest = after;
    }
    Some(Scanned { negative, mantissa, exponent, length: text.len() - rest.len() })
}

#[inline(always)]
fn digit(text: &[u8]) -> Option<u64> {
    let digit = text.first()?.wrapping_sub(b'0');
    (digit < 10).then_some(u64::from(digit))
}

/// The values of the digits that `text` starts with, the first one in the lowest byte, and the number of these digits (at
/// most 16).
#[inline(always)]
fn first_digits(text: &[u8]) -> (u128, usize) {
    let window = match text.first_chunk::<16>() {
        Some(window) => *window,
        None => {
            let mut window = [0; 16];
            window[..text.len()].copy_from_slice(text);
            window
        }
    };
    let digits = u128::from_le_bytes(window) ^ ASCII_ZEROS;
    (digits, not_digits(digits).trailing_zeros() as usize / 8)
}

/// How many digits `text` starts with, at most 16.
#[inline(always)]
pub fn leading_digits(text: &[u8]) -> usize {
    first_digits(text).1
}

/// The value of the digits that `text` starts with, and the number of these digits (at most 16). `None`: there are none.
#[inline(always)]
fn sixteen_digits(text: &[u8]) -> Option<(u64, usize)> {
    let (digits, count) = first_digits(text);
    if count == 0 {
        return None;
    }
    // The digits are aligned right, with zeros before the first one.
    let aligned = digits << (128 - 8 * count);
    Some((eight_digits(aligned as u64) * 100_000_000 + eight_digits((aligned >> 64) as u64), count))
}

/// Sets the top bit of each byte that isn't 0 to 9. Only the lowest bit that is set is certain, because the sum carries
/// into higher bytes.
#[inline(always)]
fn not_digits(bytes: u128) -> u128 {
    const TO_TOP_BIT: u128 = 0x7676_7676_7676_7676_7676_7676_7676_7676;
    (bytes.wrapping_add(TO_TOP_BIT) | bytes) & 0x8080_8080_8080_8080_8080_8080_8080_8080
}

/// The number of eight digits. Each byte is the value of one digit (0 to 9), the first digit is the lowest byte.
#[inline(always)]
fn eight_digits(digits: u64) -> u64 {
    const EVERY_FOURTH: u64 = 0x0000_00FF_0000_00FF;
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    let upper = (pairs & EVERY_FOURTH).wrapping_mul(100 + (1_000_000 << 32));
    let lower = ((pairs >> 16) & EVERY_FOURTH).wrapping_mul(1 + (10_000 << 32));
    upper.wrapping_add(lower) >> 32
}

/// Reads the digits after the first 16 fraction digits, as long as the mantissa has room for them.
fn more_digits(mut mantissa: u64, mut exponent: i32, mut rest: &[u8]) -> Option<(u64, i32, &[u8])> {
    while let Some(next) = digit(rest) {
        mantissa = mantissa.checked_mul(10)?.checked_add(next)?;
        exponent -= 1;
        rest = &rest[1..];
    }
    Some((mantissa, exponent, rest))
}

/// Reads `-6` or `+12` after an `e`.
fn power_of_ten(text: &[u8]) -> Option<(i32, &[u8])> {
    let (negative, mut rest) = match text.split_first()? {
        (b'-', rest) => (true, rest),
        (b'+', rest) => (false, rest),
        _ => (false, text),
    };
    let mut power = digit(rest)? as i32;
    rest = &rest[1..];
    while let Some(next) = digit(rest) {
        power = power * 10 + next as i32;
        rest = &rest[1..];
        if power > 999 {
            return None;
        }
    }
    Some((if negative { -power } else { power }, rest))
}

/// f32 or f64.
pub trait Float: Copy + PartialEq + FromStr {
    /// The number at the start of `text` and its length, if it has the usual shape `-0.123`. Faster than [`scan`].
    fn quick(text: &[u8]) -> Option<(Self, usize)>;
    /// The nearest float. `None`: the fast path can't be sure of it.
    fn nearest(scanned: &Scanned) -> Option<Self>;
    /// The nearest float to `±mantissa / 10^behind`. The mantissa has at most 16 digits, and `behind` is the number of
    /// digits after the point.
    fn of_digits(negative: bool, mantissa: u64, behind: usize) -> Option<Self>;
}

impl Float for f32 {
    /// Reads one digit, the point, and more digits. These are always read as 16 digits, with zeros in place of missing
    /// ones. So only the place of the next number depends on how many digits there are.
    #[inline(always)]
    fn quick(text: &[u8]) -> Option<(f32, usize)> {
        let window = text.first_chunk::<19>()?;
        let negative = usize::from(window[0] == b'-');
        let whole = window[negative].wrapping_sub(b'0');
        if whole > 9 || window[negative + 1] != b'.' {
            return None;
        }
        let fraction = window[negative + 2..].first_chunk()?;
        let digits = u128::from_le_bytes(*fraction) ^ ASCII_ZEROS;
        let ends = not_digits(digits);
        let mut count = ends.trailing_zeros() as usize / 8;
        let first_end = ends >> 7;
        let digits = digits & !first_end & first_end.wrapping_sub(1);
        let fraction = eight_digits(digits as u64) * 100_000_000 + eight_digits((digits >> 64) as u64);
        let mantissa = u64::from(whole) * 10_000_000_000_000_000 + fraction;
        let mut doubt = DOUBT;
        if count == 16 {
            (count, doubt) = digits_left_out(&text[negative + 18..], mantissa)?;
        } else if count == 0 {
            return None;
        }
        let value = to_f32(mantissa as i64 as f64 * 1e-16, doubt)?;
        Some((f32::from_bits(value.to_bits() | (negative as u32) << 31), negative + 2 + count))
    }

    #[inline(always)]
    fn nearest(scanned: &Scanned) -> Option<f32> {
        let value = scanned.scaled()?;
        let subnormal = value < f64::from(f32::MIN_POSITIVE) && scanned.mantissa != 0;
        if subnormal | (value >= f64::from(f32::MAX)) {
            return None;
        }
        let value = to_f32(value, DOUBT)?;
        Some(f32::from_bits(value.to_bits() | u32::from(scanned.negative) << 31))
    }

    /// The result is zero or at least 10^-15, so it is never subnormal.
    #[inline(always)]
    fn of_digits(negative: bool, mantissa: u64, behind: usize) -> Option<f32> {
        let value = to_f32(mantissa as i64 as f64 / POWERS[behind & 15], DOUBT)?;
        Some(f32::from_bits(value.to_bits() | u32::from(negative) << 31))
    }
}

impl Float for f64 {
    /// There is no faster way for f64, because 16 digits are more than an f64 holds exactly.
    #[inline(always)]
    fn quick(_: &[u8]) -> Option<(f64, usize)> {
        None
    }

    #[inline(always)]
    fn nearest(scanned: &Scanned) -> Option<f64> {
        if scanned.mantissa > 1 << 53 {
            return None;
        }
        let value = scanned.scaled()?;
        Some(f64::from_bits(value.to_bits() | u64::from(scanned.negative) << 63))
    }

    #[inline(always)]
    fn of_digits(negative: bool, mantissa: u64, behind: usize) -> Option<f64> {
        let value = mantissa as i64 as f64 / POWERS[behind & 15];
        (mantissa <= 1 << 53).then_some(f64::from_bits(value.to_bits() | u64::from(negative) << 63))
    }
}

impl Scanned {
    /// The number without its sign, as an f64. It is rounded once for the mantissa (not for one up to 2^53) and once for
    /// the power of ten.
    #[inline(always)]
    fn scaled(&self) -> Option<f64> {
        let power = *POWERS.get(self.exponent.unsigned_abs() as usize)?;
        let mantissa = self.mantissa as f64;
        Some(if self.exponent <= 0 { mantissa / power } else { mantissa * power })
    }
}

/// An upper bound of the error of a scaled mantissa, in units of the last place: 1 for the rounded mantissa, 1 for the
/// power of ten, a half for their product or quotient.
const DOUBT: u64 = 4;

/// Rounds a positive f64, whose error is at most `doubt` units, to the f32 that is nearest to the exact number. `None`: the
/// number is so near to the middle between two f32 that the error could change the result.
#[inline(always)]
fn to_f32(value: f64, doubt: u64) -> Option<f32> {
    /// The bits of an f64 below those of an f32, and their pattern half-way between two f32.
    const BELOW: u64 = (1 << 29) - 1;
    const HALF_WAY: u64 = 1 << 28;
    let is_near = (value.to_bits() & BELOW).wrapping_sub(HALF_WAY - doubt) <= 2 * doubt;
    (!is_near).then_some(value as f32)
}

/// `text` begins after the first 16 digits of a fraction. The digits in it are left out. Returns the length of the whole
/// fraction, and the bound of the error that this causes: less than one in a mantissa of at least 10^11, so less than
/// 10^-11 of the number.
#[inline(always)]
fn digits_left_out(text: &[u8], mantissa: u64) -> Option<(usize, u64)> {
    // The number is less than 2^53 units, so 10^-11 of it is less than 90,072 units.
    const DOUBT_LEFT_OUT: u64 = 100_000;
    let digits = u128::from(u64::from_le_bytes(*text.first_chunk()?)) ^ ASCII_ZEROS;
    let count = not_digits(digits).trailing_zeros() as usize / 8;
    (count < 8 && mantissa >= 100_000_000_000).then_some((16 + count, DOUBT_LEFT_OUT))
}

#[cfg(test)]
mod tests;
