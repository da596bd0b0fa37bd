//! `array[index]` and `map[key]`.

use crate::sql::expression::conversion::{ColumnConversion, assign};
use crate::sql::functions::definition::*;
use crate::sql::values::elements::Elements;
use crate::sql::values::order::same;

pub fn element(value: Expression, index: Expression) -> PlannedCall {
    match value.data_type() {
        DataType::Array(element) if index.type_ref().is_integer() => {
            if let Expression::Literal(Literal::Int(..=0), _) = index {
                return Err("the first element of an ARRAY has the index 1".into());
            }
            Ok(Expression::call(ElementAt, vec![value, index], *element))
        }
        DataType::Array(_) => Err(format!("an ARRAY has integer indexes, found {}", index.type_ref())),
        DataType::Map(key, found) => {
            let index_type = index.data_type();
            match assign(index, &key) {
                ColumnConversion::Fits(index) => Ok(Expression::call(MapValue, vec![value, index], *found)),
                _ => Err(format!("the MAP has keys of type {key}, found {index_type}")),
            }
        }
        other => Err(format!("[ ] takes an element of an ARRAY or a MAP, found {other}")),
    }
}

/// The index counts from 1.
#[derive(Debug, PartialEq)]
struct ElementAt;

impl Evaluate for ElementAt {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        match operands.values {
            [array, Value::Int(index)] => Ok(array_element(*array, *index)),
            _ => operands.unexpected(),
        }
    }
}

/// The element with an index, counted from 1. NULL if there is none.
fn array_element<'a>(value: Value<'a>, index: i64) -> Value<'a> {
    let Some(index) = index.checked_sub(1).and_then(|index| usize::try_from(index).ok()) else { return Value::Null };
    Elements::of(value).and_then(|elements| elements.get(index)).unwrap_or(Value::Null)
}

/// The key has the type of the MAP's keys.
#[derive(Debug, PartialEq)]
struct MapValue;

impl Evaluate for MapValue {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        match operands.values {
            [Value::Map(entries), key] => Ok(map_value(entries, *key)),
            _ => operands.unexpected(),
        }
    }
}

fn map_value<'a>(entries: &'a [(Value<'a>, Value<'a>)], wanted: Value<'a>) -> Value<'a> {
    entries.iter().find(|(key, _)| same(*key, wanted)).map_or(Value::Null, |(_, value)| *value)
}
