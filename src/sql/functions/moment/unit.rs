//! The units of dates and times, such as DAY.

use crate::sql::functions::definition::{Expression, PlannedCall};

/// A function whose first argument is a unit, and which has two more. No field has a default.
pub struct UnitFunction {
    pub name: &'static str,
    /// Makes the expression of a call.
    pub plan: fn(CalendarUnit, Expression, Expression) -> PlannedCall,
}

/// A part of a date or a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CalendarUnit {
    Millennium,
    Century,
    Decade,
    Year,
    IsoYear,
    Quarter,
    Month,
    Week,
    Day,
    /// The days are counted from 1, which is Sunday.
    DayOfWeek,
    /// The days are counted from 1, which is Monday.
    IsoDayOfWeek,
    DayOfYear,
    Hour,
    Minute,
    Second,
    Millisecond,
    Microsecond,
    Nanosecond,
    Epoch,
}

/// A span of time to add.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    pub months: i64,
    pub millis: i64,
}

impl CalendarUnit {
    /// The unit with this name in a query.
    pub fn named(name: &str) -> Option<CalendarUnit> {
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

    /// The span of `count` units. `None`: the unit has no fixed span.
    pub fn span(self, count: i64) -> Option<Interval> {
        let months = |each: i64| Some(Interval { months: count.checked_mul(each)?, millis: 0 });
        let millis = |each: i64| Some(Interval { months: 0, millis: count.checked_mul(each)? });
        match self {
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
}
