//! Where the elements of a vector come from: literals, arrays, packed floats and the floats of a host.

use super::element::{Contents, ElementSlot, ElementWriter};
use super::packed::Packed;
use super::{float2, literal};
use crate::types::number::{self, Number};
use crate::types::refusal::EncodeError;
use crate::types::text::shown::shown;
use crate::types::value::{Value, Vector};
use crate::types::vector_encoding::VectorEncoding;

/// Where the elements come from.
pub enum Input<'a> {
    Literal(literal::ArrayLiteral<'a>),
    Array(&'a [Value<'a>]),
    Packed(Packed<'a>),
    Vector(Vector<'a>),
}

impl<'a> Input<'a> {
    pub fn of(value: &Value<'a>, encoding: Option<VectorEncoding>) -> Result<Self, EncodeError> {
        match (*value, encoding) {
            (Value::Text(text), _) => literal::open(text).map(Input::Literal),
            (Value::Array(elements), _) => Ok(Input::Array(elements)),
            (Value::Vector(elements), _) => Ok(Input::Vector(elements)),
            (Value::Bytes(bytes), Some(encoding)) => Packed::new(bytes, encoding).map(Input::Packed),
            _ => Err(EncodeError::AsText),
        }
    }

    pub fn count(&self) -> usize {
        match self {
            Input::Literal(literal) => literal.count,
            Input::Array(elements) => elements.len(),
            Input::Packed(packed) => packed.count(),
            Input::Vector(elements) => elements.len(),
        }
    }

    pub fn write<S: ElementSlot>(&self, out: &mut Vec<u8>) -> Result<Contents, EncodeError> {
        let mut elements = ElementWriter::<S>::reserve(out, self.count());
        match self {
            Input::Literal(literal) => literal.write(&mut elements)?,
            Input::Packed(packed) => packed.write(&mut elements)?,
            Input::Array(values) => {
                for value in *values {
                    match value {
                        Value::Null => elements.put_null(),
                        value => elements.put(number::float(value)?),
                    }
                }
            }
            Input::Vector(Vector::Half(values)) => {
                float2::widen(values, |values| elements.put_all(values, S::Number::from_single));
            }
            Input::Vector(Vector::Float(values)) => elements.put_all(values, |value| converted::<S>(value.into())),
            Input::Vector(Vector::Double(values)) => {
                if let Some(value) =
                    values.iter().find(|value| value.is_finite() && !converted::<S>(**value).is_finite())
                {
                    return Err(number::overflow::<S::Number>(shown(&Value::Double(*value))));
                }
                elements.put_all(values, converted::<S>);
            }
        }
        let (contents, left) = elements.finish();
        out.truncate(out.len() - left);
        Ok(contents)
    }
}

#[inline(always)]
fn converted<S: ElementSlot>(value: f64) -> S::Number {
    S::Number::from_double(value)
}
