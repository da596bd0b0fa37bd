//! Casts of ARRAY, ROW, MAP and MULTISET. Each value in them is cast.

use super::cast as cast_value;
use crate::sql::values::context::{EvaluationContext, EvaluationError};
use crate::types::data_type::DataType;
use crate::types::value::Value;

/// The cast value. `None`: it is none of these types, or its shape is not that of the target type.
pub(super) fn cast<'a>(
    value: Value<'a>,
    from: &'a DataType,
    to: &'a DataType,
    context: &EvaluationContext<'a>,
) -> Result<Option<Value<'a>>, EvaluationError<'a>> {
    Ok(Some(match (value, from, to) {
        (Value::Array(elements), DataType::Array(from), DataType::Array(to)) => {
            let converted = context.arena.alloc_slice_copy(elements);
            for element in converted.iter_mut() {
                *element = cast_value(*element, from, to, context)?;
            }
            Value::Array(converted)
        }
        (Value::Row(fields), DataType::Row(from), DataType::Row(to)) if from.len() == to.len() => {
            let converted = context.arena.alloc_slice_copy(fields);
            for ((field, from), to) in converted.iter_mut().zip(from).zip(to) {
                *field = cast_value(*field, &from.data_type, &to.data_type, context)?;
            }
            Value::Row(converted)
        }
        (Value::Map(entries), from, to) => {
            let (Some((from_key, from_value)), Some((to_key, to_value))) = (from.entries(), to.entries()) else {
                return Ok(None);
            };
            let converted = context.arena.alloc_slice_copy(entries);
            for (key, value) in converted.iter_mut() {
                *key = cast_value(*key, from_key, to_key, context)?;
                *value = cast_value(*value, from_value, to_value, context)?;
            }
            Value::Map(converted)
        }
        _ => return Ok(None),
    }))
}
