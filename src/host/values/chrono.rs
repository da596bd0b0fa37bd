//! Dates and times of the crate chrono.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Timelike};

use super::{Scratch, ToValue};
use crate::types::value::Value;

const NANOS: u32 = 1_000_000_000;
/// 1970-01-01, counted from the day before 0001-01-01.
const EPOCH: i32 = 719_163;

impl ToValue for NaiveDate {
    fn to_value<'a>(&'a self, _: &'a Scratch) -> Value<'a> {
        Value::Date(self.num_days_from_ce() - EPOCH)
    }
}

impl ToValue for NaiveTime {
    fn to_value<'a>(&'a self, _: &'a Scratch) -> Value<'a> {
        Value::Time(i64::from(self.num_seconds_from_midnight()) * i64::from(NANOS) + i64::from(self.nanosecond()))
    }
}

/// A date and time without a zone, for `timestamp`.
impl ToValue for NaiveDateTime {
    fn to_value<'a>(&'a self, _: &'a Scratch) -> Value<'a> {
        let (seconds, nanos) = since_epoch(&self.and_utc());
        Value::Timestamp { seconds, nanos }
    }
}

/// An instant, for `timestamptz` and, in UTC, `timestamp`.
impl<Tz: TimeZone> ToValue for DateTime<Tz> {
    fn to_value<'a>(&'a self, _: &'a Scratch) -> Value<'a> {
        let (seconds, nanos) = since_epoch(self);
        Value::Instant { seconds, nanos }
    }
}

/// chrono represents a leap second by more than 999,999,999 nanoseconds. Here they count for the next second.
fn since_epoch<Tz: TimeZone>(time: &DateTime<Tz>) -> (i64, u32) {
    let nanos = time.timestamp_subsec_nanos();
    (time.timestamp() + i64::from(nanos / NANOS), nanos % NANOS)
}
