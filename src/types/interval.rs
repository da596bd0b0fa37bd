//! Spans of time, as Flink prints them where they are CAST to text.

use std::fmt;

/// INTERVAL YEAR TO MONTH: `+1-02`.
pub struct YearMonth(pub i32);

/// INTERVAL DAY TO SECOND: `+1 02:03:04.005`.
pub struct DayTime(pub i64);

fn sign(is_negative: bool) -> char {
    if is_negative { '-' } else { '+' }
}

impl fmt::Display for YearMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let months = self.0.unsigned_abs();
        write!(f, "{}{}-{:02}", sign(self.0 < 0), months / 12, months % 12)
    }
}

impl fmt::Display for DayTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.unsigned_abs();
        let seconds = millis / 1000;
        let (days, second) = (seconds / 86_400, seconds % 86_400);
        let (hours, minutes) = (second / 3600, second / 60 % 60);
        write!(f, "{}{days} {hours:02}:{minutes:02}:{:02}.{:03}", sign(self.0 < 0), second % 60, millis % 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_years_and_months() {
        for (months, expected) in [
            (14, "+1-02"),
            (-14, "-1-02"),
            (0, "+0-00"),
            (-1, "-0-01"),
            (11, "+0-11"),
            (i32::MIN, "-178956970-08"),
            (i32::MAX, "+178956970-07"),
        ] {
            assert_eq!(YearMonth(months).to_string(), expected);
        }
    }

    #[test]
    fn milliseconds_are_days_and_a_time() {
        for (millis, expected) in [
            (93_784_005, "+1 02:03:04.005"),
            (-93_784_005, "-1 02:03:04.005"),
            (0, "+0 00:00:00.000"),
            (-1, "-0 00:00:00.001"),
            (86_399_999, "+0 23:59:59.999"),
            (i64::MIN, "-106751991167 07:12:55.808"),
        ] {
            assert_eq!(DayTime(millis).to_string(), expected);
        }
    }
}
