//! EXTRACT, and YEAR, MONTH and so on, which mean the same.

use super::calendar::NANOS_PER_SECOND;
use super::unit::CalendarUnit;
use crate::sql::functions::definition::*;
use crate::sql::values::cast::temporal;
use crate::types::calendar::java::SECONDS_PER_DAY;
use crate::types::calendar::{date_from_days, days_from_date};
use crate::types::time_zone::TimeZone;

macro_rules! part {
    ($name:literal, $unit:expr, $meaning:literal) => {
        Function {
            name: $name,
            parameters: Parameters::of(&[Moment]),
            form: concat!($name, "(moment)"),
            meaning: $meaning,
            plan: |mut operands| match operands.pop() {
                Some(moment) => extract($unit, moment),
                None => Err("takes a date or a time".into()),
            },
        }
    };
}

pub const YEAR: Function = part!("YEAR", CalendarUnit::Year, "The year.");
pub const QUARTER: Function = part!("QUARTER", CalendarUnit::Quarter, "The quarter, 1 to 4.");
pub const MONTH: Function = part!("MONTH", CalendarUnit::Month, "The month, 1 to 12.");
pub const WEEK: Function = part!("WEEK", CalendarUnit::Week, "The week of ISO 8601, 1 to 53.");
pub const DAYOFYEAR: Function = part!("DAYOFYEAR", CalendarUnit::DayOfYear, "The day of the year, from 1.");
pub const DAYOFMONTH: Function = part!("DAYOFMONTH", CalendarUnit::Day, "The day of the month, from 1.");
pub const DAYOFWEEK: Function = part!("DAYOFWEEK", CalendarUnit::DayOfWeek, "The day of the week, 1 is Sunday.");
pub const HOUR: Function = part!("HOUR", CalendarUnit::Hour, "The hour, 0 to 23.");
pub const MINUTE: Function = part!("MINUTE", CalendarUnit::Minute, "The minute, 0 to 59.");
pub const SECOND: Function = part!("SECOND", CalendarUnit::Second, "The second, 0 to 59.");

/// `EXTRACT(unit FROM moment)`
pub fn extract(unit: CalendarUnit, moment: Expression) -> PlannedCall {
    if !moment.type_ref().is_moment() {
        return Err(format!("takes a date or a time, found {}", moment.type_ref()));
    }
    Ok(Expression::call(Extract(unit), vec![moment], DataType::BigInt))
}

#[derive(Debug, PartialEq)]
struct Extract(CalendarUnit);

impl Evaluate for Extract {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        match operands.values {
            [value] => Ok(part(self.0, *value, operands.zone())),
            _ => operands.unexpected(),
        }
    }
}

fn part<'a>(unit: CalendarUnit, value: Value<'a>, zone: &TimeZone) -> Value<'a> {
    let Some((seconds, nanos)) = temporal::local(value, 9, zone) else { return Value::Null };
    let days = seconds.div_euclid(SECONDS_PER_DAY);
    let second = seconds.rem_euclid(SECONDS_PER_DAY);
    let (year, month, day) = date_from_days(days);
    // 1970-01-01 was a Thursday.
    let weekday = (days + 3).rem_euclid(7) + 1;
    Value::Int(match unit {
        CalendarUnit::Millennium => (year + 999).div_euclid(1000),
        CalendarUnit::Century => (year + 99).div_euclid(100),
        CalendarUnit::Decade => year.div_euclid(10),
        CalendarUnit::Year => year,
        CalendarUnit::IsoYear => week(days).0,
        CalendarUnit::Quarter => i64::from((month - 1) / 3 + 1),
        CalendarUnit::Month => month.into(),
        CalendarUnit::Week => week(days).1,
        CalendarUnit::Day => day.into(),
        CalendarUnit::DayOfWeek => weekday % 7 + 1,
        CalendarUnit::IsoDayOfWeek => weekday,
        CalendarUnit::DayOfYear => days - days_from_date(year, 1, 1) + 1,
        CalendarUnit::Hour => second / 3600,
        CalendarUnit::Minute => second / 60 % 60,
        CalendarUnit::Second => second % 60,
        CalendarUnit::Millisecond => second % 60 * 1000 + i64::from(nanos / 1_000_000),
        CalendarUnit::Microsecond => second % 60 * 1_000_000 + i64::from(nanos / 1000),
        CalendarUnit::Nanosecond => second % 60 * NANOS_PER_SECOND + i64::from(nanos),
        CalendarUnit::Epoch => match value {
            Value::Instant { seconds, .. } => seconds,
            _ => seconds,
        },
    })
}

/// The year and the number of the week, by ISO 8601. A week belongs to the year of its Thursday.
fn week(days: i64) -> (i64, i64) {
    let thursday = days + 3 - (days + 3).rem_euclid(7);
    let (year, ..) = date_from_days(thursday);
    (year, (thursday - days_from_date(year, 1, 1)) / 7 + 1)
}
