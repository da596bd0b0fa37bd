//! Dates and times of the crate jiff.

use jiff::civil::{Date, DateTime, Time, date};
use jiff::{SignedDuration, Timestamp, Zoned};

use super::{Scratch, ToValue};
use crate::types::value::Value;

const EPOCH: Date = date(1970, 1, 1);
const DAY: i64 = 86_400;

impl ToValue for Date {
    fn to_value<'a>(&'a self, _: &'a Scratch) -> Value<'a> {
        // The number of days fits for each date that jiff has.
        Value::Date((self.duration_since(EPOCH).as_secs() / DAY) as i32)
    }
}

impl ToValue for Time {
    fn to_value<'a>(&'a self, _: &'a Scratch) -> Value<'a> {
        let since = self.duration_since(Time::midnight());
        Value::Time(since.as_secs() * 1_000_000_000 + i64::from(since.subsec_nanos()))
    }
}

/// A date and time without a zone, for `timestamp`.
impl ToValue for DateTime {
    fn to_value<'a>(&'a self, _: &'a Scratch) -> Value<'a> {
        let (seconds, nanos) = floored(self.duration_since(EPOCH.to_datetime(Time::midnight())));
        Value::Timestamp { seconds, nanos }
    }
}

/// An instant, for `timestamptz` and, in UTC, `timestamp`.
impl ToValue for Timestamp {
    fn to_value<'a>(&'a self, _: &'a Scratch) -> Value<'a> {
        let (seconds, nanos) = floored(self.as_duration());
        Value::Instant { seconds, nanos }
    }
}

/// The instant; its zone isn't stored.
impl ToValue for Zoned {
    fn to_value<'a>(&'a self, _: &'a Scratch) -> Value<'a> {
        let (seconds, nanos) = floored(self.timestamp().as_duration());
        Value::Instant { seconds, nanos }
    }
}

/// Before 1970 jiff's nanoseconds are negative. In a value they are never negative, so its seconds are one less.
fn floored(since: SignedDuration) -> (i64, u32) {
    match since.subsec_nanos() {
        nanos @ 0.. => (since.as_secs(), nanos as u32),
        nanos => (since.as_secs() - 1, (nanos + 1_000_000_000) as u32),
    }
}
