//! ARRAY and MAP.

use bumpalo::Bump;

use crate::sql::values::order::same;
use crate::types::value::Value;

pub(super) fn cardinality<'a>(value: Value<'a>) -> Value<'a> {
    match value {
        Value::Array(elements) => Value::Int(elements.len() as i64),
        Value::Vector(vector) => Value::Int(vector.len() as i64),
        Value::Map(entries) => Value::Int(entries.len() as i64),
        _ => Value::Null,
    }
}

/// The element of an index from 1; NULL where there is none.
pub(super) fn element<'a>(value: Value<'a>, index: i64) -> Value<'a> {
    let Some(index) = index.checked_sub(1).and_then(|index| usize::try_from(index).ok()) else { return Value::Null };
    match value {
        Value::Array(elements) => elements.get(index).copied().unwrap_or(Value::Null),
        Value::Vector(vector) if index < vector.len() => vector.element(index),
        _ => Value::Null,
    }
}

pub(super) fn lookup<'a>(entries: &'a [(Value<'a>, Value<'a>)], wanted: Value<'a>) -> Value<'a> {
    entries.iter().find(|(key, _)| same(*key, wanted)).map_or(Value::Null, |(_, value)| *value)
}

/// Here NULL is an element like others.
pub(super) fn contains<'a>(array: Value<'a>, wanted: Value<'a>) -> Value<'a> {
    let Value::Array(elements) = array else { return Value::Null };
    let is_wanted = |element: &Value<'_>| if wanted.is_null() { element.is_null() } else { same(*element, wanted) };
    Value::Bool(elements.iter().any(is_wanted))
}

/// Of keys that are there twice the last counts.
pub(super) fn map<'a>(keys_and_values: &'a [Value<'a>], arena: &'a Bump) -> Value<'a> {
    let mut entries = bumpalo::collections::Vec::with_capacity_in(keys_and_values.len() / 2, arena);
    for pair in keys_and_values.chunks_exact(2) {
        let (key, value) = (pair[0], pair[1]);
        match entries.iter_mut().find(|(known, _): &&mut (Value<'_>, Value<'_>)| same(*known, key)) {
            Some(entry) => entry.1 = value,
            None => entries.push((key, value)),
        }
    }
    Value::Map(entries.into_bump_slice())
}
