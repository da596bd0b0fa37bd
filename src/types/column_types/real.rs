//! real and double precision.

use super::facets::*;
use super::field;
use crate::types::number::{self, Number};

/// The differences between real and double precision.
pub(super) trait FloatWidth: Number {
    const SOURCE: DataType;
    /// Appends the length and the bytes.
    fn put(self, out: &mut Vec<u8>) -> Result<(), EncodeError>;
    /// Appends the bytes of a key: −0 becomes +0, and every NaN becomes the same NaN.
    fn put_image(self, out: &mut Vec<u8>) -> Result<(), EncodeError>;
}

impl FloatWidth for f32 {
    const SOURCE: DataType = DataType::Float;
    #[inline(always)]
    fn put(self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        field::fixed(self.to_be_bytes(), out)
    }
    fn put_image(self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let value = if self.is_nan() { f32::NAN } else { self + 0.0 };
        field::put(&value.to_be_bytes(), out)
    }
}

impl FloatWidth for f64 {
    const SOURCE: DataType = DataType::Double;
    #[inline(always)]
    fn put(self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        field::fixed(self.to_be_bytes(), out)
    }
    fn put_image(self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let value = if self.is_nan() { f64::NAN } else { self + 0.0 };
        field::put(&value.to_be_bytes(), out)
    }
}

/// A column of floats of the width `N`.
pub(super) const fn real<N: FloatWidth>() -> Facets<()> {
    Facets {
        catalog: CatalogName::BuiltIn { name: N::NAME, oid: N::OID },
        modifier: |_| Some(()),
        natural_source: |_| N::SOURCE,
        fit: |_, source, _| Fit::of_number(source),
        takes: takes_numbers,
        encode: |_, _, value, out| of_column::<N>(value)?.put(out),
        most_bytes: room::any,
        print: |_, bytes, out| number::print::<N>(bytes, out),
        key: Key { images: KeyImages::EqualUnlessText, family: None },
        key_image: |_, _, value, out| number::float::<N>(value)?.put_image(out),
        is_bare_element: true,
        brackets: None,
        vector: None,
    }
}

/// The number of a column that holds one number. A text whose number is too small for the type is left to the server, which
/// refuses it. (In a vector, an element that is too small is rounded to 0.)
fn of_column<N: Number>(value: &Value<'_>) -> Result<N, EncodeError> {
    let number: N = number::float(value)?;
    match *value {
        Value::Text(text) if number == N::from_int(0) && has_digit_above_zero(text) => Err(EncodeError::AsText),
        _ => Ok(number),
    }
}

fn has_digit_above_zero(text: &str) -> bool {
    text.bytes().take_while(|byte| !matches!(byte, b'e' | b'E')).any(|byte| matches!(byte, b'1'..=b'9'))
}
