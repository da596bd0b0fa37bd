//! MAP[…], which makes a MAP of alternating keys and values.

use bumpalo::Bump;

use crate::sql::expression::conversion::{merged_type, widen};
use crate::sql::functions::definition::*;
use crate::sql::values::order::same;

pub const MAP: Function = Function {
    name: "MAP",
    parameters: Parameters::of(&[Any, Any]).repeated(),
    form: "MAP[key, value, …]",
    meaning: "A MAP of keys and values.",
    plan: map,
};

fn map(operands: Vec<Expression>) -> PlannedCall {
    if !operands.len().is_multiple_of(2) {
        return Err("takes alternating keys and values".into());
    }
    let types = |first: usize| operands.iter().skip(first).step_by(2).map(Expression::type_ref).collect::<Vec<_>>();
    let (key, value) = (merged_type(&types(0))?, merged_type(&types(1))?);
    let typed = |(at, operand): (usize, Expression)| widen(operand, if at % 2 == 0 { &key } else { &value });
    let entries = operands.into_iter().enumerate().map(typed).collect();
    Ok(Expression::call(MakeMap, entries, DataType::Map(key.into(), value.into())))
}

#[derive(Debug, PartialEq)]
struct MakeMap;

impl Evaluate for MakeMap {
    const TAKES_NULL: bool = true;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        Ok(entries(operands.values, operands.arena()))
    }
}

/// If a key comes twice, the last value counts.
fn entries<'a>(keys_and_values: &'a [Value<'a>], arena: &'a Bump) -> Value<'a> {
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
