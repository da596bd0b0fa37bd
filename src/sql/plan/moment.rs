//! Intervals, and the parts of dates and times that a query names.

use sqlparser::ast::{DateTimeField, Expr, Interval as WrittenInterval, Value};

use crate::error::{Diagnostic, Location};
use crate::sql::expression::{CalendarUnit, Expression, Function, Interval, Literal};
use crate::sql::parse::error;
use crate::types::data_type::DataType;

pub(super) fn unit(name: &str) -> Option<CalendarUnit> {
    let name = name.to_ascii_uppercase();
    Some(match name.strip_prefix("SQL_TSI_").unwrap_or(&name) {
        "MILLENNIUM" => CalendarUnit::Millennium,
        "CENTURY" => CalendarUnit::Century,
        "DECADE" => CalendarUnit::Decade,
        "YEAR" => CalendarUnit::Year,
        "ISOYEAR" => CalendarUnit::IsoYear,
        "QUARTER" => CalendarUnit::Quarter,
        "MONTH" => CalendarUnit::Month,
        "WEEK" => CalendarUnit::Week,
        "DAY" => CalendarUnit::Day,
        "DOW" => CalendarUnit::DayOfWeek,
        "ISODOW" => CalendarUnit::IsoDayOfWeek,
        "DOY" => CalendarUnit::DayOfYear,
        "HOUR" => CalendarUnit::Hour,
        "MINUTE" => CalendarUnit::Minute,
        "SECOND" => CalendarUnit::Second,
        "MILLISECOND" => CalendarUnit::Millisecond,
        "MICROSECOND" => CalendarUnit::Microsecond,
        "NANOSECOND" => CalendarUnit::Nanosecond,
        "EPOCH" => CalendarUnit::Epoch,
        _ => return None,
    })
}

pub(super) fn is_moment(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Date | DataType::Time { .. } | DataType::Timestamp { .. } | DataType::TimestampLtz { .. }
    )
}

/// So many units; `None` where the unit has no fixed span.
pub(super) fn span(unit: CalendarUnit, count: i64) -> Option<Interval> {
    let months = |each: i64| Some(Interval { months: count.checked_mul(each)?, millis: 0 });
    let millis = |each: i64| Some(Interval { months: 0, millis: count.checked_mul(each)? });
    match unit {
        CalendarUnit::Year => months(12),
        CalendarUnit::Quarter => months(3),
        CalendarUnit::Month => months(1),
        CalendarUnit::Week => millis(7 * 86_400_000),
        CalendarUnit::Day => millis(86_400_000),
        CalendarUnit::Hour => millis(3_600_000),
        CalendarUnit::Minute => millis(60_000),
        CalendarUnit::Second => millis(1000),
        _ => None,
    }
}

pub(super) fn shifted(moment: Expression, interval: Interval) -> Result<Expression, String> {
    let data_type = shifted_type(&moment, interval.millis % 86_400_000 != 0)?;
    Ok(Expression::Call(Function::Shift(interval), vec![moment], data_type))
}

/// `moment + interval`, `moment - interval`
pub(super) fn shifted_by(function: &Function, moment: Expression, interval: Expression) -> Result<Expression, String> {
    let sign = if *function == Function::Subtract { -1 } else { 1 };
    match interval {
        // No literal is as low as the lowest number.
        Expression::Literal(Literal::Months(months), _) => {
            shifted(moment, Interval { months: i64::from(months) * sign, millis: 0 })
        }
        Expression::Literal(Literal::Millis(millis), _) => {
            shifted(moment, Interval { months: 0, millis: millis.saturating_mul(sign) })
        }
        interval => {
            let data_type = shifted_type(&moment, *interval.type_ref() == DataType::IntervalDayTime)?;
            let function = if sign < 0 { Function::Earlier } else { Function::Later };
            Ok(Expression::Call(function, vec![moment, interval], data_type))
        }
    }
}

fn shifted_type(moment: &Expression, by_hours: bool) -> Result<DataType, String> {
    Ok(match moment.data_type() {
        DataType::Date if by_hours => return Err("a DATE has no hours to add to; CAST it AS TIMESTAMP".into()),
        // An interval has milliseconds.
        DataType::Timestamp { precision } => DataType::Timestamp { precision: precision.max(3) },
        DataType::TimestampLtz { precision } => DataType::TimestampLtz { precision: precision.max(3) },
        data_type if is_moment(&data_type) => data_type,
        other => return Err(format!("an INTERVAL is added to a date or a time, found {other}")),
    })
}

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
    let field = |field: &DateTimeField| unit(&field.to_string());
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
        (leading, None) => number(text).and_then(|count| span(leading, count)),
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

/// `1 02:03:04.5`, or a part of it.
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
            unit => span(*unit, part.parse::<u32>().ok()?.into())?.millis,
        };
        millis = millis.checked_add(part)?;
    }
    Some(Interval { months: 0, millis })
}
