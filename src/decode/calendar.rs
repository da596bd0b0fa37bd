//! Dates and times as `java.time` has them: the proleptic Gregorian calendar, years before 1 included.

pub(super) const SECONDS_PER_DAY: i64 = 86_400;

/// Days from 1970-01-01 to a date. Counts in years that begin in March, so that the leap day is the last one, and in
/// cycles of 400 years, which all have the same length.
pub(super) fn days_from_date(year: i64, month: u32, day: u32) -> i64 {
    let shifted = if month > 2 { year } else { year - 1 };
    let cycle = shifted.div_euclid(400);
    let year_of_cycle = shifted.rem_euclid(400);
    let month_from_march = i64::from((month + 9) % 12);
    let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
    cycle * 146_097 + year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100 + day_of_year - 719_468
}

/// The year, month and day of a count of days from 1970-01-01.
pub(super) fn date_from_days(days: i64) -> (i64, u32, u32) {
    let shifted = days + 719_468;
    let cycle = shifted.div_euclid(146_097);
    let day_of_cycle = shifted.rem_euclid(146_097);
    let year_of_cycle = (day_of_cycle - day_of_cycle / 1_460 + day_of_cycle / 36_524 - day_of_cycle / 146_096) / 365;
    let day_of_year = day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * month_from_march + 2) / 5 + 1) as u32;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 } as u32;
    let year = year_of_cycle + cycle * 400 + i64::from(month <= 2);
    (year, month, day)
}

pub(super) fn days_in_month(year: i64, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days of a date that Java's "smart" resolver accepts: a day past the month's last one, up to 31, means the last one.
pub(super) fn smart_date(year: i64, month: u32, day: u32) -> Option<i64> {
    ((1..=12).contains(&month) && (1..=31).contains(&day))
        .then(|| days_from_date(year, month, day.min(days_in_month(year, month))))
}

/// Seconds of a time of day that Java's "smart" resolver accepts: `24:00:00` sharp is the next day's midnight.
pub(super) fn smart_time(hour: u32, minute: u32, second: u32, nanos: u32) -> Option<i64> {
    let in_day = hour < 24 && minute < 60 && second < 60;
    let end_of_day = hour == 24 && minute == 0 && second == 0 && nanos == 0;
    (in_day || end_of_day).then(|| i64::from(hour * 3600 + minute * 60 + second))
}

/// Cuts nanoseconds to a number of fraction digits.
pub(super) fn cut_fraction(nanos: i64, digits: u8) -> i64 {
    let unit = 10_i64.pow(9 - u32::from(digits.min(9)));
    nanos - nanos.rem_euclid(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_days_are_counted_from_1970() {
        assert_eq!(days_from_date(1970, 1, 1), 0);
        assert_eq!(days_from_date(2000, 3, 1), 11_017);
        assert_eq!(days_from_date(1969, 12, 31), -1);
        assert_eq!(days_from_date(0, 1, 1), -719_528);
    }

    #[test]
    fn every_day_of_two_cycles_around_year_zero_comes_back() {
        let mut expected = (-400, 1, 1);
        for days in days_from_date(-400, 1, 1)..=days_from_date(400, 12, 31) {
            assert_eq!(date_from_days(days), expected);
            assert_eq!(days_from_date(expected.0, expected.1, expected.2), days);
            let (year, month, day) = expected;
            expected = match (month, day) {
                (12, 31) => (year + 1, 1, 1),
                (month, day) if day == days_in_month(year, month) => (year, month + 1, 1),
                _ => (year, month, day + 1),
            };
        }
    }

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
