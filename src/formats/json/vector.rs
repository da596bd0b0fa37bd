//! The floats of a JSON array that is read as a vector.

use bumpalo::collections::Vec;

use super::cursor::JsonCursor;
use crate::formats::decode_error::DecodeError;
use crate::types::float;
use crate::types::float::Float;
use crate::types::value::{Value, Vector};

/// A number of a vector.
pub trait JsonFloat: Float + 'static {
    fn of(value: Value<'_>) -> Option<Self>;
    fn value<'a>(self) -> Value<'a>;
    fn vector(numbers: &[Self]) -> Vector<'_>;
}

impl JsonFloat for f32 {
    fn of(value: Value<'_>) -> Option<f32> {
        if let Value::Float(number) = value { Some(number) } else { None }
    }

    fn value<'a>(self) -> Value<'a> {
        Value::Float(self)
    }

    fn vector(numbers: &[f32]) -> Vector<'_> {
        Vector::Float(numbers)
    }
}

impl JsonFloat for f64 {
    fn of(value: Value<'_>) -> Option<f64> {
        if let Value::Double(number) = value { Some(number) } else { None }
    }

    fn value<'a>(self) -> Value<'a> {
        Value::Double(self)
    }

    fn vector(numbers: &[f64]) -> Vector<'_> {
        Vector::Double(numbers)
    }
}

/// Takes the plain numbers that come next. `true`: the next element is not a plain number. `false`: the array has ended.
#[inline]
pub fn plain_numbers<F: JsonFloat>(cursor: &mut JsonCursor<'_>, numbers: &mut Vec<'_, F>) -> Result<bool, DecodeError> {
    loop {
        cursor.numbers(|number| numbers.push(number));
        cursor.peek();
        let Some((number, length)) = float::plain(cursor.rest()) else { return Ok(true) };
        numbers.push(number);
        cursor.skip(length);
        if !cursor.has_more(b']')? {
            return Ok(false);
        }
    }
}
