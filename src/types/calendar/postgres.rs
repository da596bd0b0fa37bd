//! Days, times and timestamps: PostgreSQL's epoch, rounding and limits, and their canonical text.

use super::{SECONDS_PER_DAY, days_from_date, days_in_month};

/// 2000-01-01, PostgreSQL's day zero, in days since 1970-01-01.
pub const EPOCH_DAY: i64 = 10_957;
const MICROS: i64 = 1_000_000;
const DAY_MICROS: i64 = SECONDS_PER_DAY * MICROS;
/// PostgreSQL's first day (4714-11-24 BC) and the day after its last one (5874897-12-31), counted from 2000-01-01.
const DAYS: std::ops::Range<i64> = -2_451_545..2_145_031_949;
/// The first timestamp, and the one after the last, in microseconds from 2000-01-01. The last one is in the year 294276.
const TIMESTAMPS: std::ops::Range<i64> = -211_813_488_000_000_000..9_223_371_331_200_000_000;

/// PostgreSQL's date. `None`: out of its range.
pub fn date(days_since_1970: i64) -> Option<i32> {
    let days = days_since_1970.checked_sub(EPOCH_DAY)?;
    if DAYS.contains(&days) { i32::try_from(days).ok() } else { None }
}

/// PostgreSQL's time of day, rounded to `precision` digits. `None`: not within a day.
pub fn time(nanos: i64, precision: u8) -> Option<i64> {
    if !(0..=SECONDS_PER_DAY * 1_000_000_000).contains(&nanos) {
        return None;
    }
    let micros = nanos / 1_000_000_000 * MICROS + fraction((nanos % 1_000_000_000) as u32);
    let rounded = round(micros, precision);
    (rounded <= DAY_MICROS).then_some(rounded)
}

/// PostgreSQL's timestamp, rounded to `precision` digits. `None`: out of its range.
pub fn timestamp(seconds: i64, nanos: u32, precision: u8) -> Option<i64> {
    let micros = seconds.checked_sub(EPOCH_DAY * SECONDS_PER_DAY)?.checked_mul(MICROS)?.checked_add(fraction(nanos))?;
    if !TIMESTAMPS.contains(&micros) {
        return None;
    }
    let rounded = round(micros, precision);
    TIMESTAMPS.contains(&rounded).then_some(rounded)
}

/// Splits microseconds into seconds and nanoseconds.
pub fn seconds_and_nanos(micros: i64) -> (i64, u32) {
    (micros.div_euclid(MICROS), micros.rem_euclid(MICROS) as u32 * 1000)
}

/// Turns nanoseconds into microseconds as the server does when it reads a fraction: it calculates with a double and rounds
/// a half to the even number.
fn fraction(nanos: u32) -> i64 {
    if nanos.is_multiple_of(1000) {
        i64::from(nanos / 1000)
    } else {
        (f64::from(nanos) / 1e9 * 1e6).round_ties_even() as i64
    }
}

/// Rounds to a number of fraction digits as the server does: a half is rounded away from its epoch.
fn round(micros: i64, precision: u8) -> i64 {
    if precision >= 6 {
        return micros;
    }
    let unit = 10_i64.pow(6 - u32::from(precision));
    let half = if micros < 0 { -(unit / 2) } else { unit / 2 };
    // Near the ends of i64 the sum would overflow; such values are out of the server's range.
    micros.saturating_add(half) / unit * unit
}

/// Reads `YYYY-MM-DD` as days since 1970-01-01. `None`: not that form, or no such day.
pub fn parse_date(text: &[u8]) -> Option<i64> {
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else { return None };
    let year = two(y1, y2)? * 100 + two(y3, y4)?;
    let (month, day) = (two(m1, m2)?, two(d1, d2)?);
    let year = i64::from(year);
    let exists = year > 0 && (1..=12).contains(&month) && (1..=days_in_month(year, month)).contains(&day);
    exists.then(|| days_from_date(year, month, day))
}

/// Reads `HH:MM:SS` with up to nine fraction digits: seconds and nanoseconds.
pub fn parse_time(text: &[u8]) -> Option<(i64, u32)> {
    let (&[h1, h2, b':', m1, m2, b':', s1, s2], fraction) = text.split_first_chunk()? else { return None };
    let (hour, minute, second) = (two(h1, h2)?, two(m1, m2)?, two(s1, s2)?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let nanos = match fraction {
        [] => 0,
        [b'.', digits @ ..] if (1..=9).contains(&digits.len()) => {
            let mut nanos = 0;
            for at in 0..9 {
                nanos = nanos * 10 + digits.get(at).map_or(Some(0), |&byte| one(byte))?;
            }
            nanos
        }
        _ => return None,
    };
    Some((i64::from(hour * 3600 + minute * 60 + second), nanos))
}

/// Reads a date and a time with a blank or a `T` between: seconds since 1970-01-01 and nanoseconds.
pub fn parse_timestamp(text: &[u8]) -> Option<(i64, u32)> {
    let (date, rest) = text.split_at_checked(10)?;
    let (b' ' | b'T', time) = rest.split_first()? else { return None };
    let (seconds, nanos) = parse_time(time)?;
    Some((parse_date(date)? * SECONDS_PER_DAY + seconds, nanos))
}

fn one(byte: u8) -> Option<u32> {
    let digit = byte.wrapping_sub(b'0');
    (digit < 10).then_some(u32::from(digit))
}

fn two(tens: u8, ones: u8) -> Option<u32> {
    Some(one(tens)? * 10 + one(ones)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::calendar::date_from_days;

    #[test]
    fn the_epoch_is_the_year_2000() {
        assert_eq!(date(10_957), Some(0));
        assert_eq!(timestamp(946_684_800, 1000, 6), Some(1));
        assert_eq!(parse_timestamp(b"2000-01-01 00:00:01.5"), Some((946_684_801, 500_000_000)));
    }

    #[test]
    fn every_day_reads_back() {
        for days in (-719_162..2_932_896).step_by(17) {
            let (year, month, day) = date_from_days(days);
            let text = format!("{year:04}-{month:02}-{day:02}");
            assert_eq!(parse_date(text.as_bytes()), Some(days), "{text}");
        }
    }

    #[test]
    fn days_that_do_not_exist_are_not_canonical() {
        for text in ["2023-02-29", "1900-02-29", "2024-13-01", "2024-00-01", "0000-01-01", "2024-1-1", "2024-04-31"] {
            assert_eq!(parse_date(text.as_bytes()), None, "{text}");
        }
        for text in ["24:00:00", "23:59:60", "10:00", "10:00:00.", "10:00:00.1234567890"] {
            assert_eq!(parse_time(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn nine_digits_are_rounded_to_the_precision_of_the_column() {
        assert_eq!(timestamp(946_684_800, 123_456_789, 6), Some(123_457));
        assert_eq!(timestamp(946_684_800, 123_456_789, 3), Some(123_000));
        assert_eq!(timestamp(946_684_800, 999_999_999, 6), Some(1_000_000));
        assert_eq!(timestamp(946_684_799, 500_000_000, 0), Some(-1_000_000));
        assert_eq!(time(86_399_999_999_999, 6), Some(DAY_MICROS));
    }

    #[test]
    fn values_out_of_the_servers_range_have_no_binary_form() {
        assert_eq!(date(-2_451_545 + EPOCH_DAY - 1), None);
        assert_eq!(timestamp(i64::MAX, 0, 6), None);
        assert_eq!(timestamp(-211_813_488_000 + EPOCH_DAY * SECONDS_PER_DAY - 1, 0, 6), None);
        assert_eq!(time(-1, 6), None);
    }
}
