//! ARRAY_CONTAINS.

use crate::sql::expression::conversion::{ColumnConversion, assign};
use crate::sql::functions::definition::*;
use crate::sql::values::elements::Elements;
use crate::sql::values::order::same;

pub const ARRAY_CONTAINS: Function = Function {
    name: "ARRAY_CONTAINS",
    parameters: Parameters::of(&[Any, Any]),
    form: "ARRAY_CONTAINS(array, value)",
    meaning: "Whether the value, which may be NULL, is among the elements.",
    plan: array_contains,
};

fn array_contains(operands: Vec<Expression>) -> PlannedCall {
    let Ok([array, value]) = <[Expression; 2]>::try_from(operands) else { return Err("takes two values".into()) };
    let DataType::Array(element) = array.data_type() else {
        return Err(format!("takes an ARRAY, found {}", array.type_ref()));
    };
    let found = value.data_type();
    match assign(value, &element) {
        ColumnConversion::Fits(value) => Ok(Expression::call(ArrayContains, vec![array, value], DataType::Boolean)),
        _ => Err(format!("the elements are of type {element}, found {found}")),
    }
}

#[derive(Debug, PartialEq)]
struct ArrayContains;

impl Evaluate for ArrayContains {
    const TAKES_NULL: bool = true;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        match operands.values {
            [array, wanted] => Ok(contains(*array, *wanted)),
            _ => operands.unexpected(),
        }
    }
}

/// NULL counts as an element like any other.
fn contains<'a>(array: Value<'a>, wanted: Value<'a>) -> Value<'a> {
    let Some(elements) = Elements::of(array) else { return Value::Null };
    let is_wanted = |element: Value<'_>| if wanted.is_null() { element.is_null() } else { same(element, wanted) };
    Value::Bool(elements.iter().any(is_wanted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::value::Vector;

    #[test]
    fn an_array_of_floats_that_was_decoded_as_a_vector_has_its_elements() {
        let vector = Value::Vector(Vector::Double(&[1.0, 2.5]));
        assert_eq!(contains(vector, Value::Double(2.5)), Value::Bool(true));
        assert_eq!(contains(vector, Value::Double(2.0)), Value::Bool(false));
        assert_eq!(contains(vector, Value::Null), Value::Bool(false));
    }
}
