//! A row that is filled value by value.

use std::sync::Arc;

use bumpalo::Bump;

use super::{Row, Scratch, ToValue};
use crate::types::value::{Decimal, Value, Vector};

/// A row that owns its values. Set some of its columns, push it, clear it, and use it again. Columns that aren't set are NULL.
///
/// ```
/// use vecsink::{FilledRow, Row, Value};
///
/// let mut row = FilledRow::new(["id".to_owned(), "name".to_owned()]);
/// row.set(0, &7).unwrap();
/// row.set_named("name", &"lamp").unwrap();
/// assert!(row.with_values(|values| values == [Value::Int(7), Value::Text("lamp")]));
/// ```
#[derive(Debug, Clone)]
pub struct FilledRow {
    columns: Arc<[String]>,
    values: Vec<Owned>,
}

/// A value that owns its memory.
#[derive(Debug, Clone)]
enum Owned {
    /// A value that needs no memory of its own.
    Plain(Value<'static>),
    Decimal(Decimal),
    Text(String),
    Bytes(Vec<u8>),
    Halfs(Vec<u16>),
    Floats(Vec<f32>),
    Doubles(Vec<f64>),
    Array(Vec<Owned>),
    Row(Vec<Owned>),
    Map(Vec<(Owned, Owned)>),
}

impl FilledRow {
    /// A row of NULLs with these columns. For the columns of a sink: `FilledRow::new(sink.columns())`.
    pub fn new(columns: impl Into<Arc<[String]>>) -> FilledRow {
        let columns = columns.into();
        let values = columns.iter().map(|_| Owned::Plain(Value::Null)).collect();
        FilledRow { columns, values }
    }

    /// The columns of the row, in their order.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Copies a value into the column with this index.
    pub fn set(&mut self, index: usize, value: &(impl ToValue + ?Sized)) -> Result<(), String> {
        let count = self.values.len();
        let Some(place) = self.values.get_mut(index) else {
            return Err(format!("there is no column {index}: the row has {count}, counted from 0"));
        };
        place.put(&value.to_value(&Scratch::default()));
        Ok(())
    }

    /// Copies a value into the column with this name.
    pub fn set_named(&mut self, name: &str, value: &(impl ToValue + ?Sized)) -> Result<(), String> {
        match self.columns.iter().position(|column| column == name) {
            Some(index) => self.set(index, value),
            None => Err(format!("there is no column {name}: the row has {}", self.columns.join(", "))),
        }
    }

    /// Sets all columns to NULL.
    pub fn clear(&mut self) {
        self.values.iter_mut().for_each(|value| value.put(&Value::Null));
    }
}

impl Row for FilledRow {
    fn with_values<T>(&self, read: impl FnOnce(&[Value<'_>]) -> T) -> T {
        let arena = Bump::new();
        read(views(&self.values, &arena))
    }
}

fn views<'a>(values: &'a [Owned], arena: &'a Bump) -> &'a [Value<'a>] {
    arena.alloc_slice_fill_iter(values.iter().map(|value| value.view(arena)))
}

impl Owned {
    /// Copies a value into this one. If both are of the same kind, the memory is used again.
    fn put(&mut self, value: &Value<'_>) {
        match (&mut *self, value) {
            (Owned::Text(to), Value::Text(text)) => {
                to.clear();
                to.push_str(text);
            }
            (Owned::Bytes(to), Value::Bytes(bytes)) => replace(to, bytes),
            (Owned::Halfs(to), Value::Vector(Vector::Half(elements))) => replace(to, elements),
            (Owned::Floats(to), Value::Vector(Vector::Float(elements))) => replace(to, elements),
            (Owned::Doubles(to), Value::Vector(Vector::Double(elements))) => replace(to, elements),
            _ => *self = Owned::of(value),
        }
    }

    fn of(value: &Value<'_>) -> Owned {
        let all = |values: &[Value<'_>]| values.iter().map(Owned::of).collect();
        match *value {
            Value::Null => Owned::Plain(Value::Null),
            Value::Bool(value) => Owned::Plain(Value::Bool(value)),
            Value::Int(value) => Owned::Plain(Value::Int(value)),
            Value::Float(value) => Owned::Plain(Value::Float(value)),
            Value::Double(value) => Owned::Plain(Value::Double(value)),
            Value::Date(days) => Owned::Plain(Value::Date(days)),
            Value::Months(months) => Owned::Plain(Value::Months(months)),
            Value::Millis(millis) => Owned::Plain(Value::Millis(millis)),
            Value::Time(nanos) => Owned::Plain(Value::Time(nanos)),
            Value::Timestamp { seconds, nanos } => Owned::Plain(Value::Timestamp { seconds, nanos }),
            Value::Instant { seconds, nanos } => Owned::Plain(Value::Instant { seconds, nanos }),
            Value::Unchanged => Owned::Plain(Value::Unchanged),
            Value::Decimal(decimal) => Owned::Decimal(*decimal),
            Value::Text(text) => Owned::Text(text.to_owned()),
            Value::Bytes(bytes) => Owned::Bytes(bytes.to_vec()),
            Value::Vector(Vector::Half(elements)) => Owned::Halfs(elements.to_vec()),
            Value::Vector(Vector::Float(elements)) => Owned::Floats(elements.to_vec()),
            Value::Vector(Vector::Double(elements)) => Owned::Doubles(elements.to_vec()),
            Value::Array(values) => Owned::Array(all(values)),
            Value::Row(values) => Owned::Row(all(values)),
            Value::Map(entries) => {
                Owned::Map(entries.iter().map(|(key, value)| (Owned::of(key), Owned::of(value))).collect())
            }
        }
    }

    fn view<'a>(&'a self, arena: &'a Bump) -> Value<'a> {
        match self {
            Owned::Plain(value) => *value,
            Owned::Decimal(decimal) => Value::Decimal(decimal),
            Owned::Text(text) => Value::Text(text),
            Owned::Bytes(bytes) => Value::Bytes(bytes),
            Owned::Halfs(elements) => Value::Vector(Vector::Half(elements)),
            Owned::Floats(elements) => Value::Vector(Vector::Float(elements)),
            Owned::Doubles(elements) => Value::Vector(Vector::Double(elements)),
            Owned::Array(values) => Value::Array(views(values, arena)),
            Owned::Row(values) => Value::Row(views(values, arena)),
            Owned::Map(entries) => Value::Map(
                arena.alloc_slice_fill_iter(entries.iter().map(|(key, value)| (key.view(arena), value.view(arena)))),
            ),
        }
    }
}

fn replace<T: Copy>(to: &mut Vec<T>, elements: &[T]) {
    to.clear();
    to.extend_from_slice(elements);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_keeps_what_it_was_given_until_it_is_cleared() {
        let mut row = FilledRow::new(["a", "b", "c"].map(str::to_owned));
        let nested = [Value::Array(&[Value::Text("x"), Value::Null]), Value::Array(&[])];
        row.set(0, &vec![1.0_f32, 2.0]).unwrap();
        row.set_named("b", &Value::Array(&nested)).unwrap();
        row.set(2, &Decimal { unscaled: -5, scale: 2 }).unwrap();
        let expected = [
            Value::Vector(Vector::Float(&[1.0, 2.0])),
            Value::Array(&nested),
            Value::Decimal(&Decimal { unscaled: -5, scale: 2 }),
        ];
        assert!(row.with_values(|values| values == expected));
        row.set(0, &[3.0_f32]).unwrap();
        assert!(row.with_values(|values| values[0] == Value::Vector(Vector::Float(&[3.0]))));
        row.clear();
        assert!(row.with_values(|values| values == [Value::Null; 3]));
        assert!(row.set(3, &1).unwrap_err().contains("no column 3"));
        assert!(row.set_named("d", &1).unwrap_err().contains("a, b, c"));
    }
}
