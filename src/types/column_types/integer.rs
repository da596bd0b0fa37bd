//! smallint, integer and bigint.

use super::facets::*;
use super::field::{self, put};
use crate::types::refusal::sqlstate;
use crate::types::text::scalar;
use crate::types::text::shown::shown;
use crate::types::value::Decimal;

/// The differences between smallint, integer and bigint.
pub(super) trait IntegerWidth {
    const CATALOG: CatalogName;
    const NAME: &'static str;
    const SOURCE: DataType;
    const SMALLEST: i64;
    const LARGEST: i64;
    /// Appends the length and the bytes of a number within the range.
    fn put(number: i64, out: &mut Vec<u8>) -> Result<(), EncodeError>;
}

impl IntegerWidth for i16 {
    const CATALOG: CatalogName = CatalogName::BuiltIn { name: "int2", oid: 21 };
    const NAME: &'static str = "smallint";
    const SOURCE: DataType = DataType::SmallInt;
    const SMALLEST: i64 = i16::MIN as i64;
    const LARGEST: i64 = i16::MAX as i64;
    #[inline(always)]
    fn put(number: i64, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        field::fixed((number as i16).to_be_bytes(), out)
    }
}

impl IntegerWidth for i32 {
    const CATALOG: CatalogName = CatalogName::BuiltIn { name: "int4", oid: 23 };
    const NAME: &'static str = "integer";
    const SOURCE: DataType = DataType::Int;
    const SMALLEST: i64 = i32::MIN as i64;
    const LARGEST: i64 = i32::MAX as i64;
    #[inline(always)]
    fn put(number: i64, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        field::fixed((number as i32).to_be_bytes(), out)
    }
}

impl IntegerWidth for i64 {
    const CATALOG: CatalogName = CatalogName::BuiltIn { name: "int8", oid: 20 };
    const NAME: &'static str = "bigint";
    const SOURCE: DataType = DataType::BigInt;
    const SMALLEST: i64 = i64::MIN;
    const LARGEST: i64 = i64::MAX;
    #[inline(always)]
    fn put(number: i64, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        field::fixed(number.to_be_bytes(), out)
    }
}

/// A column of whole numbers of the width `I`.
pub(super) const fn integer<I: IntegerWidth>() -> Facets<()> {
    Facets {
        catalog: I::CATALOG,
        modifier: |_| Some(()),
        natural_source: |_| I::SOURCE,
        fit: |_, source, _| Fit::of_number(source),
        takes: takes_numbers,
        encode: |_, _, value, out| I::put(read::<I>(value)?, out),
        most_bytes: room::any,
        print: |_, bytes, out| scalar::display(field::integer(bytes), out),
        key: Key { images: KeyImages::EqualUnlessText, family: Some("integer") },
        key_image: |_, _, value, out| put(&read::<I>(value)?.to_be_bytes(), out),
        is_bare_element: true,
        brackets: None,
        vector: None,
    }
}

fn read<I: IntegerWidth>(value: &Value<'_>) -> Result<i64, EncodeError> {
    in_range(value, I::SMALLEST, I::LARGEST, I::NAME)
}

/// An integer within `smallest..=largest`, the range of `type_name`.
fn in_range(value: &Value<'_>, smallest: i64, largest: i64, type_name: &str) -> Result<i64, EncodeError> {
    let number = match *value {
        Value::Int(value) => Some(value),
        Value::Float(value) => whole(f64::from(value), type_name)?,
        Value::Double(value) => whole(value, type_name)?,
        Value::Decimal(value) => whole_decimal(value, type_name)?,
        Value::Text(text) => parse(text.as_bytes())?,
        _ => return Err(EncodeError::AsText),
    };
    match number {
        Some(number) if (smallest..=largest).contains(&number) => Ok(number),
        _ => {
            let reason = format!("{} is out of range for {type_name} ({smallest} to {largest})", shown(value));
            Err(EncodeError::reject(sqlstate::OUT_OF_RANGE, reason))
        }
    }
}

/// Decimal digits with an optional minus. `Ok(None)`: beyond an i64.
fn parse(text: &[u8]) -> Result<Option<i64>, EncodeError> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(EncodeError::AsText);
    }
    let magnitude =
        digits.iter().try_fold(0_i64, |sum, digit| sum.checked_mul(10)?.checked_sub(i64::from(digit - b'0')));
    // The sum is negative, because the smallest i64 has no positive counterpart.
    Ok(magnitude.and_then(|sum| if negative { Some(sum) } else { sum.checked_neg() }))
}

fn whole(value: f64, type_name: &str) -> Result<Option<i64>, EncodeError> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if value.is_finite() && value.fract() != 0.0 {
        return Err(not_whole(shown(&Value::Double(value)), type_name));
    }
    Ok((-LIMIT..LIMIT).contains(&value).then_some(value as i64))
}

fn whole_decimal(value: &Decimal, type_name: &str) -> Result<Option<i64>, EncodeError> {
    let unit = 10_i128.checked_pow(u32::from(value.scale));
    match unit {
        Some(unit) if value.unscaled % unit == 0 => Ok(i64::try_from(value.unscaled / unit).ok()),
        _ => Err(not_whole(shown(&Value::Decimal(value)), type_name)),
    }
}

fn not_whole(value: String, type_name: &str) -> EncodeError {
    let reason = format!("{value} is not a whole number, the column is {type_name}; use CAST to round it");
    EncodeError::reject(sqlstate::MALFORMED, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negative_numbers_keep_their_sign_in_every_width() {
        let printed = |print: fn(&(), &[u8], &mut Vec<u8>), bytes: &[u8]| {
            let mut out = Vec::new();
            print(&(), bytes, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(printed(integer::<i16>().print, &[0xff, 0xfe]), "-2");
        assert_eq!(printed(integer::<i64>().print, &(-2_i64).to_be_bytes()), "-2");
    }
}
