//! Integers wrap around, as in Java.

use crate::types::data_type::DataType;

/// Keeps the lowest bits, as many as the type has.
pub fn wrap(value: i64, data_type: &DataType) -> i64 {
    match data_type {
        DataType::TinyInt => i64::from(value as i8),
        DataType::SmallInt => i64::from(value as i16),
        DataType::Int => i64::from(value as i32),
        _ => value,
    }
}
