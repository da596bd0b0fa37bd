//! Dates and times: their parts, their texts, and the clock.

use bumpalo::collections::String;

use crate::sql::expression::time_format::{Moment, TimeFormat};
use crate::sql::expression::{CalendarUnit, Function, Interval};
use crate::sql::values::cast::{parse, temporal};
use crate::sql::values::context::EvaluationContext;
use crate::types::calendar::java::{SECONDS_PER_DAY, cut_fraction};
use crate::types::calendar::{date_from_days, days_from_date, days_in_month};
use crate::types::time_zone::TimeZone;
use crate::types::value::Value;

const NANOS_PER_SECOND: i64 = 1_000_000_000;

pub(super) fn extract<'a>(unit: CalendarUnit, value: Value<'a>, zone: &TimeZone) -> Value<'a> {
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

/// The year and the number of a week of ISO 8601: it belongs to the year of its Thursday.
fn week(days: i64) -> (i64, i64) {
    let thursday = days + 3 - (days + 3).rem_euclid(7);
    let (year, ..) = date_from_days(thursday);
    (year, (thursday - days_from_date(year, 1, 1)) / 7 + 1)
}

/// The beginning of the unit that a moment is in.
pub(super) fn floor<'a>(unit: CalendarUnit, value: Value<'a>, zone: &TimeZone) -> Value<'a> {
    rebuilt(value, zone, |local| unit_start(unit, local))
}

/// The moment itself where a unit begins with it, else the beginning of the next.
pub(super) fn ceil<'a>(unit: CalendarUnit, value: Value<'a>, zone: &TimeZone) -> Value<'a> {
    rebuilt(value, zone, |local| {
        let start = unit_start(unit, local);
        if start == local { start } else { unit_end(unit, start) }
    })
}

/// Seconds and nanoseconds of the local time, through a change, as a value of the same kind.
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
        // Flink's weeks begin on Sunday here.
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

/// The beginning of the unit behind the one that begins here.
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

/// The same day of another month, or that month's last.
fn add_months(seconds: i64, months: i64) -> i64 {
    let (days, second) = (seconds.div_euclid(SECONDS_PER_DAY), seconds.rem_euclid(SECONDS_PER_DAY));
    let (year, month, day) = date_from_days(days);
    let count = year.saturating_mul(12).saturating_add(i64::from(month) - 1).saturating_add(months);
    let (year, month) = (count.div_euclid(12).clamp(-1_000_000, 1_000_000), count.rem_euclid(12) as u32 + 1);
    days_from_date(year, month, day.min(days_in_month(year, month))) * SECONDS_PER_DAY + second
}

/// As many months or milliseconds as the INTERVAL has. `None`: it is none.
pub(super) fn span(value: Value<'_>) -> Option<Interval> {
    match value {
        Value::Months(months) => Some(Interval { months: months.into(), millis: 0 }),
        Value::Millis(millis) => Some(Interval { months: 0, millis }),
        _ => None,
    }
}

/// `None`: nothing is as far from zero on the other side.
pub(super) fn back(interval: Interval) -> Option<Interval> {
    Some(Interval { months: interval.months.checked_neg()?, millis: interval.millis.checked_neg()? })
}

pub(super) fn shift<'a>(value: Value<'a>, interval: Interval) -> Value<'a> {
    let moved = |seconds: i64, nanos: u32| {
        let seconds = if interval.months == 0 { seconds } else { add_months(seconds, interval.months) };
        let total = i128::from(seconds) * 1000 + i128::from(interval.millis);
        let nanos = i64::from(nanos) + total.rem_euclid(1000) as i64 * 1_000_000;
        let seconds = i64::try_from(total.div_euclid(1000)).ok()? + nanos / NANOS_PER_SECOND;
        Some((seconds, (nanos % NANOS_PER_SECOND) as u32))
    };
    let shifted = match value {
        Value::Timestamp { seconds, nanos } => {
            moved(seconds, nanos).map(|(seconds, nanos)| Value::Timestamp { seconds, nanos })
        }
        Value::Instant { seconds, nanos } => {
            moved(seconds, nanos).map(|(seconds, nanos)| Value::Instant { seconds, nanos })
        }
        Value::Date(days) => moved(i64::from(days) * SECONDS_PER_DAY, 0)
            .and_then(|(seconds, _)| i32::try_from(seconds.div_euclid(SECONDS_PER_DAY)).ok())
            .map(Value::Date),
        Value::Time(nanos) => {
            moved(nanos / NANOS_PER_SECOND, (nanos % NANOS_PER_SECOND) as u32).map(|(seconds, nanos)| {
                Value::Time(seconds.rem_euclid(SECONDS_PER_DAY) * NANOS_PER_SECOND + i64::from(nanos))
            })
        }
        _ => None,
    };
    shifted.unwrap_or(Value::Null)
}

/// Whole units from the earlier to the later.
pub(super) fn difference<'a>(unit: CalendarUnit, later: Value<'a>, earlier: Value<'a>, zone: &TimeZone) -> Value<'a> {
    let (Some(later), Some(earlier)) = (temporal::local(later, 9, zone), temporal::local(earlier, 9, zone)) else {
        return Value::Null;
    };
    let nanos = |(seconds, nanos): (i64, u32)| i128::from(seconds) * i128::from(NANOS_PER_SECOND) + i128::from(nanos);
    let units =
        |length: i64| ((nanos(later) - nanos(earlier)) / (i128::from(length) * i128::from(NANOS_PER_SECOND))) as i64;
    Value::Int(match unit {
        CalendarUnit::Year => months_between(later, earlier) / 12,
        CalendarUnit::Quarter => months_between(later, earlier) / 3,
        CalendarUnit::Month => months_between(later, earlier),
        CalendarUnit::Week => units(7 * SECONDS_PER_DAY),
        CalendarUnit::Day => units(SECONDS_PER_DAY),
        CalendarUnit::Hour => units(3600),
        CalendarUnit::Minute => units(60),
        _ => units(1),
    })
}

fn months_between(later: (i64, u32), earlier: (i64, u32)) -> i64 {
    if later < earlier {
        return -months_between(earlier, later);
    }
    let month = |seconds: i64| {
        let (year, month, _) = date_from_days(seconds.div_euclid(SECONDS_PER_DAY));
        year * 12 + i64::from(month)
    };
    let months = month(later.0) - month(earlier.0);
    months - i64::from((add_months(earlier.0, months), earlier.1) > later)
}

/// By the format, or else as `yyyy-[m]m-[d]d[ hh:mm:ss]`, as Flink does. NULL if it is neither.
pub(super) fn to_timestamp<'a>(text: &str, format: &TimeFormat) -> Value<'a> {
    let parsed = format.parse(text, false).map(|(seconds, nanos, _)| (seconds, nanos));
    parsed.or_else(|| parse::timestamp(text)).map_or(Value::Null, |(seconds, nanos)| Value::Timestamp {
        seconds,
        nanos: cut_fraction(nanos.into(), 3) as u32,
    })
}

pub(super) fn to_date<'a>(text: &str, format: &TimeFormat) -> Value<'a> {
    let days = format.parse(text, true).map(|(seconds, ..)| seconds.div_euclid(SECONDS_PER_DAY));
    days.and_then(|days| i32::try_from(days).ok()).map_or(Value::Null, Value::Date)
}

/// The session's zone counts where the format has none of its own.
pub(super) fn unix_timestamp<'a>(text: &str, format: &TimeFormat, zone: &TimeZone) -> Value<'a> {
    format.parse(text, true).map_or(Value::Null, |(seconds, _, offset)| {
        Value::Int(offset.map_or_else(|| zone.instant(seconds), |offset| seconds - i64::from(offset)))
    })
}

pub(super) fn print<'a>(value: Value<'a>, format: &TimeFormat, context: &EvaluationContext<'a>) -> Value<'a> {
    let Some((seconds, nanos)) = temporal::local(value, 9, context.zone) else { return Value::Null };
    let offset = if let Value::Instant { seconds, .. } = value { context.zone.offset_at(seconds) } else { 0 };
    let mut text = String::new_in(context.arena);
    match format.print(&Moment { seconds, nanos, offset }, &mut text) {
        Ok(()) => Value::Text(text.into_bump_str()),
        Err(_) => Value::Null,
    }
}

/// Years 1 to 9999; NULL outside.
pub(super) fn to_instant<'a>(value: Value<'a>, millis: bool) -> Value<'a> {
    let factor = if millis { 1 } else { 1000 };
    let total = match value {
        Value::Int(value) => value.checked_mul(factor),
        Value::Double(value) if value.is_finite() => Some((value * factor as f64) as i64),
        Value::Decimal(value) => {
            let scaled = value.unscaled.checked_mul(factor.into());
            scaled.and_then(|scaled| i64::try_from(scaled / 10_i128.pow(value.scale.into())).ok())
        }
        _ => None,
    };
    match total {
        Some(total @ -62_135_596_800_000..=253_402_300_799_999) => {
            Value::Instant { seconds: total.div_euclid(1000), nanos: total.rem_euclid(1000) as u32 * 1_000_000 }
        }
        _ => Value::Null,
    }
}

pub(super) fn current<'a>(function: &Function, context: &EvaluationContext<'a>) -> Value<'a> {
    let (seconds, nanos) = context.now();
    let nanos = cut_fraction(nanos.into(), 3) as u32;
    let local = context.zone.local(seconds);
    match function {
        Function::CurrentTimestamp => Value::Instant { seconds, nanos },
        Function::LocalTimestamp => Value::Timestamp { seconds: local, nanos },
        Function::CurrentDate => i32::try_from(local.div_euclid(SECONDS_PER_DAY)).map_or(Value::Null, Value::Date),
        Function::CurrentTime => Value::Time(local.rem_euclid(SECONDS_PER_DAY) * NANOS_PER_SECOND),
        _ => Value::Int(seconds),
    }
}
