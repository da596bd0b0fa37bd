//! The order of two values, and whether they are equal.

use std::cmp::Ordering;

use super::elements::Elements;
use crate::types::java::decimal;
use crate::types::value::Value;

pub(crate) fn same(left: Value<'_>, right: Value<'_>) -> bool {
    order(left, right) == Some(Ordering::Equal)
}

/// The order of two values of the same type. Texts are compared byte by byte. `None`: they differ, but neither is less than
/// the other.
pub(crate) fn order(left: Value<'_>, right: Value<'_>) -> Option<Ordering> {
    match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(&right)),
        (Value::Int(left), Value::Int(right)) => Some(left.cmp(&right)),
        (Value::Float(left), Value::Float(right)) => left.partial_cmp(&right),
        (Value::Double(left), Value::Double(right)) => left.partial_cmp(&right),
        (Value::Decimal(left), Value::Decimal(right)) => Some(decimal::compare(*left, *right)),
        (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
        (Value::Bytes(left), Value::Bytes(right)) => Some(left.cmp(right)),
        (Value::Date(left), Value::Date(right)) => Some(left.cmp(&right)),
        (Value::Months(left), Value::Months(right)) => Some(left.cmp(&right)),
        (Value::Millis(left), Value::Millis(right)) => Some(left.cmp(&right)),
        (Value::Time(left), Value::Time(right)) => Some(left.cmp(&right)),
        (Value::Timestamp { seconds, nanos }, Value::Timestamp { seconds: other, nanos: more })
        | (Value::Instant { seconds, nanos }, Value::Instant { seconds: other, nanos: more }) => {
            Some((seconds, nanos).cmp(&(other, more)))
        }
        (Value::Row(left), Value::Row(right)) => all_equal(Elements::Values(left), Elements::Values(right)),
        (Value::Map(left), Value::Map(right)) => {
            let among = |(key, value): &(Value<'_>, Value<'_>)| {
                right.iter().any(|(other, found)| same(*key, *other) && same_or_both_null(*value, *found))
            };
            (left.len() == right.len() && left.iter().all(among)).then_some(Ordering::Equal)
        }
        (left, right) => all_equal(Elements::of(left)?, Elements::of(right)?),
    }
}

fn all_equal(left: Elements<'_>, right: Elements<'_>) -> Option<Ordering> {
    let equal = |(left, right): (Value<'_>, Value<'_>)| same_or_both_null(left, right);
    (left.len() == right.len() && left.iter().zip(right.iter()).all(equal)).then_some(Ordering::Equal)
}

fn same_or_both_null(left: Value<'_>, right: Value<'_>) -> bool {
    match (left, right) {
        (Value::Null, Value::Null) => true,
        (left, right) => same(left, right),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::value::Vector;

    #[test]
    fn a_vector_equals_a_vector_and_an_array_with_the_same_elements() {
        let vector = Value::Vector(Vector::Float(&[1.0, 2.5]));
        assert!(same(vector, Value::Vector(Vector::Float(&[1.0, 2.5]))));
        assert!(same(vector, Value::Array(&[Value::Float(1.0), Value::Float(2.5)])));
        assert!(same(Value::Array(&[Value::Float(1.0), Value::Float(2.5)]), vector));
        assert!(!same(vector, Value::Vector(Vector::Float(&[1.0, 2.0]))));
        assert!(!same(vector, Value::Vector(Vector::Float(&[1.0]))));
        assert!(!same(vector, Value::Array(&[Value::Float(1.0), Value::Null])));
    }
}
