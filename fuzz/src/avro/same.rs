//! Compares values with those that apache-avro reads.

use std::collections::HashMap;

use apache_avro::types::Value as Oracle;
use vecsink::internals::types::data_type::DataType;
use vecsink::internals::types::value::Value;

/// Whether the column has the value of the record's field with the same name, or NULL if the record has no such field.
pub fn is_same_row(value: &Value<'_>, record: &[(String, Oracle)], name: &str, data_type: &DataType) -> bool {
    let field = record.iter().find(|(field, _)| field == name);
    field.map_or(value.is_null(), |(_, oracle)| is_same(value, oracle, data_type))
}

fn is_same(value: &Value<'_>, oracle: &Oracle, data_type: &DataType) -> bool {
    match (value, oracle) {
        (value, Oracle::Union(_, oracle)) => is_same(value, oracle, data_type),
        (Value::Null, Oracle::Null) => true,
        (Value::Bool(value), Oracle::Boolean(oracle)) => value == oracle,
        (Value::Int(value), Oracle::Int(oracle)) => *value == i64::from(*oracle),
        (Value::Int(value), Oracle::Long(oracle)) => value == oracle,
        (Value::Float(value), Oracle::Float(oracle)) => value.to_bits() == oracle.to_bits(),
        (Value::Double(value), Oracle::Float(oracle)) => {
            value.to_bits() == f64::from(*oracle).to_bits() || value.is_nan() && oracle.is_nan()
        }
        (Value::Double(value), Oracle::Double(oracle)) => value.to_bits() == oracle.to_bits(),
        (Value::Double(value), Oracle::Long(oracle)) => *value == *oracle as f64,
        (Value::Text(value), Oracle::String(oracle) | Oracle::Enum(_, oracle)) => value == oracle,
        (Value::Text(value), Oracle::Bytes(oracle)) => value.as_bytes() == oracle,
        (Value::Bytes(value), Oracle::Bytes(oracle)) => value == oracle,
        (Value::Bytes(value), Oracle::String(oracle)) => *value == oracle.as_bytes(),
        (value, Oracle::Decimal(oracle)) => {
            let bytes = Vec::<u8>::try_from(oracle).expect("the bytes that it was read from");
            is_same_decimal(value, &bytes)
        }
        (Value::Date(value), Oracle::Date(oracle)) => value == oracle,
        (Value::Time(value), Oracle::TimeMillis(oracle)) => *value == i64::from(*oracle) * 1_000_000,
        (Value::Timestamp { seconds, nanos }, Oracle::TimestampMillis(oracle)) => {
            *seconds == oracle.div_euclid(1_000) && i64::from(*nanos) == oracle.rem_euclid(1_000) * 1_000_000
        }
        (Value::Timestamp { seconds, nanos }, Oracle::TimestampMicros(oracle)) => {
            *seconds == oracle.div_euclid(1_000_000) && i64::from(*nanos) == oracle.rem_euclid(1_000_000) * 1_000
        }
        (Value::Vector(vector), Oracle::Array(list)) => {
            let DataType::Array(element) = data_type else { return false };
            let is_same = |(at, oracle)| is_same(&vector.element(at), oracle, element);
            vector.len() == list.len() && list.iter().enumerate().all(is_same)
        }
        (Value::Array(values), Oracle::Array(list)) => {
            let DataType::Array(element) = data_type else { return false };
            values.len() == list.len() && values.iter().zip(list).all(|(value, oracle)| is_same(value, oracle, element))
        }
        (Value::Map(entries), Oracle::Map(map)) => {
            let DataType::Map(_, element) = data_type else { return false };
            let last: Option<HashMap<&str, Value<'_>>> = entries
                .iter()
                .map(|(key, value)| if let Value::Text(key) = key { Some((*key, *value)) } else { None })
                .collect();
            last.is_some_and(|last| {
                last.len() == map.len()
                    && last
                        .iter()
                        .all(|(key, value)| map.get(*key).is_some_and(|oracle| is_same(value, oracle, element)))
            })
        }
        (Value::Row(values), Oracle::Record(record)) => {
            let DataType::Row(fields) = data_type else { return false };
            let is_same = |(value, field): (&Value<'_>, &vecsink::internals::types::data_type::RowField)| {
                is_same_row(value, record, &field.name, &field.data_type)
            };
            values.iter().zip(fields).all(is_same)
        }
        _ => false,
    }
}

/// Both have two digits after the point and at most ten digits in all. A longer number is NULL.
fn is_same_decimal(value: &Value<'_>, bytes: &[u8]) -> bool {
    let sign = if bytes.first().is_some_and(|first| *first >= 0x80) { -1_i128 } else { 0 };
    let number = bytes.iter().try_fold(sign, |number, byte| number.checked_mul(256)?.checked_add((*byte).into()));
    let expected = number.filter(|number| number.unsigned_abs() < 10_u128.pow(10));
    match value {
        // Zeros after the point may be left out.
        Value::Decimal(value) => expected == Some(value.unscaled * 10_i128.pow(2 - u32::from(value.scale))),
        Value::Null => expected.is_none(),
        _ => false,
    }
}
