//! Vectors: `float4[]`, `float8[]` and pgvector's `vector`, from literals and from arrays.

use super::element::{Bare, Contents, Elements, Sized4, Sized8, Slot};
use super::float::Number;
use super::literal;
use super::refusal::{Refusal, sqlstate};
use super::scalar;
use crate::target::Dimension;
use crate::value::{Value, Vector, half};

/// As many as pgvector stores.
const MOST_DIMENSIONS: usize = 16_000;

pub(super) fn float4_array(value: &Value<'_>, dimension: Option<&Dimension>, out: &mut Vec<u8>) -> Result<(), Refusal> {
    array::<Sized4>(value, dimension, out)
}

pub(super) fn float8_array(value: &Value<'_>, dimension: Option<&Dimension>, out: &mut Vec<u8>) -> Result<(), Refusal> {
    array::<Sized8>(value, dimension, out)
}

/// The binary form of an array: dimensions, has-nulls flag, element type, then length and lower bound, then elements.
fn array<S: Slot>(value: &Value<'_>, dimension: Option<&Dimension>, out: &mut Vec<u8>) -> Result<(), Refusal> {
    let input = Input::of(value)?;
    let count = input.count();
    check_length(count, dimension)?;
    if dimension.is_some_and(|dimension| dimension.finite_only) && count == 0 {
        return Err(no_dimensions());
    }
    let start = out.len();
    let mut header = [0; 20];
    header[3] = u8::from(count > 0);
    header[8..12].copy_from_slice(&S::Number::OID.to_be_bytes());
    header[12..16].copy_from_slice(&(count as u32).to_be_bytes());
    header[19] = 1;
    // An empty array has no dimensions.
    out.extend_from_slice(if count > 0 { &header } else { &header[..12] });
    let contents = input.write::<S>(out)?;
    if contents.nulls > 0 {
        out[start + 7] = 1;
    }
    if let Some(dimension) = dimension
        && dimension.finite_only
    {
        check_finite(&contents, &dimension.declared_by)?;
    }
    Ok(())
}

/// The binary form of `vector`: length, a reserved word, then bare float4.
pub(super) fn vector(value: &Value<'_>, dimension: Option<&Dimension>, out: &mut Vec<u8>) -> Result<(), Refusal> {
    let input = Input::of(value)?;
    let count = input.count();
    check_length(count, dimension)?;
    if count == 0 {
        return Err(no_dimensions());
    }
    if count > MOST_DIMENSIONS {
        let reason = format!("the vector has {count} dimensions, pgvector stores at most {MOST_DIMENSIONS}");
        return Err(Refusal::reject(sqlstate::TOO_BIG, reason));
    }
    out.extend_from_slice(&(count as u16).to_be_bytes());
    out.extend_from_slice(&[0, 0]);
    let contents = input.write::<Bare>(out)?;
    if contents.nulls > 0 {
        let reason = format!("the vector has {} NULL elements, the type vector takes none", contents.nulls);
        return Err(Refusal::reject(sqlstate::MALFORMED, reason));
    }
    check_finite(&contents, "the type vector")
}

fn check_length(got: usize, dimension: Option<&Dimension>) -> Result<(), Refusal> {
    match dimension {
        Some(wanted) if wanted.length != got => {
            let reason = format!("the vector has {got} dimensions, {} wants {}", wanted.declared_by, wanted.length);
            Err(Refusal::reject(sqlstate::DATA_EXCEPTION, reason))
        }
        _ => Ok(()),
    }
}

fn check_finite(contents: &Contents, wanted_by: &str) -> Result<(), Refusal> {
    if contents.nulls > 0 {
        let reason = format!("the vector has {} NULL elements, {wanted_by} takes none", contents.nulls);
        return Err(Refusal::reject(sqlstate::NULL_NOT_ALLOWED, reason));
    }
    if contents.not_finite {
        let reason = format!("the vector has NaN or Infinity elements, {wanted_by} takes none");
        return Err(Refusal::reject(sqlstate::DATA_EXCEPTION, reason));
    }
    Ok(())
}

fn no_dimensions() -> Refusal {
    Refusal::reject(sqlstate::DATA_EXCEPTION, "the vector is empty, it must have at least one dimension")
}

/// Where the elements come from.
enum Input<'a> {
    Literal(literal::Literal<'a>),
    Array(&'a [Value<'a>]),
    Vector(Vector<'a>),
}

impl<'a> Input<'a> {
    fn of(value: &Value<'a>) -> Result<Self, Refusal> {
        match *value {
            Value::Text(text) => literal::open(text).map(Input::Literal),
            Value::Array(elements) => Ok(Input::Array(elements)),
            Value::Vector(elements) => Ok(Input::Vector(elements)),
            _ => Err(Refusal::AsText),
        }
    }

    fn count(&self) -> usize {
        match self {
            Input::Literal(literal) => literal.count,
            Input::Array(elements) => elements.len(),
            Input::Vector(elements) => elements.len(),
        }
    }

    fn write<S: Slot>(&self, out: &mut Vec<u8>) -> Result<Contents, Refusal> {
        let mut elements = Elements::<S>::reserve(out, self.count());
        match self {
            Input::Literal(literal) => literal.write(&mut elements)?,
            Input::Array(values) => {
                for value in *values {
                    match value {
                        Value::Null => elements.put_null(),
                        value => elements.put(scalar::float(value)?),
                    }
                }
            }
            Input::Vector(Vector::Half(values)) => elements.put_all(values, |value| number::<S>(half(value).into())),
            Input::Vector(Vector::Float(values)) => elements.put_all(values, |value| number::<S>(value.into())),
            Input::Vector(Vector::Double(values)) => {
                if let Some(value) = values.iter().find(|value| value.is_finite() && !number::<S>(**value).is_finite())
                {
                    return Err(scalar::overflow::<S::Number>(value));
                }
                elements.put_all(values, number::<S>);
            }
        }
        let (contents, left) = elements.finish();
        out.truncate(out.len() - left);
        Ok(contents)
    }
}

#[inline(always)]
fn number<S: Slot>(value: f64) -> S::Number {
    S::Number::from_double(value)
}

#[cfg(test)]
#[path = "vector_tests.rs"]
mod tests;
