//! Constants of the INTERVAL types.

use sqlparser::ast::{DateTimeField, Expr, Interval as WrittenInterval, Value};

use crate::error::{Diagnostic, Location};
use crate::sql::expression::{Expression, Literal};
use crate::sql::functions::moment::unit::{CalendarUnit, Interval};
use crate::sql::parse::error;
use crate::types::data_type::DataType;

/// A constant of one of the two INTERVAL types.
pub(super) fn constant(written: &WrittenInterval, at: Location) -> Result<Expression, Diagnostic> {
    let (interval, data_type) = interval(written).map_err(|message| error(at, message))?;
    let too_long = || error(at, format!("{written} is more than {} months", i32::MAX));
    let literal = match data_type {
        DataType::IntervalYearMonth => Literal::Months(i32::try_from(interval.months).map_err(|_| too_long())?),
        _ => Literal::Millis(interval.millis),
    };
    Ok(Expression::Literal(literal, data_type))
}

/// `INTERVAL '1' DAY`, `INTERVAL '1.5' SECOND`, `INTERVAL '1-2' YEAR TO MONTH`, `INTERVAL '1 02:03:04' DAY TO SECOND`.
fn interval(written: &WrittenInterval) -> Result<(Interval, DataType), String> {
    let malformed = || format!("not supported: {written}; write INTERVAL '1' DAY, with one unit");
    let text = match written.value.as_ref() {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => text.as_str(),
            _ => return Err(malformed()),
        },
        _ => return Err(malformed()),
    };
    let field = |field: &DateTimeField| CalendarUnit::named(&field.to_string());
    let leading = written.leading_field.as_ref().and_then(field).ok_or_else(malformed)?;
    let (negative, text) = match text.trim().strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.trim()),
    };
    let number = |text: &str| text.parse::<i64>().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    let seconds_in_millis = |text: &str| {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let fraction = format!("{fraction:0<3}");
        Some(number(whole)?.checked_mul(1000)? + number(fraction.get(..3)?)?)
    };
    let plain = match (leading, written.last_field.as_ref().map(field)) {
        (CalendarUnit::Second, None) => seconds_in_millis(text).map(|millis| Interval { months: 0, millis }),
        (leading, None) => number(text).and_then(|count| leading.span(count)),
        (CalendarUnit::Year, Some(Some(CalendarUnit::Month))) => text.split_once('-').and_then(|(years, months)| {
            Some(Interval { months: number(years)?.checked_mul(12)? + number(months)?, millis: 0 })
        }),
        (first, Some(Some(last))) => clock(text, first, last, seconds_in_millis),
        (_, Some(None)) => None,
    };
    let plain = plain.ok_or_else(malformed)?;
    let sign = if negative { -1 } else { 1 };
    let data_type = match leading {
        CalendarUnit::Year | CalendarUnit::Quarter | CalendarUnit::Month => DataType::IntervalYearMonth,
        _ => DataType::IntervalDayTime,
    };
    Ok((Interval { months: plain.months * sign, millis: plain.millis * sign }, data_type))
}

/// Reads `1 02:03:04.5`, or a part of it.
fn clock(
    text: &str,
    first: CalendarUnit,
    last: CalendarUnit,
    seconds_in_millis: impl Fn(&str) -> Option<i64>,
) -> Option<Interval> {
    let order = [CalendarUnit::Day, CalendarUnit::Hour, CalendarUnit::Minute, CalendarUnit::Second];
    let place = |unit: CalendarUnit| order.iter().position(|known| *known == unit);
    let (first, last) = (place(first)?, place(last)?);
    let parts: Vec<&str> = text.split([' ', ':']).collect();
    if last <= first || parts.len() != last - first + 1 {
        return None;
    }
    let mut millis = 0_i64;
    for (part, unit) in parts.iter().zip(&order[first..]) {
        let part = match unit {
            CalendarUnit::Second => seconds_in_millis(part)?,
            unit => unit.span(part.parse::<u32>().ok()?.into())?.millis,
        };
        millis = millis.checked_add(part)?;
    }
    Some(Interval { months: 0, millis })
}
