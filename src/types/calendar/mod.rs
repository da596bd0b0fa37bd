//! The proleptic Gregorian calendar, years before 1 included: a day as a date, and as a count of days. The rules that only
//! PostgreSQL or only Java has are in `postgres` and `java`.

#[cfg(feature = "job")]
pub mod java;
pub mod postgres;

pub const SECONDS_PER_DAY: i64 = 86_400;

/// Days from 1970-01-01 to a date. Counts in years that begin in March, so that the leap day is the last one, and in
/// cycles of 400 years, which all have the same length.
pub fn days_from_date(year: i64, month: u32, day: u32) -> i64 {
    let shifted = if month > 2 { year } else { year - 1 };
    let cycle = shifted.div_euclid(400);
    let year_of_cycle = shifted.rem_euclid(400);
    let month_from_march = i64::from((month + 9) % 12);
    let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
    cycle * 146_097 + year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100 + day_of_year - 719_468
}

/// The year, month and day of a count of days from 1970-01-01.
pub fn date_from_days(days: i64) -> (i64, u32, u32) {
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

pub fn days_in_month(year: i64, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
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
}
