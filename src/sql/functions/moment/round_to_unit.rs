//! `FLOOR(moment TO unit)` and `CEIL(moment TO unit)`.

use super::calendar::{NANOS_PER_SECOND, add_months};
use super::unit::CalendarUnit;
use crate::sql::functions::definition::*;
use crate::sql::values::cast::temporal;
use crate::types::calendar::java::SECONDS_PER_DAY;
use crate::types::calendar::{date_from_days, days_from_date};
use crate::types::time_zone::TimeZone;

pub fn floor(unit: CalendarUnit, moment: Expression) -> PlannedCall {
    rounded(RoundToUnit::Floor(unit), moment)
}

pub fn ceil(unit: CalendarUnit, moment: Expression) -> PlannedCall {
    rounded(RoundToUnit::Ceil(unit), moment)
}

fn rounded(function: RoundToUnit, moment: Expression) -> PlannedCall {
    let data_type = moment.data_type();
    if !data_type.is_moment() {
        return Err(format!("TO a unit takes a date or a time, found {data_type}"));
    }
    Ok(Expression::call(function, vec![moment], data_type))
}

#[derive(Debug, PartialEq)]
enum RoundToUnit {
    Floor(CalendarUnit),
    Ceil(CalendarUnit),
}

impl Evaluate for RoundToUnit {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        let [value] = operands.values else { return operands.unexpected() };
        Ok(match self {
            RoundToUnit::Floor(unit) => unit_of(*unit, *value, operands.zone()),
            RoundToUnit::Ceil(unit) => next_unit(*unit, *value, operands.zone()),
        })
    }
}

/// The beginning of the unit that a moment is in.
fn unit_of<'a>(unit: CalendarUnit, value: Value<'a>, zone: &TimeZone) -> Value<'a> {
    rebuilt(value, zone, |local| unit_start(unit, local))
}

/// The moment itself if a unit begins with it. Otherwise the beginning of the next unit.
fn next_unit<'a>(unit: CalendarUnit, value: Value<'a>, zone: &TimeZone) -> Value<'a> {
    rebuilt(value, zone, |local| {
        let start = unit_start(unit, local);
        if start == local { start } else { unit_end(unit, start) }
    })
}

/// Applies `change` to the seconds and nanoseconds of the local time. The result is a value of the same kind.
fn rebuilt<'a>(value: Value<'a>, zone: &TimeZone, change: impl Fn((i64, u32)) -> (i64, u32)) -> Value<'a> {
    let Some(local) = temporal::local(value, 9, zone) else { return Value::Null };
    let (seconds, nanos) = change(local);
    match value {
        Value::Date(_) => i32::try_from(seconds.div_euclid(SECONDS_PER_DAY)).map_or(Value::Null, Value::Date),
        Value::Time(_) => Value::Time(seconds.rem_euclid(SECONDS_PER_DAY) * NANOS_PER_SECOND + i64::from(nanos)),
        Value::Instant { .. } => Value::Instant { seconds: zone.instant(seconds), nanos },
        _ => Value::Timestamp { seconds, nanos },
    }
}

fn unit_start(unit: CalendarUnit, (seconds, nanos): (i64, u32)) -> (i64, u32) {
    let days = seconds.div_euclid(SECONDS_PER_DAY);
    let (year, month, _) = date_from_days(days);
    let first_of = |year: i64, month: u32| (days_from_date(year, month, 1) * SECONDS_PER_DAY, 0);
    let multiple = |length: i64| (seconds - seconds.rem_euclid(length), 0);
    match unit {
        CalendarUnit::Millennium => first_of((year - 1).div_euclid(1000) * 1000 + 1, 1),
        CalendarUnit::Century => first_of((year - 1).div_euclid(100) * 100 + 1, 1),
        CalendarUnit::Decade => first_of(year.div_euclid(10) * 10, 1),
        CalendarUnit::Year | CalendarUnit::IsoYear => first_of(year, 1),
        CalendarUnit::Quarter => first_of(year, (month - 1) / 3 * 3 + 1),
        CalendarUnit::Month => first_of(year, month),
        // In FLOOR and CEIL, Flink's weeks begin on Sunday.
        CalendarUnit::Week => ((days - (days + 4).rem_euclid(7)) * SECONDS_PER_DAY, 0),
        CalendarUnit::Day | CalendarUnit::DayOfWeek | CalendarUnit::IsoDayOfWeek | CalendarUnit::DayOfYear => {
            multiple(SECONDS_PER_DAY)
        }
        CalendarUnit::Hour => multiple(3600),
        CalendarUnit::Minute => multiple(60),
        CalendarUnit::Second | CalendarUnit::Epoch => (seconds, 0),
        CalendarUnit::Millisecond => (seconds, nanos - nanos % 1_000_000),
        CalendarUnit::Microsecond => (seconds, nanos - nanos % 1000),
        CalendarUnit::Nanosecond => (seconds, nanos),
    }
}

/// The beginning of the unit after the one that begins at this time.
fn unit_end(unit: CalendarUnit, (seconds, nanos): (i64, u32)) -> (i64, u32) {
    let months = |count: i64| (add_months(seconds, count), nanos);
    let later = |more: u32| {
        let total = nanos + more;
        (seconds + i64::from(total / 1_000_000_000), total % 1_000_000_000)
    };
    match unit {
        CalendarUnit::Millennium => months(12_000),
        CalendarUnit::Century => months(1_200),
        CalendarUnit::Decade => months(120),
        CalendarUnit::Year | CalendarUnit::IsoYear => months(12),
        CalendarUnit::Quarter => months(3),
        CalendarUnit::Month => months(1),
        CalendarUnit::Week => (seconds + 7 * SECONDS_PER_DAY, nanos),
        CalendarUnit::Day | CalendarUnit::DayOfWeek | CalendarUnit::IsoDayOfWeek | CalendarUnit::DayOfYear => {
            (seconds + SECONDS_PER_DAY, nanos)
        }
        CalendarUnit::Hour => (seconds + 3600, nanos),
        CalendarUnit::Minute => (seconds + 60, nanos),
        CalendarUnit::Second | CalendarUnit::Epoch => (seconds + 1, nanos),
        CalendarUnit::Millisecond => later(1_000_000),
        CalendarUnit::Microsecond => later(1000),
        CalendarUnit::Nanosecond => (seconds, nanos),
    }
}
