//! Vectors: `float4[]`, `float8[]`, `int2[]` and pgvector's types, from literals, arrays and packed floats.

use super::column::Context;
use super::element::{Bare, Contents, ElementSlot, ElementWriter, Sized4, Sized8};
use super::float::Number;
use super::normalize::normalize;
use super::packed::Packed;
use super::refusal::{EncodeError, sqlstate};
use super::{array, half, literal, scalar, sparse};
use crate::types::target::{ColumnKind, Dimension};
use crate::types::value;
use crate::types::value::{Value, Vector};

/// As many as pgvector stores.
const MOST_DIMENSIONS: usize = 16_000;
/// Of an array of one dimension.
const ARRAY_HEADER: usize = 20;

pub(super) fn float4_array(value: &Value<'_>, context: Context<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    match value {
        Value::Array([Value::Array(_), ..]) => several(&ColumnKind::Float4, context, value, out),
        value => array::<Sized4>(value, context, context.vectors.normalize, out),
    }
}

pub(super) fn float8_array(value: &Value<'_>, context: Context<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    match value {
        Value::Array([Value::Array(_), ..]) => several(&ColumnKind::Float8, context, value, out),
        value => array::<Sized8>(value, context, context.vectors.normalize, out),
    }
}

/// Several dimensions are no vector, so there is no length to it.
fn several(
    element: &ColumnKind,
    context: Context<'_>,
    value: &Value<'_>,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let Value::Array(elements) = value else { return Err(EncodeError::AsText) };
    if let Some(dimension) = context.dimension {
        let reason = format!("the array has several dimensions, {} wants a vector", dimension.declared_by);
        return Err(EncodeError::reject(sqlstate::DATA_EXCEPTION, reason));
    }
    array::nested(element, context, elements, out)
}

/// `int2[]` from numbers that are whole, however they are spelt. Never normalized: nothing would be left of them.
pub(super) fn int2_array(value: &Value<'_>, context: Context<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    const OID: u32 = 21;
    let start = out.len();
    array::<Sized8>(value, context, false, out)?;
    out[start + 8..start + 12].copy_from_slice(&OID.to_be_bytes());
    // In place: a smallint takes less room than a float8.
    let (mut from, mut to) = (start + ARRAY_HEADER, start + ARRAY_HEADER);
    while let Some(&length) = out.get(from..).and_then(|rest| rest.first_chunk::<4>()) {
        let is_null = i32::from_be_bytes(length) < 0;
        if is_null {
            out[to..to + 4].copy_from_slice(&length);
            to += 4;
        } else {
            let number = out.get(from..from + Sized8::WIDTH).and_then(Sized8::get).unwrap_or(f64::NAN);
            if number.fract() != 0.0 || !(-32_768.0..=32_767.0).contains(&number) {
                let number = scalar::shown(&Value::Double(number));
                let reason = format!("element {number} is not a whole number within -32768 to 32767");
                return Err(EncodeError::reject(sqlstate::OUT_OF_RANGE, reason));
            }
            out[to..to + 4].copy_from_slice(&2_u32.to_be_bytes());
            out[to + 4..to + 6].copy_from_slice(&(number as i16).to_be_bytes());
            to += 6;
        }
        from += if is_null { 4 } else { Sized8::WIDTH };
    }
    // An empty array is shorter than the header of others.
    if from > start + ARRAY_HEADER {
        out.truncate(to);
    }
    Ok(())
}

/// The binary form of an array: dimensions, has-nulls flag, element type, then length and lower bound, then elements.
fn array<S: ElementSlot>(
    value: &Value<'_>,
    context: Context<'_>,
    to_length_one: bool,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let dimension = context.dimension;
    let input = Input::of(value, context)?;
    let count = input.count();
    check_length(count, dimension)?;
    if count == 0 && (to_length_one || dimension.is_some_and(|dimension| dimension.finite_only)) {
        return Err(no_dimensions());
    }
    let start = out.len();
    let mut header = [0; ARRAY_HEADER];
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
    if to_length_one {
        normalize::<S>(&mut out[start + ARRAY_HEADER..], &contents)?;
    }
    Ok(())
}

/// The binary form of `vector`: length, a reserved word, then bare float4.
pub(super) fn vector(value: &Value<'_>, context: Context<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    dense(value, context, "vector", out)
}

/// The same with float2.
pub(super) fn halfvec(value: &Value<'_>, context: Context<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let elements = out.len() + 4;
    dense(value, context, "halfvec", out)?;
    if !half::narrow(&mut out[elements..]) {
        let reason = "an element is out of range for halfvec (-65504 to 65504)";
        return Err(EncodeError::reject(sqlstate::OUT_OF_RANGE, reason));
    }
    out.truncate(elements + (out.len() - elements) / 2);
    Ok(())
}

pub(super) fn sparsevec(value: &Value<'_>, context: Context<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    match value {
        Value::Text(text) if sparse::is_literal(text) => sparse::literal(text, context, out),
        value => {
            let input = Input::of(value, context)?;
            sparse::from_dense(input.count(), context, out, &|out| input.write::<Bare>(out))
        }
    }
}

fn dense(value: &Value<'_>, context: Context<'_>, type_name: &str, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let input = Input::of(value, context)?;
    let count = input.count();
    check_length(count, context.dimension)?;
    if count == 0 {
        return Err(no_dimensions());
    }
    if count > MOST_DIMENSIONS {
        let reason = format!("the vector has {count} dimensions, {type_name} stores at most {MOST_DIMENSIONS}");
        return Err(EncodeError::reject(sqlstate::TOO_BIG, reason));
    }
    out.extend_from_slice(&(count as u16).to_be_bytes());
    out.extend_from_slice(&[0, 0]);
    let start = out.len();
    let contents = input.write::<Bare>(out)?;
    if contents.nulls > 0 {
        let reason = format!("the vector has {} NULL elements, the type {type_name} takes none", contents.nulls);
        return Err(EncodeError::reject(sqlstate::MALFORMED, reason));
    }
    check_finite(&contents, &format_args!("the type {type_name}"))?;
    if context.vectors.normalize {
        normalize::<Bare>(&mut out[start..], &contents)?;
    }
    Ok(())
}

pub(super) fn check_length(got: usize, dimension: Option<&Dimension>) -> Result<(), EncodeError> {
    match dimension {
        Some(wanted) if wanted.length != got => {
            let reason = format!("the vector has {got} dimensions, {} wants {}", wanted.declared_by, wanted.length);
            Err(EncodeError::reject(sqlstate::DATA_EXCEPTION, reason))
        }
        _ => Ok(()),
    }
}

fn check_finite(contents: &Contents, wanted_by: &dyn std::fmt::Display) -> Result<(), EncodeError> {
    if contents.nulls > 0 {
        let reason = format!("the vector has {} NULL elements, {wanted_by} takes none", contents.nulls);
        return Err(EncodeError::reject(sqlstate::NULL_NOT_ALLOWED, reason));
    }
    if contents.not_finite {
        let reason = format!("the vector has NaN or Infinity elements, {wanted_by} takes none");
        return Err(EncodeError::reject(sqlstate::DATA_EXCEPTION, reason));
    }
    Ok(())
}

pub(super) fn no_dimensions() -> EncodeError {
    EncodeError::reject(sqlstate::DATA_EXCEPTION, "the vector is empty, it must have at least one dimension")
}

/// Where the elements come from.
enum Input<'a> {
    Literal(literal::ArrayLiteral<'a>),
    Array(&'a [Value<'a>]),
    Packed(Packed<'a>),
    Vector(Vector<'a>),
}

impl<'a> Input<'a> {
    fn of(value: &Value<'a>, context: Context<'_>) -> Result<Self, EncodeError> {
        match (*value, context.vectors.encoding) {
            (Value::Text(text), _) => literal::open(text).map(Input::Literal),
            (Value::Array(elements), _) => Ok(Input::Array(elements)),
            (Value::Vector(elements), _) => Ok(Input::Vector(elements)),
            (Value::Bytes(bytes), Some(encoding)) => Packed::new(bytes, encoding).map(Input::Packed),
            _ => Err(EncodeError::AsText),
        }
    }

    fn count(&self) -> usize {
        match self {
            Input::Literal(literal) => literal.count,
            Input::Array(elements) => elements.len(),
            Input::Packed(packed) => packed.count(),
            Input::Vector(elements) => elements.len(),
        }
    }

    fn write<S: ElementSlot>(&self, out: &mut Vec<u8>) -> Result<Contents, EncodeError> {
        let mut elements = ElementWriter::<S>::reserve(out, self.count());
        match self {
            Input::Literal(literal) => literal.write(&mut elements)?,
            Input::Packed(packed) => packed.write(&mut elements)?,
            Input::Array(values) => {
                for value in *values {
                    match value {
                        Value::Null => elements.put_null(),
                        value => elements.put(scalar::float(value)?),
                    }
                }
            }
            Input::Vector(Vector::Half(values)) => {
                elements.put_all(values, |value| number::<S>(value::half(value).into()))
            }
            Input::Vector(Vector::Float(values)) => elements.put_all(values, |value| number::<S>(value.into())),
            Input::Vector(Vector::Double(values)) => {
                if let Some(value) = values.iter().find(|value| value.is_finite() && !number::<S>(**value).is_finite())
                {
                    return Err(scalar::overflow::<S::Number>(scalar::shown(&Value::Double(*value))));
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
fn number<S: ElementSlot>(value: f64) -> S::Number {
    S::Number::from_double(value)
}

#[cfg(test)]
#[path = "vector_tests.rs"]
mod tests;
