//! Rust's own types as values, and those of crates that many programs use.

#[cfg(feature = "chrono")]
mod chrono;
mod half;
#[cfg(feature = "jiff")]
mod jiff;
mod json;
mod scratch;
#[cfg(feature = "uuid")]
mod uuid;

pub use scratch::Scratch;

use std::time::{SystemTime, UNIX_EPOCH};

use crate::types::value::{Decimal, Value, Vector};

/// A type from which a column's value can be read. A vector is a slice, array or `Vec` of `f32`, `f64` or `half::f16`. Bytes are
/// `[u8]`. A [`serde_json::Value`] is a JSON document, even if it is `null`. With the features `uuid`, `chrono` and `jiff` the types
/// of those crates can be read, too.
pub trait ToValue {
    /// The value. If it can't be borrowed from `self`, it is made in `scratch`.
    fn to_value<'a>(&'a self, scratch: &'a Scratch) -> Value<'a>;
}

macro_rules! integers {
    ($($name:ty)*) => { $(
        impl ToValue for $name {
            fn to_value<'a>(&'a self, _: &'a Scratch) -> Value<'a> {
                Value::Int(i64::from(*self))
            }
        }
    )* };
}

integers! { i8 i16 i32 i64 u8 u16 u32 }

/// A number that doesn't fit into an `i64` becomes a decimal, for `numeric`.
impl ToValue for u64 {
    fn to_value<'a>(&'a self, scratch: &'a Scratch) -> Value<'a> {
        match i64::try_from(*self) {
            Ok(number) => Value::Int(number),
            Err(_) => scratch.decimal(Decimal { unscaled: (*self).into(), scale: 0 }),
        }
    }
}

impl ToValue for Value<'_> {
    fn to_value<'a>(&'a self, _: &'a Scratch) -> Value<'a> {
        *self
    }
}

impl ToValue for bool {
    fn to_value<'a>(&'a self, _: &'a Scratch) -> Value<'a> {
        Value::Bool(*self)
    }
}

impl ToValue for f32 {
    fn to_value<'a>(&'a self, _: &'a Scratch) -> Value<'a> {
        Value::Float(*self)
    }
}

impl ToValue for f64 {
    fn to_value<'a>(&'a self, _: &'a Scratch) -> Value<'a> {
        Value::Double(*self)
    }
}

impl ToValue for Decimal {
    fn to_value<'a>(&'a self, _: &'a Scratch) -> Value<'a> {
        Value::Decimal(self)
    }
}

impl ToValue for str {
    fn to_value<'a>(&'a self, _: &'a Scratch) -> Value<'a> {
        Value::Text(self)
    }
}

impl ToValue for String {
    fn to_value<'a>(&'a self, _: &'a Scratch) -> Value<'a> {
        Value::Text(self)
    }
}

impl ToValue for [f32] {
    fn to_value<'a>(&'a self, _: &'a Scratch) -> Value<'a> {
        Value::Vector(Vector::Float(self))
    }
}

impl ToValue for [f64] {
    fn to_value<'a>(&'a self, _: &'a Scratch) -> Value<'a> {
        Value::Vector(Vector::Double(self))
    }
}

impl ToValue for [u8] {
    fn to_value<'a>(&'a self, _: &'a Scratch) -> Value<'a> {
        Value::Bytes(self)
    }
}

impl<T, const N: usize> ToValue for [T; N]
where
    [T]: ToValue,
{
    fn to_value<'a>(&'a self, scratch: &'a Scratch) -> Value<'a> {
        self.as_slice().to_value(scratch)
    }
}

impl<T> ToValue for Vec<T>
where
    [T]: ToValue,
{
    fn to_value<'a>(&'a self, scratch: &'a Scratch) -> Value<'a> {
        self.as_slice().to_value(scratch)
    }
}

impl<T: ToValue> ToValue for Option<T> {
    fn to_value<'a>(&'a self, scratch: &'a Scratch) -> Value<'a> {
        self.as_ref().map_or(Value::Null, |value| value.to_value(scratch))
    }
}

impl<T: ToValue + ?Sized> ToValue for &T {
    fn to_value<'a>(&'a self, scratch: &'a Scratch) -> Value<'a> {
        (**self).to_value(scratch)
    }
}

/// An instant, for `timestamptz` and, in UTC, `timestamp`.
impl ToValue for SystemTime {
    fn to_value<'a>(&'a self, _: &'a Scratch) -> Value<'a> {
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
        let scratch = Scratch::default();
        assert_eq!(None::<i32>.to_value(&scratch), Value::Null);
        assert_eq!(Some("a").to_value(&scratch), Value::Text("a"));
        assert_eq!(vec![1.0_f32].to_value(&scratch), Value::Vector(Vector::Float(&[1.0])));
    }

    #[test]
    fn an_instant_before_the_epoch_counts_down_with_its_fraction_upwards() {
        let scratch = Scratch::default();
        let before = UNIX_EPOCH - Duration::from_millis(250);
        assert_eq!(before.to_value(&scratch), Value::Instant { seconds: -1, nanos: 750_000_000 });
        let whole = UNIX_EPOCH - Duration::from_secs(2);
        assert_eq!(whole.to_value(&scratch), Value::Instant { seconds: -2, nanos: 0 });
    }

    #[test]
    fn a_large_number_without_sign_is_a_decimal() {
        let scratch = Scratch::default();
        assert_eq!((i64::MAX as u64).to_value(&scratch), Value::Int(i64::MAX));
        assert_eq!(u64::MAX.to_value(&scratch), Value::Decimal(&Decimal { unscaled: u64::MAX.into(), scale: 0 }));
    }
}
