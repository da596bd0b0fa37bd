//! The binary form of numeric: groups of four decimal digits.

use crate::types::refusal::{EncodeError, sqlstate};
use crate::types::text::scalar;

const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xC000;
/// More digits than a value of any Flink type has. Longer numbers are sent as text.
const DIGITS: usize = 96;

/// A decimal number as ASCII digits, rounded to a scale, without leading zeros.
pub(super) struct Digits {
    negative: bool,
    digits: [u8; DIGITS],
    length: usize,
    /// How many digits are after the point. This can be more than `length`.
    scale: usize,
}

/// NaN as a binary numeric.
pub(super) fn write_nan(out: &mut Vec<u8>) {
    for part in [0, 0, NAN, 0] {
        out.extend_from_slice(&part.to_be_bytes());
    }
}

/// Appends the digits of a binary numeric.
pub(super) fn print(bytes: &[u8], out: &mut Vec<u8>) {
    let part = |at: usize| bytes.get(2 * at..2 * at + 2).map_or(0, |pair| u16::from_be_bytes([pair[0], pair[1]]));
    let (groups, weight, sign, scale) = (i32::from(part(0)), i32::from(part(1) as i16), part(2), usize::from(part(3)));
    if sign == NAN {
        return out.extend_from_slice(b"NaN");
    }
    // The group of 10000^power. Groups that aren't stored are zero.
    let group = |power: i32| {
        let at = weight - power;
        if (0..groups).contains(&at) { part(4 + at as usize) } else { 0 }
    };
    if sign == NEGATIVE {
        out.push(b'-');
    }
    scalar::display(group(weight.max(0)), out);
    for power in (0..weight.max(0)).rev() {
        scalar::display(format_args!("{:04}", group(power)), out);
    }
    if scale > 0 {
        out.push(b'.');
        let end = out.len() + scale;
        for power in 1..=scale.div_ceil(4) as i32 {
            scalar::display(format_args!("{:04}", group(-power)), out);
        }
        out.truncate(end);
    }
}

impl Digits {
    /// Reads `-12.50` and rounds it as `numeric(precision, scale)` does: a half is rounded away from zero.
    pub fn parse(text: &[u8], modifier: Option<(u16, i16)>) -> Result<Digits, EncodeError> {
        let (negative, digits) = match text {
            [b'-', digits @ ..] => (true, digits),
            digits => (false, digits),
        };
        let (whole, fraction) = match memchr::memchr(b'.', digits) {
            Some(point) => (&digits[..point], &digits[point + 1..]),
            None => (digits, &[][..]),
        };
        let pointed = whole.len() < digits.len();
        let are_digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
        if whole.is_empty() || pointed && fraction.is_empty() || !are_digits(whole) || !are_digits(fraction) {
            return Err(EncodeError::AsText);
        }
        let scale = match modifier {
            None => fraction.len(),
            // numeric(2, 5) and numeric(3, -2) exist since PostgreSQL 15. They are rare, so they are left to the server.
            Some((precision, scale)) if scale < 0 || scale as u16 > precision => return Err(EncodeError::AsText),
            Some((_, scale)) => scale as usize,
        };
        let zeros = whole.iter().take_while(|&&digit| digit == b'0').count();
        let whole = &whole[zeros..];
        if whole.len() + scale >= DIGITS {
            return Err(EncodeError::AsText);
        }
        let mut number = Digits { negative, digits: [b'0'; DIGITS], length: whole.len() + scale, scale };
        let kept = fraction.len().min(scale);
        number.digits[..whole.len()].copy_from_slice(whole);
        number.digits[whole.len()..whole.len() + kept].copy_from_slice(&fraction[..kept]);
        if fraction.get(scale).is_some_and(|&next| next >= b'5') {
            number.add_one();
        }
        number.strip_leading_zeros();
        if let Some((precision, scale)) = modifier
            && number.length > usize::from(precision)
        {
            let text = String::from_utf8_lossy(text);
            let reason = format!(
                "{text} does not fit numeric({precision},{scale}): at most {} digits before the point",
                precision - scale as u16
            );
            return Err(EncodeError::reject(sqlstate::OUT_OF_RANGE, reason));
        }
        Ok(number)
    }

    fn add_one(&mut self) {
        for digit in self.digits[..self.length].iter_mut().rev() {
            if *digit < b'9' {
                *digit += 1;
                return;
            }
            *digit = b'0';
        }
        self.digits.copy_within(0..self.length, 1);
        self.digits[0] = b'1';
        self.length += 1;
    }

    fn strip_leading_zeros(&mut self) {
        let zeros = self.digits[..self.length].iter().take_while(|&&digit| digit == b'0').count();
        self.digits.copy_within(zeros..self.length, 0);
        self.length -= zeros;
    }

    /// The binary form: number of groups, weight of the first, sign, digits after the point, groups.
    pub fn write(&self, out: &mut Vec<u8>) {
        let digits = &self.digits[..self.length];
        // Groups are cut at the point, so the first one may be short.
        let whole = self.length as i32 - self.scale as i32;
        let weight = (whole + 3).div_euclid(4) - 1;
        let first = ((weight + 1) * 4 - whole) as usize;
        let start = out.len();
        for part in [0, weight as i16 as u16, if self.negative { NEGATIVE } else { 0 }, self.scale as u16] {
            out.extend_from_slice(&part.to_be_bytes());
        }
        let (mut group, mut filled) = (0_u16, first);
        let mut end = out.len();
        for position in 0..digits.len() + 3 {
            group = group * 10 + digits.get(position).map_or(0, |digit| u16::from(digit - b'0'));
            filled += 1;
            if filled == 4 {
                out.extend_from_slice(&group.to_be_bytes());
                if group != 0 {
                    end = out.len();
                }
                (group, filled) = (0, 0);
            }
        }
        // Groups of zeros at the end are not stored.
        out.truncate(end);
        let groups = (out.len() - start) / 2 - 4;
        out[start..start + 2].copy_from_slice(&(groups as u16).to_be_bytes());
        if groups == 0 {
            out[start + 2..start + 6].fill(0);
        }
    }

    /// The number in plain digits without trailing zeros: equal numbers have equal text.
    pub fn write_plain(&self, out: &mut Vec<u8>) {
        let mut digits = &self.digits[..self.length];
        let mut scale = self.scale;
        while let [rest @ .., b'0'] = digits
            && scale > 0
        {
            digits = rest;
            scale -= 1;
        }
        if digits.is_empty() {
            return out.push(b'0');
        }
        if self.negative {
            out.push(b'-');
        }
        let whole = digits.len().saturating_sub(scale);
        out.extend_from_slice(if whole == 0 { b"0" } else { &digits[..whole] });
        if scale > 0 {
            out.push(b'.');
            out.resize(out.len() + scale.saturating_sub(digits.len()), b'0');
            out.extend_from_slice(&digits[whole..]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binary(text: &str, modifier: Option<(u16, i16)>) -> Vec<u16> {
        let mut out = Vec::new();
        Digits::parse(text.as_bytes(), modifier).ok().unwrap().write(&mut out);
        out.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
    }

    fn plain(text: &str, modifier: Option<(u16, i16)>) -> String {
        let mut out = Vec::new();
        Digits::parse(text.as_bytes(), modifier).ok().unwrap().write_plain(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn digits_are_grouped_by_four_from_the_point() {
        assert_eq!(binary("12345.678", None), [3, 1, 0, 3, 1, 2345, 6780]);
        assert_eq!(binary("-0.00012", None), [2, 0xFFFF, NEGATIVE, 5, 1, 2000]);
        assert_eq!(binary("0.00001", None), [1, 0xFFFE, 0, 5, 1000]);
        assert_eq!(binary("10000", None), [1, 1, 0, 0, 1]);
        assert_eq!(binary("1.5", Some((10, 6))), [2, 0, 0, 6, 1, 5000]);
    }

    #[test]
    fn the_binary_form_prints_as_the_digits_it_was_made_of() {
        for text in ["12345.678", "-0.00012", "10000", "0", "0.0", "100000000.0001", "-7.50", "99999999999999999999"] {
            let mut bytes = Vec::new();
            Digits::parse(text.as_bytes(), None).ok().unwrap().write(&mut bytes);
            let mut out = Vec::new();
            print(&bytes, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }

    #[test]
    fn zero_has_no_groups_and_no_sign() {
        assert_eq!(binary("-0.00", None), [0, 0, 0, 2]);
        assert_eq!(binary("-0.004", Some((5, 2))), [0, 0, 0, 2]);
    }

    #[test]
    fn a_half_is_rounded_away_from_zero() {
        assert_eq!(plain("-1.235", Some((5, 2))), "-1.24");
        assert_eq!(plain("999.995", Some((6, 2))), "1000");
        assert_eq!(plain("0.5", Some((3, 0))), "1");
    }

    #[test]
    fn a_number_with_too_many_digits_before_the_point_is_out_of_range() {
        let refusal = Digits::parse(b"999.995", Some((5, 2))).err().unwrap();
        assert!(matches!(refusal, EncodeError::Reject { sqlstate: "22003", .. }));
    }

    #[test]
    fn the_plain_form_has_no_trailing_zeros() {
        for (text, expected) in
            [("0012.500", "12.5"), ("100", "100"), ("-0.0500", "-0.05"), ("0.000", "0"), ("7.00", "7")]
        {
            assert_eq!(plain(text, None), expected);
        }
    }

    #[test]
    fn other_spellings_are_left_to_the_server() {
        for text in ["", "-", "1e5", "+1", ".5", "5.", "NaN", " 1", "1_000"] {
            assert_eq!(Digits::parse(text.as_bytes(), None).err(), Some(EncodeError::AsText), "{text}");
        }
    }
}
