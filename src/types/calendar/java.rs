//! Dates and times as `java.time` has them: the proleptic Gregorian calendar, years before 1 included.

pub(crate) use super::SECONDS_PER_DAY;
use super::{days_from_date, days_in_month};

/// Days of a date that Java's "smart" resolver accepts: a day past the month's last one, up to 31, means the last one.
pub(crate) fn smart_date(year: i64, month: u32, day: u32) -> Option<i64> {
    ((1..=12).contains(&month) && (1..=31).contains(&day))
        .then(|| days_from_date(year, month, day.min(days_in_month(year, month))))
}

/// Seconds of a time of day that Java's "smart" resolver accepts: `24:00:00` sharp is the next day's midnight.
pub(crate) fn smart_time(hour: u32, minute: u32, second: u32, nanos: u32) -> Option<i64> {
    let in_day = hour < 24 && minute < 60 && second < 60;
    let end_of_day = hour == 24 && minute == 0 && second == 0 && nanos == 0;
    (in_day || end_of_day).then(|| i64::from(hour * 3600 + minute * 60 + second))
}

/// Cuts nanoseconds to a number of fraction digits.
pub(crate) fn cut_fraction(nanos: i64, digits: u8) -> i64 {
    let unit = 10_i64.pow(9 - u32::from(digits.min(9)));
    nanos - nanos.rem_euclid(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_past_the_month_is_its_last_day() {
        assert_eq!(smart_date(2023, 2, 30), Some(days_from_date(2023, 2, 28)));
        assert_eq!(smart_date(2024, 2, 31), Some(days_from_date(2024, 2, 29)));
        assert_eq!(smart_date(2024, 4, 32), None);
    }

    #[test]
    fn a_fraction_is_cut_towards_the_past() {
        assert_eq!(cut_fraction(123_456_789, 3), 123_000_000);
        assert_eq!(cut_fraction(123_456_789, 9), 123_456_789);
        assert_eq!(cut_fraction(999_999_999, 0), 0);
    }
}
