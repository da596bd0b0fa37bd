//! Casts of ARRAY, ROW, MAP and MULTISET. Each value in them is cast.

use super::cast as cast_value;
use crate::sql::values::context::{EvaluationContext, EvaluationError};
use crate::sql::values::elements::Elements;
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
        (array, DataType::Array(from), DataType::Array(to)) => {
            let Some(elements) = Elements::of(array) else { return Ok(None) };
            let converted = context.arena.alloc_slice_fill_iter(elements.iter());
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

#[cfg(test)]
mod tests {
    use bumpalo::Bump;

    use super::*;
    use crate::types::time_zone::TimeZone;
    use crate::types::value::Vector;

    #[test]
    fn the_elements_of_a_vector_are_cast() {
        let (arena, zone) = (Bump::new(), TimeZone::default());
        let context = EvaluationContext::new(&[], &[], &arena, &zone);
        let (from, to) = (DataType::Array(Box::new(DataType::Float)), DataType::Array(Box::new(DataType::Double)));
        let vector = Value::Vector(Vector::Float(&[1.5, -2.0]));
        let cast = cast(vector, &from, &to, &context).ok().flatten();
        assert_eq!(cast, Some(Value::Array(&[Value::Double(1.5), Value::Double(-2.0)])));
    }
}
