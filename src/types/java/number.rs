//! Numbers as Java's `parseLong`, `parseDouble` and `parseFloat` read them.

use std::str::FromStr;

/// Does what Java's `String.trim` does: removes all characters up to the blank (U+0020) at both ends.
pub(crate) fn trim(mut text: &[u8]) -> &[u8] {
    while let [0..=b' ', rest @ ..] = text {
        text = rest;
    }
    while let [rest @ .., 0..=b' '] = text {
        text = rest;
    }
    text
}

/// An integer with an optional sign. `None` if it is not one or is out of range.
pub(crate) fn integer(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() {
        return None;
    }
    if digits.len() <= 18 {
        let mut value = 0_i64;
        for byte in digits {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return None;
            }
            value = value * 10 + i64::from(digit);
        }
        return Some(if negative { -value } else { value });
    }
    // The value is kept negative, because the smallest number has no positive counterpart.
    let mut value = 0_i64;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value.checked_mul(10)?.checked_sub(i64::from(digit))?;
    }
    if negative { Some(value) } else { value.checked_neg() }
}

/// The part of a JSON number before the point, after its exponent is applied: 1 for `1.9`, 1000 for `1e3`. `None`: out of
/// range.
pub(crate) fn whole_part(text: &[u8]) -> Option<i64> {
    let (negative, unsigned) = match text {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let (significand, exponent) = match memchr::memchr2(b'e', b'E', unsigned) {
        Some(at) => (&unsigned[..at], exponent(&unsigned[at + 1..])),
        None => (unsigned, 0),
    };
    let point = memchr::memchr(b'.', significand).unwrap_or(significand.len());
    let digits = significand.iter().filter(|byte| byte.is_ascii_digit());
    let kept = usize::try_from(point as i64 + exponent).unwrap_or(0);
    // The value is kept negative, because the smallest number has no positive counterpart.
    let mut value = 0_i64;
    let mut taken = 0;
    for digit in digits.take(kept) {
        value = value.checked_mul(10)?.checked_sub(i64::from(digit - b'0'))?;
        taken += 1;
    }
    while value != 0 && taken < kept {
        value = value.checked_mul(10)?;
        taken += 1;
    }
    if negative { Some(value) } else { value.checked_neg() }
}

/// Reads a decimal exponent. It is limited to a number that is larger than the exponent of any number.
fn exponent(text: &[u8]) -> i64 {
    let digits = text.iter().filter(|byte| byte.is_ascii_digit());
    let value = digits.fold(0_i64, |sum, digit| (sum * 10 + i64::from(digit - b'0')).min(1 << 40));
    if text.first() == Some(&b'-') { -value } else { value }
}

/// The differences between `f32` and `f64` that the parser needs.
pub(crate) trait Real: FromStr {
    const NAN: Self;
    const INFINITY: Self;
    const NEGATIVE_INFINITY: Self;
    /// The number of bits of the significand.
    const BITS: i32;
    /// The exponent of the smallest number above zero.
    const SMALLEST: i32;
    fn narrow(value: f64) -> Self;
}

impl Real for f32 {
    const NAN: f32 = f32::NAN;
    const INFINITY: f32 = f32::INFINITY;
    const NEGATIVE_INFINITY: f32 = f32::NEG_INFINITY;
    const BITS: i32 = 24;
    const SMALLEST: i32 = -149;
    fn narrow(value: f64) -> f32 {
        value as f32
    }
}

impl Real for f64 {
    const NAN: f64 = f64::NAN;
    const INFINITY: f64 = f64::INFINITY;
    const NEGATIVE_INFINITY: f64 = f64::NEG_INFINITY;
    const BITS: i32 = 53;
    const SMALLEST: i32 = -1074;
    fn narrow(value: f64) -> f64 {
        value
    }
}

/// Reads a trimmed Java number: `1e-3`, `NaN`, `-Infinity`, `1f`, `1d`, `0x1p3`.
pub(crate) fn real<R: Real>(text: &[u8]) -> Option<R> {
    let text = trim(text);
    let (negative, magnitude) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    match magnitude {
        b"NaN" => return Some(R::NAN),
        b"Infinity" => return Some(if negative { R::NEGATIVE_INFINITY } else { R::INFINITY }),
        [b'0', b'x' | b'X', rest @ ..] => return hexadecimal(negative, without_suffix(rest)),
        // Rust also knows `inf` and `nan`, Java doesn't.
        [b'0'..=b'9' | b'.', ..] => {}
        _ => return None,
    }
    std::str::from_utf8(without_suffix(text)).ok()?.parse().ok()
}

/// Removes Java's type suffix.
fn without_suffix(text: &[u8]) -> &[u8] {
    match text {
        [rest @ .., b'f' | b'F' | b'd' | b'D'] => rest,
        _ => text,
    }
}

/// Reads the text after `0x`: hexadecimal digits with or without a point, then `p` and a decimal exponent.
fn hexadecimal<R: Real>(negative: bool, text: &[u8]) -> Option<R> {
    let split = memchr::memchr2(b'p', b'P', text)?;
    let (digits, exponent) = (&text[..split], &text[split + 1..]);
    // An exponent that is out of range is limited to a very large one, which gives the same result.
    let (exponent_sign, exponent_digits) = match exponent {
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] => (1, rest),
        rest => (1, rest),
    };
    if exponent_digits.is_empty() || !exponent_digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let written = exponent_digits.iter().fold(0_i64, |sum, digit| (sum * 10 + i64::from(digit - b'0')).min(1 << 40));

    let mut significand = 0_u64;
    let mut scale = 0_i64; // in bits
    let mut lost = false;
    let mut point = false;
    let mut any = false;
    for &byte in digits {
        if byte == b'.' && !point {
            point = true;
            continue;
        }
        let digit = char::from(byte).to_digit(16)?;
        any = true;
        if significand >> 58 == 0 {
            significand = significand << 4 | u64::from(digit);
            scale -= if point { 4 } else { 0 };
        } else {
            lost |= digit != 0;
            scale += if point { 0 } else { 4 };
        }
    }
    if !any {
        return None;
    }
    // This bit is far below the last place. It stands for all lost digits, so a tie is decided as they would decide it.
    significand = significand << 1 | u64::from(lost);
    let value = round_to::<R>(significand, scale - 1 + exponent_sign * written);
    Some(R::narrow(if negative { -value } else { value }))
}

/// `significand × 2^exponent`, rounded once to a number of `R`. A half is rounded to the even number.
fn round_to<R: Real>(significand: u64, exponent: i64) -> f64 {
    if significand == 0 {
        return 0.0;
    }
    let length = 64 - i64::from(significand.leading_zeros());
    let unit = (exponent + length - i64::from(R::BITS)).max(i64::from(R::SMALLEST));
    if unit > 1023 {
        return f64::INFINITY;
    }
    let drop = unit - exponent;
    let rounded = match drop {
        ..=0 => significand << -drop,
        1..=64 => {
            let wide = u128::from(significand);
            let (kept, rest, half) = (wide >> drop, wide & ((1 << drop) - 1), 1_u128 << (drop - 1));
            (kept + u128::from(rest > half || (rest == half && kept & 1 == 1))) as u64
        }
        _ => 0,
    };
    // The number is multiplied in two steps, because 2^-1074 itself is subnormal.
    let unit = unit as i32;
    rounded as f64 * 2_f64.powi(unit / 2) * 2_f64.powi(unit - unit / 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn integers_are_read_up_to_their_bounds() {
        assert_eq!(integer(b"9223372036854775807"), Some(i64::MAX));
        assert_eq!(integer(b"-9223372036854775808"), Some(i64::MIN));
        assert_eq!(integer(b"+7"), Some(7));
        assert_eq!(integer(b"0000000000000000000000012"), Some(12));
        for bad in ["", "-", "+", "1.0", "1e2", "9223372036854775808", "-9223372036854775809", " 1", "--1", "1_0"] {
            assert_eq!(integer(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn the_whole_part_of_a_number_is_exact() {
        for (text, value) in [
            ("1.9", Some(1)),
            ("-1.9", Some(-1)),
            ("1e3", Some(1000)),
            ("1.2345e2", Some(123)),
            ("1E-400", Some(0)),
            ("-0.5", Some(0)),
            ("0e99999999999999999999", Some(0)),
            ("9007199254740993.0", Some(9_007_199_254_740_993)),
            ("9223372036854775807.9", Some(i64::MAX)),
            ("-9.223372036854775808e18", Some(i64::MIN)),
            ("9223372036854775808.0", None),
            ("1e19", None),
            ("1e99999999999999999999", None),
        ] {
            assert_eq!(whole_part(text.as_bytes()), value, "{text}");
        }
    }

    #[test]
    fn reals_are_read_as_java_reads_them() {
        for (text, value) in [
            ("1e-3", 1e-3),
            (" 1.5 ", 1.5),
            ("1f", 1.0),
            ("1D", 1.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("-0x1p3", -8.0),
            ("0x1.8p1d", 3.0),
            ("0x.8P0", 0.5),
            ("1e400", f64::INFINITY),
            ("Infinity", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
        ] {
            assert_eq!(real::<f64>(text.as_bytes()), Some(value), "{text}");
        }
        assert!(real::<f64>(b"NaN").is_some_and(f64::is_nan));
        for bad in ["", " ", "-inf", "inf", "nan", "infinity", "1ff", "f", ".", "1e", "0x1", "0xp1", "0x1p", "1_0", "١"]
        {
            assert_eq!(real::<f64>(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn a_hexadecimal_number_is_rounded_once() {
        assert_eq!(real::<f64>(b"0x0.0000000000001p-1022"), Some(5e-324));
        assert_eq!(real::<f64>(b"0x1p-1075"), Some(0.0));
        assert_eq!(real::<f64>(b"0x1.8p-1075"), Some(5e-324));
        assert_eq!(real::<f64>(b"0x1.fffffffffffff8p1023"), Some(f64::INFINITY));
        assert_eq!(real::<f64>(b"0x1.fffffffffffff7fp1023"), Some(f64::MAX));
        assert_eq!(real::<f32>(b"0x1.000001p0"), Some(1.0));
        assert_eq!(real::<f32>(b"0x1.000001000000000000000001p0"), Some(1.0 + f32::EPSILON));
        assert_eq!(real::<f64>(b"0x1p99999999999999999999"), Some(f64::INFINITY));
        assert_eq!(real::<f64>(b"0x1p-99999999999999999999"), Some(0.0));
    }

    proptest! {
        #[test]
        fn every_integer_comes_back(value: i64) {
            prop_assert_eq!(integer(value.to_string().as_bytes()), Some(value));
        }

        #[test]
        fn every_double_comes_back(bits: u64) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            prop_assert_eq!(real::<f64>(format!("{value:e}").as_bytes()).map(f64::to_bits), Some(bits));
        }

        #[test]
        fn every_double_comes_back_from_its_hexadecimal_form(significand in 0_u64..1 << 53, exponent in -1074_i32..971) {
            let expected = significand as f64 * 2_f64.powi(exponent / 2) * 2_f64.powi(exponent - exponent / 2);
            prop_assert_eq!(real::<f64>(format!("0x{significand:x}p{exponent}").as_bytes()), Some(expected));
        }
    }
}
