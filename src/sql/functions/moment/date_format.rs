//! DATE_FORMAT.

use bumpalo::collections::String;

use super::format::{format, tried};
use super::time_format::{Moment, TimeFormat};
use crate::sql::expression::conversion::cast;
use crate::sql::functions::definition::*;
use crate::sql::values::cast::temporal;
use crate::sql::values::context::EvaluationContext;

pub const DATE_FORMAT: Function = Function {
    name: "DATE_FORMAT",
    parameters: Parameters::of(&[Any, Text]),
    form: "DATE_FORMAT(moment, format)",
    meaning: "The moment as text in a format of Java, such as 'yyyy-MM-dd''T''HH:mm:ss.SSS'.",
    plan: date_format,
};

/// A text is read as a timestamp first.
fn date_format(mut operands: Vec<Expression>) -> PlannedCall {
    let format = format(operands.get(1))?;
    operands.truncate(1);
    let operands = match operands.first().map(Expression::type_ref) {
        Some(found) if found.is_text() => vec![tried(operands, DataType::Timestamp { precision: 9 })],
        Some(DataType::Null) => vec![cast(operands.swap_remove(0), &DataType::Timestamp { precision: 3 })],
        Some(found) if found.is_moment() && !matches!(found, DataType::Time { .. }) => operands,
        _ => return Err("takes a DATE, a TIMESTAMP or a text".into()),
    };
    Ok(Expression::call(DateFormat(format), operands, DataType::STRING))
}

#[derive(Debug, PartialEq)]
struct DateFormat(TimeFormat);

impl Evaluate for DateFormat {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        match operands.values {
            [value] => Ok(print(*value, &self.0, operands.context)),
            _ => operands.unexpected(),
        }
    }
}

pub fn print<'a>(value: Value<'a>, format: &TimeFormat, context: &EvaluationContext<'a>) -> Value<'a> {
    let Some((seconds, nanos)) = temporal::local(value, 9, context.zone) else { return Value::Null };
    let offset = if let Value::Instant { seconds, .. } = value { context.zone.offset_at(seconds) } else { 0 };
    let mut text = String::new_in(context.arena);
    match format.print(&Moment { seconds, nanos, offset }, &mut text) {
        Ok(()) => Value::Text(text.into_bump_str()),
        Err(_) => Value::Null,
    }
}
