//! The elements of an ARRAY. Formats and programs give an array of floats without NULLs as a vector, any other array as values.

use crate::types::value::{Value, Vector};

#[derive(Clone, Copy)]
pub(crate) enum Elements<'a> {
    Values(&'a [Value<'a>]),
    Numbers(Vector<'a>),
}

impl<'a> Elements<'a> {
    /// `None`: the value is no array.
    pub(crate) fn of(value: Value<'a>) -> Option<Elements<'a>> {
        match value {
            Value::Array(values) => Some(Elements::Values(values)),
            Value::Vector(numbers) => Some(Elements::Numbers(numbers)),
            _ => None,
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Elements::Values(values) => values.len(),
            Elements::Numbers(numbers) => numbers.len(),
        }
    }

    /// The element at an index counted from 0, if there is one.
    pub(crate) fn get(&self, index: usize) -> Option<Value<'a>> {
        match self {
            Elements::Values(values) => values.get(index).copied(),
            Elements::Numbers(numbers) => (index < numbers.len()).then(|| numbers.element(index)),
        }
    }

    pub(crate) fn iter(self) -> impl ExactSizeIterator<Item = Value<'a>> {
        (0..self.len()).map(move |index| self.get(index).unwrap_or(Value::Null))
    }
}
