//! TO_TIMESTAMP and TO_DATE.

use super::format::{format_or_default, tried};
use super::time_format::TimeFormat;
use crate::sql::functions::definition::*;
use crate::sql::values::cast::parse;
use crate::types::calendar::java::{SECONDS_PER_DAY, cut_fraction};

const TIMESTAMP: DataType = DataType::Timestamp { precision: 3 };

pub const TO_TIMESTAMP: Function = Function {
    name: "TO_TIMESTAMP",
    parameters: Parameters::of(&[Text, Text]).optional(1),
    form: "TO_TIMESTAMP(text[, format])",
    meaning: "TIMESTAMP(3) of a text. If no format is given, it is 'yyyy-MM-dd HH:mm:ss'. A text that doesn't have the format is read as yyyy-[m]m-[d]d[ hh:mm:ss]; NULL if it isn't that either.",
    plan: |mut operands| {
        if operands.len() == 1 {
            return Ok(tried(operands, TIMESTAMP));
        }
        let format = format_or_default(&mut operands)?;
        Ok(Expression::call(ToTimestamp(format), operands, TIMESTAMP))
    },
};

pub const TO_DATE: Function = Function {
    name: "TO_DATE",
    parameters: Parameters::of(&[Text, Text]).optional(1),
    form: "TO_DATE(text[, format])",
    meaning: "DATE of a text. Without a format it is 'yyyy-MM-dd'. NULL if the text doesn't have the format.",
    plan: |mut operands| {
        if operands.len() == 1 {
            return Ok(tried(operands, DataType::Date));
        }
        let format = format_or_default(&mut operands)?;
        Ok(Expression::call(ToDate(format), operands, DataType::Date))
    },
};

#[derive(Debug, PartialEq)]
struct ToTimestamp(TimeFormat);

impl Evaluate for ToTimestamp {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        match operands.values {
            [Value::Text(text)] => Ok(to_timestamp(text, &self.0)),
            _ => operands.unexpected(),
        }
    }
}

/// Reads a text by the format. If it doesn't have the format, it is read as `yyyy-[m]m-[d]d[ hh:mm:ss]`, as in Flink. NULL
/// if it is neither.
fn to_timestamp<'a>(text: &str, format: &TimeFormat) -> Value<'a> {
    let parsed = format.parse(text, false).map(|(seconds, nanos, _)| (seconds, nanos));
    parsed.or_else(|| parse::timestamp(text)).map_or(Value::Null, |(seconds, nanos)| Value::Timestamp {
        seconds,
        nanos: cut_fraction(nanos.into(), 3) as u32,
    })
}

#[derive(Debug, PartialEq)]
struct ToDate(TimeFormat);

impl Evaluate for ToDate {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        match operands.values {
            [Value::Text(text)] => Ok(to_date(text, &self.0)),
            _ => operands.unexpected(),
        }
    }
}

fn to_date<'a>(text: &str, format: &TimeFormat) -> Value<'a> {
    let days = format.parse(text, true).map(|(seconds, ..)| seconds.div_euclid(SECONDS_PER_DAY));
    days.and_then(|days| i32::try_from(days).ok()).map_or(Value::Null, Value::Date)
}
