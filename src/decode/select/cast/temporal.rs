//! Casts to dates, times and timestamps.

use super::parse;
use crate::decode::calendar::{SECONDS_PER_DAY, cut_fraction};
use crate::value::Value;

/// The session's time zone (`table.local-time-zone`): how far its wall clock is ahead of UTC. TIMESTAMP and
/// TIMESTAMP_LTZ meet here and nowhere else.
const SESSION_OFFSET_SECONDS: i64 = 0;

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// The session's wall clock at an instant.
pub(super) fn wall_clock(instant_seconds: i64) -> i64 {
    instant_seconds + SESSION_OFFSET_SECONDS
}

/// Seconds and nanoseconds of the wall clock, cut to `precision` digits. A bare time is one of 1970-01-01.
pub(super) fn local(value: Value<'_>, precision: u8) -> Option<(i64, u32)> {
    let (seconds, nanos) = match value {
        Value::Timestamp { seconds, nanos } => (seconds, nanos),
        Value::Instant { seconds, nanos } => (wall_clock(seconds), nanos),
        Value::Date(days) => (i64::from(days) * SECONDS_PER_DAY, 0),
        Value::Time(nanos) => (nanos / NANOS_PER_SECOND, (nanos % NANOS_PER_SECOND) as u32),
        Value::Text(text) => parse::timestamp(text)?,
        _ => return None,
    };
    Some((seconds, cut_fraction(nanos.into(), precision) as u32))
}

pub(super) fn instant(value: Value<'_>, precision: u8) -> Option<(i64, u32)> {
    let (seconds, nanos) = local(value, precision)?;
    Some((seconds - SESSION_OFFSET_SECONDS, nanos))
}

pub(super) fn date(value: Value<'_>) -> Option<i32> {
    match value {
        Value::Date(days) => Some(days),
        Value::Text(text) => parse::date(text),
        Value::Time(_) => None,
        other => i32::try_from(local(other, 0)?.0.div_euclid(SECONDS_PER_DAY)).ok(),
    }
}

pub(super) fn time(value: Value<'_>, precision: u8) -> Option<i64> {
    let nanos = match value {
        Value::Time(nanos) => nanos,
        Value::Text(text) => parse::time(text)?,
        Value::Date(_) => return None,
        other => {
            let (seconds, nanos) = local(other, 9)?;
            seconds.rem_euclid(SECONDS_PER_DAY) * NANOS_PER_SECOND + i64::from(nanos)
        }
    };
    Some(cut_fraction(nanos, precision))
}
