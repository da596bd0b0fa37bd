//! Dates and times.

use super::PlannedCall;
use super::signature::ParameterType::{Any, Integer, Moment, Number, Text};
use super::signature::Signature;
use super::{constant_integer, constant_text, of_type};
use crate::sql::expression::conversion::cast;
use crate::sql::expression::time_format::TimeFormat;
use crate::sql::expression::{CalendarUnit, Expression, Function};
use crate::sql::plan::moment::{is_moment, shifted, span};
use crate::types::data_type::DataType;

const TIMESTAMP: DataType = DataType::Timestamp { precision: 3 };
const INSTANT: DataType = DataType::TimestampLtz { precision: 3 };
const DEFAULT_FORMAT: &str = "yyyy-MM-dd HH:mm:ss";

/// A part of a date or a time, as EXTRACT has it.
macro_rules! part {
    ($name:literal, $unit:expr, $meaning:literal) => {
        Signature::new($name, &[Moment], concat!($name, "(moment)"), $meaning, |mut operands| match operands.pop() {
            Some(moment) => extract($unit, moment),
            None => Err("takes a date or a time".into()),
        })
    };
}

macro_rules! clock {
    ($name:literal, $function:expr, $type:expr, $meaning:literal) => {
        Signature::new($name, &[], $name, $meaning, |operands| of_type($function, operands, $type))
    };
}

pub const SIGNATURES: &[Signature] = &[
    Signature::new(
        "TO_TIMESTAMP",
        &[Text, Text],
        "TO_TIMESTAMP(text[, format])",
        "TIMESTAMP(3) of a text. Left out: the format is 'yyyy-MM-dd HH:mm:ss'. NULL if the text doesn't have the format.",
        to_timestamp,
    )
    .optional(1),
    Signature::new(
        "TO_TIMESTAMP_LTZ",
        &[Number, Integer],
        "TO_TIMESTAMP_LTZ(number, 0 | 3)",
        "TIMESTAMP_LTZ(3) of the seconds (0) or milliseconds (3) since 1970.",
        to_timestamp_ltz,
    )
    .optional(1),
    Signature::new(
        "TO_DATE",
        &[Text, Text],
        "TO_DATE(text[, format])",
        "DATE of a text. Left out: the format is 'yyyy-MM-dd'. NULL if the text doesn't have the format.",
        to_date,
    )
    .optional(1),
    Signature::new(
        "FROM_UNIXTIME",
        &[Integer, Text],
        "FROM_UNIXTIME(seconds[, format])",
        "The local time at so many seconds since 1970, as text, in the zone `table.local-time-zone`.",
        from_unixtime,
    )
    .optional(1),
    Signature::new(
        "UNIX_TIMESTAMP",
        &[Text, Text],
        "UNIX_TIMESTAMP([text[, format]])",
        "Seconds since 1970 at this local time in the zone `table.local-time-zone`; without a text, now. NULL if the text doesn't have the format.",
        unix_timestamp,
    )
    .optional(2),
    Signature::new(
        "DATE_FORMAT",
        &[Any, Text],
        "DATE_FORMAT(moment, format)",
        "The moment as text in a format of Java, such as 'yyyy-MM-dd''T''HH:mm:ss.SSS'.",
        date_format,
    ),
    part!("YEAR", CalendarUnit::Year, "The year."),
    part!("QUARTER", CalendarUnit::Quarter, "The quarter, 1 to 4."),
    part!("MONTH", CalendarUnit::Month, "The month, 1 to 12."),
    part!("WEEK", CalendarUnit::Week, "The week of ISO 8601, 1 to 53."),
    part!("DAYOFYEAR", CalendarUnit::DayOfYear, "The day of the year, from 1."),
    part!("DAYOFMONTH", CalendarUnit::Day, "The day of the month, from 1."),
    part!("DAYOFWEEK", CalendarUnit::DayOfWeek, "The day of the week, 1 is Sunday."),
    part!("HOUR", CalendarUnit::Hour, "The hour, 0 to 23."),
    part!("MINUTE", CalendarUnit::Minute, "The minute, 0 to 59."),
    part!("SECOND", CalendarUnit::Second, "The second, 0 to 59."),
    clock!("CURRENT_TIMESTAMP", Function::CurrentTimestamp, INSTANT, "Now, TIMESTAMP_LTZ(3). NOW() means the same."),
    clock!("NOW", Function::CurrentTimestamp, INSTANT, "The same as CURRENT_TIMESTAMP."),
    clock!("CURRENT_ROW_TIMESTAMP", Function::CurrentTimestamp, INSTANT, "The same as CURRENT_TIMESTAMP."),
    clock!("PROCTIME", Function::CurrentTimestamp, INSTANT, "The same as CURRENT_TIMESTAMP."),
    clock!("LOCALTIMESTAMP", Function::LocalTimestamp, TIMESTAMP, "Now, as local time in the zone `table.local-time-zone`, TIMESTAMP(3)."),
    clock!("CURRENT_DATE", Function::CurrentDate, DataType::Date, "Today in the zone `table.local-time-zone`."),
    clock!(
        "CURRENT_TIME",
        Function::CurrentTime,
        DataType::Time { precision: 0 },
        "The time of day in the zone `table.local-time-zone`. LOCALTIME means the same."
    ),
    clock!("LOCALTIME", Function::CurrentTime, DataType::Time { precision: 0 }, "The same as CURRENT_TIME."),
];

fn format(operand: Option<&Expression>) -> Result<TimeFormat, String> {
    let written = constant_text(operand, "a format")?;
    TimeFormat::new(written).map_err(|message| format!("the format '{written}' {message}"))
}

/// The format behind the first operand, or the default.
fn format_or_default(operands: &mut Vec<Expression>) -> Result<TimeFormat, String> {
    if operands.len() < 2 {
        return TimeFormat::new(DEFAULT_FORMAT);
    }
    let format = format(operands.get(1))?;
    operands.truncate(1);
    Ok(format)
}

fn to_timestamp(mut operands: Vec<Expression>) -> PlannedCall {
    if operands.len() == 1 {
        return Ok(tried(operands, TIMESTAMP));
    }
    let format = format_or_default(&mut operands)?;
    of_type(Function::ToTimestamp(format), operands, TIMESTAMP)
}

fn to_date(mut operands: Vec<Expression>) -> PlannedCall {
    if operands.len() == 1 {
        return Ok(tried(operands, DataType::Date));
    }
    let format = format_or_default(&mut operands)?;
    of_type(Function::ToDate(format), operands, DataType::Date)
}

/// The only operand as TRY_CAST has it.
fn tried(mut operands: Vec<Expression>, target: DataType) -> Expression {
    let operand = operands.swap_remove(0);
    match cast(operand, &target) {
        Expression::Cast(operand, target) => Expression::TryCast(operand, target),
        done => done,
    }
}

fn to_timestamp_ltz(mut operands: Vec<Expression>) -> PlannedCall {
    let millis = match operands.len() {
        1 => true,
        _ => match constant_integer(operands.get(1), "a precision")? {
            0 => false,
            3 => true,
            other => return Err(format!("the precision is 0 (seconds) or 3 (milliseconds), not {other}")),
        },
    };
    operands.truncate(1);
    if operands.first().is_some_and(|operand| *operand.type_ref() == DataType::Float) {
        operands = operands.into_iter().map(|operand| cast(operand, &DataType::Double)).collect();
    }
    of_type(Function::ToInstant { millis }, operands, INSTANT)
}

fn from_unixtime(mut operands: Vec<Expression>) -> PlannedCall {
    let format = format_or_default(&mut operands)?;
    of_type(Function::FromUnixtime(format), operands, DataType::STRING)
}

fn unix_timestamp(mut operands: Vec<Expression>) -> PlannedCall {
    if operands.is_empty() {
        return of_type(Function::CurrentUnixTimestamp, operands, DataType::BigInt);
    }
    let format = format_or_default(&mut operands)?;
    of_type(Function::UnixTimestamp(format), operands, DataType::BigInt)
}

/// A text is read as a timestamp first.
fn date_format(mut operands: Vec<Expression>) -> PlannedCall {
    let format = format(operands.get(1))?;
    operands.truncate(1);
    let operands = match operands.first().map(Expression::type_ref) {
        Some(found) if found.is_text() => vec![tried(operands, DataType::Timestamp { precision: 9 })],
        Some(DataType::Null) => vec![cast(operands.swap_remove(0), &TIMESTAMP)],
        Some(found) if is_moment(found) && !matches!(found, DataType::Time { .. }) => operands,
        _ => return Err("takes a DATE, a TIMESTAMP or a text".into()),
    };
    of_type(Function::DateFormat(format), operands, DataType::STRING)
}

pub fn extract(unit: CalendarUnit, moment: Expression) -> PlannedCall {
    if !is_moment(moment.type_ref()) {
        return Err(format!("takes a date or a time, found {}", moment.type_ref()));
    }
    of_type(Function::Extract(unit), vec![moment], DataType::BigInt)
}

/// FLOOR and CEIL of a moment.
pub fn rounded(function: Function, moment: Expression) -> PlannedCall {
    let data_type = moment.data_type();
    if !is_moment(&data_type) {
        return Err(format!("TO a unit takes a date or a time, found {data_type}"));
    }
    of_type(function, vec![moment], data_type)
}

pub fn with_unit(name: &str, unit: CalendarUnit, second: Expression, third: Expression) -> PlannedCall {
    match name {
        "TIMESTAMPADD" => {
            let count = constant_integer(Some(&second), "a number of units")?;
            shifted(third, span(unit, count).ok_or("takes the units SECOND to YEAR")?)
        }
        _ => {
            for moment in [&second, &third] {
                if !is_moment(moment.type_ref()) {
                    return Err(format!("takes dates and times, found {}", moment.type_ref()));
                }
            }
            span(unit, 1).ok_or("takes the units SECOND to YEAR")?;
            let data_type = if matches!(
                unit,
                CalendarUnit::Year
                    | CalendarUnit::Quarter
                    | CalendarUnit::Month
                    | CalendarUnit::Week
                    | CalendarUnit::Day
            ) {
                DataType::Int
            } else {
                DataType::BigInt
            };
            of_type(Function::Difference(unit), vec![third, second], data_type)
        }
    }
}
