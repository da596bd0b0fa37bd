//! Casts to dates, times and timestamps.

use super::parse;
use crate::types::calendar::java::{SECONDS_PER_DAY, cut_fraction};
use crate::types::time_zone::TimeZone;
use crate::types::value::Value;

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// Seconds and nanoseconds of the wall clock, cut to `precision` digits. A time without a date is a time of 1970-01-01.
pub(in crate::sql) fn local(value: Value<'_>, precision: u8, zone: &TimeZone) -> Option<(i64, u32)> {
    let (seconds, nanos) = match value {
        Value::Timestamp { seconds, nanos } => (seconds, nanos),
        Value::Instant { seconds, nanos } => (zone.local(seconds), nanos),
        Value::Date(days) => (i64::from(days) * SECONDS_PER_DAY, 0),
        Value::Time(nanos) => (nanos / NANOS_PER_SECOND, (nanos % NANOS_PER_SECOND) as u32),
        Value::Text(text) => parse::timestamp(text)?,
        _ => return None,
    };
    Some((seconds, cut_fraction(nanos.into(), precision) as u32))
}

pub(in crate::sql) fn instant(value: Value<'_>, precision: u8, zone: &TimeZone) -> Option<(i64, u32)> {
    if let Value::Instant { seconds, nanos } = value {
        return Some((seconds, cut_fraction(nanos.into(), precision) as u32));
    }
    let (seconds, nanos) = local(value, precision, zone)?;
    Some((zone.instant(seconds), nanos))
}

pub(in crate::sql) fn date(value: Value<'_>, zone: &TimeZone) -> Option<i32> {
    match value {
        Value::Date(days) => Some(days),
        Value::Text(text) => parse::date(text),
        Value::Time(_) => None,
        other => i32::try_from(local(other, 0, zone)?.0.div_euclid(SECONDS_PER_DAY)).ok(),
    }
}

pub(in crate::sql) fn time(value: Value<'_>, precision: u8, zone: &TimeZone) -> Option<i64> {
    let nanos = match value {
        Value::Time(nanos) => nanos,
        Value::Text(text) => parse::time(text)?,
        Value::Date(_) => return None,
        other => {
            let (seconds, nanos) = local(other, 9, zone)?;
            seconds.rem_euclid(SECONDS_PER_DAY) * NANOS_PER_SECOND + i64::from(nanos)
        }
    };
    Some(cut_fraction(nanos, precision))
}
