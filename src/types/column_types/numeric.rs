//! numeric.

use super::facets::*;
use super::field::counted;
use super::numeric_digits::{self, Digits};
use crate::types::number::{with_decimal_text, with_display};
use crate::types::value::Decimal;

pub(super) struct Numeric;

impl Facets for Numeric {
    /// Precision and scale.
    type Modifier = Option<(u16, i16)>;

    const CATALOG: Catalog = Catalog::BuiltIn { name: "numeric", oid: 1700 };
    fn modifier(of: &CatalogType) -> Option<Self::Modifier> {
        // The precision stands in the upper half, the scale in the lower 11 bits, signed.
        Some(of.modifier_from_4().map(|packed| {
            let scale = (packed & 0x7ff) as i16;
            ((packed >> 16) as u16, if scale > 0x3ff { scale - 0x800 } else { scale })
        }))
    }

    fn natural_source(_: &Self::Modifier) -> DataType {
        DataType::Decimal { precision: 38, scale: 18 }
    }
    fn fit(_: &Self::Modifier, source: &DataType, _: Option<VectorEncoding>) -> Fit {
        Fit::of_number(source)
    }
    fn takes(source: &DataType) -> &'static str {
        takes_numbers(source)
    }

    fn encode(
        digits: &Self::Modifier,
        _: Context<'_>,
        value: &Value<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        let number = numeric(value, *digits)?;
        counted(out, |out| {
            match number {
                Some(number) => number.write(out),
                None => numeric_digits::write_nan(out),
            }
            Ok(())
        })
    }
    fn most_bytes(value: &Value<'_>) -> usize {
        room::any(value)
    }
    fn print(_: &Self::Modifier, bytes: &[u8], out: &mut Vec<u8>) {
        numeric_digits::print(bytes, out);
    }

    const KEY: Key = Key { images: KeyImages::EqualUnlessText, family: None };
    fn key_image(
        digits: &Self::Modifier,
        _: &DataType,
        value: &Value<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        match numeric(value, *digits)? {
            Some(number) => number.write_plain(out),
            None => out.extend_from_slice(b"NaN"),
        }
        Ok(())
    }

    const IS_BARE_ELEMENT: bool = true;
    const BRACKETS: Option<[u8; 2]> = None;
    const VECTOR: Option<VectorColumn> = None;
}

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
