//! Vectors that come as bytes: floats of 2, 4 or 8 bytes, one after another.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::element::{ElementSlot, ElementWriter};
use super::float2;
use crate::types::number::{self, Number};
use crate::types::refusal::{EncodeError, excerpt, sqlstate};
use crate::types::text::shown::shown;
use crate::types::value::Value;
use crate::types::vector_encoding::{PackedNumber, VectorEncoding};

/// Padding may be left out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Replaces `bytes` by the bytes that `text` contains in base64.
pub fn decode_base64(text: &str, bytes: &mut Vec<u8>) -> Result<(), EncodeError> {
    bytes.clear();
    BASE64.decode_vec(text.trim_ascii(), bytes).map_err(|error| {
        let reason = format!("{} is neither a vector such as [0.1,0.2] nor base64: {error}", excerpt(text));
        EncodeError::reject(sqlstate::MALFORMED, reason)
    })
}

#[derive(Clone, Copy)]
pub struct Packed<'a> {
    bytes: &'a [u8],
    encoding: VectorEncoding,
}

fn width(number: PackedNumber) -> usize {
    match number {
        PackedNumber::F16 => 2,
        PackedNumber::F32 => 4,
        PackedNumber::F64 => 8,
    }
}

impl<'a> Packed<'a> {
    pub fn new(bytes: &'a [u8], encoding: VectorEncoding) -> Result<Self, EncodeError> {
        let width = width(encoding.number);
        if !bytes.len().is_multiple_of(width) {
            let reason = format!(
                "the value has {} bytes, which is not a multiple of {width}, the bytes of a float",
                bytes.len()
            );
            return Err(EncodeError::reject(sqlstate::MALFORMED, reason));
        }
        Ok(Packed { bytes, encoding })
    }

    pub fn count(&self) -> usize {
        self.bytes.len() / width(self.encoding.number)
    }

    pub fn write<S: ElementSlot>(&self, elements: &mut ElementWriter<'_, S>) -> Result<(), EncodeError> {
        let single = |number: f32| S::Number::from_single(number);
        let bytes = self.bytes;
        match (self.encoding.number, self.encoding.big_endian) {
            (PackedNumber::F32, false) => put::<S, 4>(bytes, elements, |bytes| single(f32::from_le_bytes(bytes))),
            (PackedNumber::F32, true) => put::<S, 4>(bytes, elements, |bytes| single(f32::from_be_bytes(bytes))),
            (PackedNumber::F16, false) => put_halves(bytes, elements, u16::from_le_bytes),
            (PackedNumber::F16, true) => put_halves(bytes, elements, u16::from_be_bytes),
            (PackedNumber::F64, false) => {
                put::<S, 8>(bytes, elements, |bytes| S::Number::from_double(f64::from_le_bytes(bytes)));
            }
            (PackedNumber::F64, true) => {
                put::<S, 8>(bytes, elements, |bytes| S::Number::from_double(f64::from_be_bytes(bytes)));
            }
        }
        if elements.contents.not_finite { self.check_range::<S>() } else { Ok(()) }
    }

    /// Refuses a finite number that became infinite because the column's type is narrower.
    #[cold]
    fn check_range<S: ElementSlot>(&self) -> Result<(), EncodeError> {
        if self.encoding.number != PackedNumber::F64 {
            return Ok(());
        }
        let (numbers, _) = self.bytes.as_chunks::<8>();
        for &number in numbers {
            let number = if self.encoding.big_endian { f64::from_be_bytes(number) } else { f64::from_le_bytes(number) };
            if number.is_finite() && !S::Number::from_double(number).is_finite() {
                return Err(number::overflow::<S::Number>(shown(&Value::Double(number))));
            }
        }
        Ok(())
    }
}

/// No branch in the loop depends on a number, so the compiler handles several numbers at once.
#[inline(always)]
fn put<S: ElementSlot, const W: usize>(
    bytes: &[u8],
    elements: &mut ElementWriter<'_, S>,
    read: impl Fn([u8; W]) -> S::Number,
) {
    elements.put_all(bytes.as_chunks::<W>().0, read);
}

fn put_halves<S: ElementSlot>(bytes: &[u8], elements: &mut ElementWriter<'_, S>, read: impl Fn([u8; 2]) -> u16) {
    let mut halves = [0; float2::CHUNK];
    for bytes in bytes.as_chunks::<2>().0.chunks(float2::CHUNK) {
        let halves = &mut halves[..bytes.len()];
        for (half, bytes) in halves.iter_mut().zip(bytes) {
            *half = read(*bytes);
        }
        float2::widen(halves, |numbers| elements.put_all(numbers, S::Number::from_single));
    }
}
