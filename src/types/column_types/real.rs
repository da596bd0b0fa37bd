//! real and double precision.

use std::marker::PhantomData;

use super::facets::*;
use super::field;
use crate::types::number::{self, Number};

/// A column of floats that are `N`.
pub(super) struct Real<N>(PhantomData<N>);

/// What the widths differ in.
pub(super) trait Width: Number {
    const SOURCE: DataType;
    /// Appends the length and the bytes.
    fn put(self, out: &mut Vec<u8>);
    /// Appends the bytes of a key: −0 is +0, and there is one NaN.
    fn put_image(self, out: &mut Vec<u8>);
}

impl Width for f32 {
    const SOURCE: DataType = DataType::Float;
    #[inline(always)]
    fn put(self, out: &mut Vec<u8>) {
        field::fixed(self.to_be_bytes(), out);
    }
    fn put_image(self, out: &mut Vec<u8>) {
        let value = if self.is_nan() { f32::NAN } else { self + 0.0 };
        out.extend_from_slice(&value.to_be_bytes());
    }
}

impl Width for f64 {
    const SOURCE: DataType = DataType::Double;
    #[inline(always)]
    fn put(self, out: &mut Vec<u8>) {
        field::fixed(self.to_be_bytes(), out);
    }
    fn put_image(self, out: &mut Vec<u8>) {
        let value = if self.is_nan() { f64::NAN } else { self + 0.0 };
        out.extend_from_slice(&value.to_be_bytes());
    }
}

impl<N: Width> Facets for Real<N> {
    type Modifier = ();

    const CATALOG: Catalog = Catalog::BuiltIn { name: N::NAME, oid: N::OID };
    fn modifier(_: &CatalogType) -> Option<()> {
        Some(())
    }

    fn natural_source((): &()) -> DataType {
        N::SOURCE
    }
    fn fit((): &(), source: &DataType, _: Option<VectorEncoding>) -> Fit {
        Fit::of_number(source)
    }
    fn takes(source: &DataType) -> &'static str {
        takes_numbers(source)
    }

    #[inline]
    fn encode((): &(), _: Context<'_>, value: &Value<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        of_column::<N>(value)?.put(out);
        Ok(())
    }
    fn most_bytes(value: &Value<'_>) -> usize {
        room::any(value)
    }
    fn print((): &(), bytes: &[u8], out: &mut Vec<u8>) {
        number::print::<N>(bytes, out);
    }

    const KEY: Key = Key { images: KeyImages::EqualUnlessText, family: None };
    fn key_image((): &(), _: &DataType, value: &Value<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        number::float::<N>(value)?.put_image(out);
        Ok(())
    }

    const IS_BARE_ELEMENT: bool = true;
    const BRACKETS: Option<[u8; 2]> = None;
    const VECTOR: Option<VectorColumn> = None;
}

/// A number of a column of its own. Text that underflows is left to the server, which refuses it; only the elements of a
/// vector are rounded to 0 for it.
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
