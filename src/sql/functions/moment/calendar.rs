//! Code that functions of dates and times share.

use crate::types::calendar::java::SECONDS_PER_DAY;
use crate::types::calendar::{date_from_days, days_from_date, days_in_month};

pub const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// The same day of another month. If that month has no such day, its last day.
pub fn add_months(seconds: i64, months: i64) -> i64 {
    let (days, second) = (seconds.div_euclid(SECONDS_PER_DAY), seconds.rem_euclid(SECONDS_PER_DAY));
    let (year, month, day) = date_from_days(days);
    let count = year.saturating_mul(12).saturating_add(i64::from(month) - 1).saturating_add(months);
    let (year, month) = (count.div_euclid(12).clamp(-1_000_000, 1_000_000), count.rem_euclid(12) as u32 + 1);
    days_from_date(year, month, day.min(days_in_month(year, month))) * SECONDS_PER_DAY + second
}
