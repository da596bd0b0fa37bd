//! JSON arrays of floats → packed floats.

use bumpalo::collections::Vec;

use super::reader::JsonReader;
use super::shape::JsonElements;
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

/// The array whose bracket is here. With a NULL among its elements it can't be packed.
pub fn read<'a, F: JsonFloat>(reader: &mut JsonReader<'a>, elements: &JsonElements) -> Result<Value<'a>, DecodeError> {
    reader.cursor.skip(1);
    let mut numbers = Vec::with_capacity_in(reader.room(elements), reader.arena);
    let mut has_more = !reader.cursor.accept(b']');
    while has_more {
        reader.cursor.numbers(|number| numbers.push(number));
        reader.cursor.peek();
        match float::plain(reader.cursor.rest()) {
            Some((number, length)) => {
                numbers.push(number);
                reader.cursor.skip(length);
            }
            None => {
                let value = reader.value(&elements.shape).map_err(|fault| fault.in_element(numbers.len()))?;
                match F::of(value) {
                    Some(number) => numbers.push(number),
                    None => {
                        let mut values = Vec::with_capacity_in(reader.room(elements), reader.arena);
                        values.extend(numbers.iter().map(|number| F::value(*number)));
                        values.push(value);
                        let has_more = reader.cursor.has_more(b']')?;
                        return reader.elements(elements, values, has_more);
                    }
                }
            }
        }
        has_more = reader.cursor.has_more(b']')?;
    }
    elements.count.set(numbers.len());
    Ok(Value::Vector(F::vector(numbers.into_bump_slice())))
}
