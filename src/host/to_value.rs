//! Rust's own types as values.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::types::value::{Decimal, Value, Vector};

/// What a column's value can be read from. A vector is a slice, array or `Vec` of `f32` or `f64`; bytes are `[u8]`.
pub trait ToValue {
    /// The value, borrowed.
    fn to_value(&self) -> Value<'_>;
}

macro_rules! integers {
    ($($name:ty)*) => { $(
        impl ToValue for $name {
            fn to_value(&self) -> Value<'_> {
                Value::Int(i64::from(*self))
            }
        }
    )* };
}

integers! { i8 i16 i32 i64 u8 u16 u32 }

impl ToValue for Value<'_> {
    fn to_value(&self) -> Value<'_> {
        *self
    }
}

impl ToValue for bool {
    fn to_value(&self) -> Value<'_> {
        Value::Bool(*self)
    }
}

impl ToValue for f32 {
    fn to_value(&self) -> Value<'_> {
        Value::Float(*self)
    }
}

impl ToValue for f64 {
    fn to_value(&self) -> Value<'_> {
        Value::Double(*self)
    }
}

impl ToValue for Decimal {
    fn to_value(&self) -> Value<'_> {
        Value::Decimal(self)
    }
}

impl ToValue for str {
    fn to_value(&self) -> Value<'_> {
        Value::Text(self)
    }
}

impl ToValue for String {
    fn to_value(&self) -> Value<'_> {
        Value::Text(self)
    }
}

impl ToValue for [f32] {
    fn to_value(&self) -> Value<'_> {
        Value::Vector(Vector::Float(self))
    }
}

impl ToValue for [f64] {
    fn to_value(&self) -> Value<'_> {
        Value::Vector(Vector::Double(self))
    }
}

impl ToValue for [u8] {
    fn to_value(&self) -> Value<'_> {
        Value::Bytes(self)
    }
}

impl<T, const N: usize> ToValue for [T; N]
where
    [T]: ToValue,
{
    fn to_value(&self) -> Value<'_> {
        self.as_slice().to_value()
    }
}

impl<T> ToValue for Vec<T>
where
    [T]: ToValue,
{
    fn to_value(&self) -> Value<'_> {
        self.as_slice().to_value()
    }
}

impl<T: ToValue> ToValue for Option<T> {
    fn to_value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Null, T::to_value)
    }
}

impl<T: ToValue + ?Sized> ToValue for &T {
    fn to_value(&self) -> Value<'_> {
        (**self).to_value()
    }
}

/// An instant, for `timestamptz` and, in UTC, `timestamp`.
impl ToValue for SystemTime {
    fn to_value(&self) -> Value<'_> {
        match self.duration_since(UNIX_EPOCH) {
            Ok(after) => Value::Instant { seconds: after.as_secs() as i64, nanos: after.subsec_nanos() },
            Err(before) => {
                let before = before.duration();
                let borrow = i64::from(before.subsec_nanos() > 0);
                let nanos = if borrow > 0 { 1_000_000_000 - before.subsec_nanos() } else { 0 };
                Value::Instant { seconds: -(before.as_secs() as i64) - borrow, nanos }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_option_is_null_or_its_value() {
        assert_eq!(None::<i32>.to_value(), Value::Null);
        assert_eq!(Some("a").to_value(), Value::Text("a"));
        assert_eq!(vec![1.0_f32].to_value(), Value::Vector(Vector::Float(&[1.0])));
    }

    #[test]
    fn an_instant_before_the_epoch_counts_down_with_its_fraction_upwards() {
        let before = UNIX_EPOCH - Duration::from_millis(250);
        assert_eq!(before.to_value(), Value::Instant { seconds: -1, nanos: 750_000_000 });
        let whole = UNIX_EPOCH - Duration::from_secs(2);
        assert_eq!(whole.to_value(), Value::Instant { seconds: -2, nanos: 0 });
    }
}
