//! One row as the host program has it.

use super::{Scratch, ToValue};
use crate::types::value::Value;

/// A row that can be pushed: a slice of [`Value`]s, or a tuple, an array or a vector of anything that is [`ToValue`], in
/// the order of the sink's columns.
///
/// ```
/// use vecsink::{Row, Value};
///
/// let embedding = [0.1_f32, 0.2, 0.3];
/// let row = (7, "red", Some(1.5), &embedding);
/// assert_eq!(row.with_values(|values| values.len()), 4);
/// let row = [Value::Int(7), Value::Text("red")];
/// assert!(row.with_values(|values| values[1] == Value::Text("red")));
/// ```
pub trait Row {
    /// Calls `read` with the row's values.
    fn with_values<T>(&self, read: impl FnOnce(&[Value<'_>]) -> T) -> T;
}

impl<R: Row + ?Sized> Row for &R {
    fn with_values<T>(&self, read: impl FnOnce(&[Value<'_>]) -> T) -> T {
        (**self).with_values(read)
    }
}

impl Row for [Value<'_>] {
    fn with_values<T>(&self, read: impl FnOnce(&[Value<'_>]) -> T) -> T {
        read(self)
    }
}

impl Row for Vec<Value<'_>> {
    fn with_values<T>(&self, read: impl FnOnce(&[Value<'_>]) -> T) -> T {
        read(self)
    }
}

impl<const N: usize> Row for [Value<'_>; N] {
    fn with_values<T>(&self, read: impl FnOnce(&[Value<'_>]) -> T) -> T {
        read(self)
    }
}

macro_rules! tuples {
    ($($first:ident $($name:ident)*;)*) => { $(
        impl<$first: ToValue, $($name: ToValue),*> Row for ($first, $($name,)*) {
            fn with_values<T>(&self, read: impl FnOnce(&[Value<'_>]) -> T) -> T {
                #[allow(non_snake_case)]
                let ($first, $($name,)*) = self;
                let scratch = Scratch::default();
                read(&[$first.to_value(&scratch), $($name.to_value(&scratch)),*])
            }
        }
    )* };
}

tuples! {
    A;
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
    A B C D E F G;
    A B C D E F G H;
    A B C D E F G H I;
    A B C D E F G H I J;
    A B C D E F G H I J K;
    A B C D E F G H I J K L;
}
