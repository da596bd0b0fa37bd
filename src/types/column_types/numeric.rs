//! numeric.

use super::facets::*;
use super::field::counted;
use super::numeric_digits::{self, Digits};
use crate::types::number::{with_decimal_text, with_display};
use crate::types::value::Decimal;

/// The modifier is precision and scale.
pub(super) const NUMERIC: Facets<Option<(u16, i16)>> = Facets {
    catalog: CatalogName::BuiltIn { name: "numeric", oid: 1700 },
    modifier: |of| {
        // The upper half is the precision. The lower 11 bits are the scale, signed.
        Some(of.modifier_from_4().map(|packed| {
            let scale = (packed & 0x7ff) as i16;
            ((packed >> 16) as u16, if scale > 0x3ff { scale - 0x800 } else { scale })
        }))
    },
    natural_source: |_| DataType::Decimal { precision: 38, scale: 18 },
    fit: |_, source, _| Fit::of_number(source),
    takes: takes_numbers,
    encode: |digits, _, value, out| {
        let number = numeric(value, *digits)?;
        counted(out, |out| {
            match number {
                Some(number) => number.write(out),
                None => numeric_digits::write_nan(out),
            }
            Ok(())
        })
    },
    most_bytes: room::any,
    print: |_, bytes, out| numeric_digits::print(bytes, out),
    key: Key { images: KeyImages::EqualUnlessText, family: None },
    key_image: |digits, _, value, out| {
        match numeric(value, *digits)? {
            Some(number) => number.write_plain(out),
            None => out.extend_from_slice(b"NaN"),
        }
        Ok(())
    },
    is_bare_element: true,
    brackets: None,
    vector: None,
};

/// `None` is NaN.
fn numeric(value: &Value<'_>, modifier: Option<(u16, i16)>) -> Result<Option<Digits>, EncodeError> {
    let plain = |text: &str| Digits::parse(text.as_bytes(), modifier).map(Some);
    match *value {
        Value::Int(value) => with_decimal_text(&Decimal { unscaled: i128::from(value), scale: 0 }, plain),
        Value::Decimal(value) => with_decimal_text(value, plain),
        Value::Text(text) => plain(text),
        Value::Float(value) if value.is_nan() => Ok(None),
        Value::Double(value) if value.is_nan() => Ok(None),
        Value::Float(value) if value.is_finite() => with_display(value, plain),
        Value::Double(value) if value.is_finite() => with_display(value, plain),
        _ => Err(EncodeError::AsText),
    }
}
