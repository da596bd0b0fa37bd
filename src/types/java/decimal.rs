//! Decimal numbers as Java's `BigDecimal` reads, rounds and prints them, within Flink's 38 digits.

use crate::types::value::Decimal;

/// The text is not a decimal number.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Reads a number and rounds it half up to DECIMAL(precision, scale). `Ok(None)`: too many digits before the point.
pub(crate) fn parse(text: &[u8], precision: u8, scale: u8) -> Result<Option<Decimal>, Malformed> {
    let (negative, unsigned) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let (significand, exponent) = match memchr::memchr2(b'e', b'E', unsigned) {
        Some(at) => (&unsigned[..at], parse_exponent(&unsigned[at + 1..])?),
        None => (unsigned, 0),
    };
    let point = memchr::memchr(b'.', significand);
    let (whole, fraction) = match point {
        Some(at) => (&significand[..at], &significand[at + 1..]),
        None => (significand, &significand[significand.len()..]),
    };
    let digits = || whole.iter().chain(fraction);
    if whole.len() + fraction.len() == 0 || !digits().all(u8::is_ascii_digit) {
        return Err(Malformed);
    }

    // The first `kept` digits belong to the rounded number. The digit after them decides whether it is rounded up.
    let kept = whole.len() as i64 + exponent + i64::from(scale);
    let mut unscaled = 0_i128;
    let limit = 10_i128.pow(u32::from(precision));
    for &digit in digits().take(kept.max(0) as usize) {
        if unscaled >= limit / 10 {
            return Ok(None);
        }
        unscaled = unscaled * 10 + i128::from(digit - b'0');
    }
    let missing = kept - (whole.len() + fraction.len()) as i64;
    if missing > 0 && unscaled != 0 {
        let factor = u32::try_from(missing).ok().and_then(|digits| 10_i128.checked_pow(digits));
        match factor.and_then(|factor| unscaled.checked_mul(factor)) {
            Some(padded) => unscaled = padded,
            None => return Ok(None),
        }
    }
    let rounds_up = kept >= 0 && digits().nth(kept as usize).is_some_and(|&digit| digit >= b'5');
    unscaled += i128::from(rounds_up);
    if unscaled >= limit {
        return Ok(None);
    }
    Ok(Some(Decimal { unscaled: if negative { -unscaled } else { unscaled }, scale }))
}

/// Reads an exponent. It is limited to a number that is larger than the exponent of any DECIMAL, which changes no result.
fn parse_exponent(text: &[u8]) -> Result<i64, Malformed> {
    let (sign, digits) = match text {
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] => (1, rest),
        rest => (1, rest),
    };
    // Java's exponents have at most ten digits and fit an int.
    if digits.is_empty() || digits.len() > 10 || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Malformed);
    }
    let value = digits.iter().fold(0_i64, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    if value > i64::from(i32::MAX) { Err(Malformed) } else { Ok(sign * value) }
}

/// Rounds half up, away from zero, to DECIMAL(precision, scale). `None`: too many digits.
pub(crate) fn rescale(value: Decimal, precision: u8, scale: u8) -> Option<Decimal> {
    let unscaled = if scale >= value.scale {
        value.unscaled.checked_mul(10_i128.checked_pow(u32::from(scale - value.scale))?)?
    } else {
        let divisor = 10_i128.pow(u32::from(value.scale - scale));
        let (quotient, remainder) = (value.unscaled / divisor, value.unscaled % divisor);
        if remainder.abs() >= divisor / 2 { quotient + value.unscaled.signum() } else { quotient }
    };
    (unscaled.abs() < 10_i128.pow(u32::from(precision))).then_some(Decimal { unscaled, scale })
}

/// Compares the values. The scales may differ.
pub(crate) fn compare(left: Decimal, right: Decimal) -> std::cmp::Ordering {
    let split = |value: Decimal| {
        let divisor = 10_i128.pow(u32::from(value.scale));
        // Both fractions are brought to 38 digits after the point, which fit an i128.
        let fraction = value.unscaled % divisor * 10_i128.pow(38 - u32::from(value.scale));
        (value.unscaled / divisor, fraction)
    };
    split(left).cmp(&split(right))
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use proptest::prelude::*;

    use super::*;

    fn unscaled(text: &str, precision: u8, scale: u8) -> Result<Option<i128>, Malformed> {
        parse(text.as_bytes(), precision, scale).map(|value| value.map(|value| value.unscaled))
    }

    #[test]
    fn digits_past_the_scale_are_rounded_half_up() {
        assert_eq!(unscaled("1.005", 10, 2), Ok(Some(101)));
        assert_eq!(unscaled("-1.005", 10, 2), Ok(Some(-101)));
        assert_eq!(unscaled("1.0049999", 10, 2), Ok(Some(100)));
        assert_eq!(unscaled("0.5", 10, 0), Ok(Some(1)));
        assert_eq!(unscaled("5e-1", 10, 0), Ok(Some(1)));
        assert_eq!(unscaled("5e-2", 10, 0), Ok(Some(0)));
        assert_eq!(unscaled("1.5e2", 10, 1), Ok(Some(1500)));
        assert_eq!(unscaled(".5", 3, 1), Ok(Some(5)));
        assert_eq!(unscaled("5.", 3, 1), Ok(Some(50)));
    }

    #[test]
    fn too_many_digits_before_the_point_are_an_overflow() {
        assert_eq!(unscaled("1000", 3, 0), Ok(None));
        assert_eq!(unscaled("999.5", 3, 0), Ok(None));
        assert_eq!(unscaled("1e999999999", 38, 0), Ok(None));
        assert_eq!(unscaled("0e999999999", 38, 0), Ok(Some(0)));
        assert_eq!(unscaled("1e-999999999", 38, 10), Ok(Some(0)));
        assert_eq!(unscaled(&"9".repeat(38), 38, 0), Ok(Some(10_i128.pow(38) - 1)));
    }

    #[test]
    fn other_text_is_malformed() {
        for bad in ["", " 1", "1 ", ".", "-", "1.2.3", "1e", "1e+", "0x1", "NaN", "1,5", "1e99999999999", "e5"] {
            assert_eq!(unscaled(bad, 10, 2), Err(Malformed), "{bad}");
        }
    }

    #[test]
    fn scales_do_not_matter_to_a_comparison() {
        let decimal = |unscaled, scale| Decimal { unscaled, scale };
        assert_eq!(compare(decimal(15, 1), decimal(1500, 3)), Ordering::Equal);
        assert_eq!(compare(decimal(-15, 1), decimal(-14, 1)), Ordering::Less);
        assert_eq!(compare(decimal(10_i128.pow(38) - 1, 0), decimal(1, 38)), Ordering::Greater);
        assert_eq!(compare(decimal(-(10_i128.pow(38) - 1), 38), decimal(0, 0)), Ordering::Less);
    }

    proptest! {
        #[test]
        fn rescaling_is_reading_the_printed_number(value in -10_i64.pow(17)..10_i64.pow(17), from in 0_u8..18, to in 0_u8..18) {
            let text = format!("{value}e-{from}");
            let direct = parse(text.as_bytes(), 38, to);
            prop_assert_eq!(Ok(rescale(Decimal { unscaled: i128::from(value), scale: from }, 38, to)), direct);
        }
    }
}
