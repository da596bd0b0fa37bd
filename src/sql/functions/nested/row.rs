//! ROW(…), which makes a ROW.

use crate::sql::functions::definition::*;
use crate::types::data_type::RowField;

pub const ROW: Function = Function {
    name: "ROW",
    parameters: Parameters::of(&[Any]).repeated(),
    form: "ROW(value, …)",
    meaning: "A ROW of values.",
    plan: row,
};

/// The fields have the names that Flink makes up for them.
fn row(operands: Vec<Expression>) -> PlannedCall {
    let field =
        |(at, operand): (usize, &Expression)| RowField { name: format!("EXPR${at}"), data_type: operand.data_type() };
    let fields = operands.iter().enumerate().map(field).collect();
    Ok(Expression::call(MakeRow, operands, DataType::Row(fields)))
}

#[derive(Debug, PartialEq)]
struct MakeRow;

impl Evaluate for MakeRow {
    const TAKES_NULL: bool = true;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        Ok(Value::Row(operands.values))
    }
}
