//! Reads the texts that CAST takes. They are less strict than those of the csv format, and blanks around them are ignored.

use crate::types::calendar::java::{SECONDS_PER_DAY, smart_date, smart_time};
use crate::types::calendar::{days_from_date, days_in_month};
use crate::types::java::number;

pub(in crate::sql) fn boolean(text: &str) -> Option<bool> {
    let is_one_of = |words: [&str; 5]| words.iter().any(|word| word.eq_ignore_ascii_case(text.trim()));
    match () {
        () if is_one_of(["t", "true", "y", "yes", "1"]) => Some(true),
        () if is_one_of(["f", "false", "n", "no", "0"]) => Some(false),
        () => None,
    }
}

/// Reads an integer. Digits after a point are cut off.
pub(in crate::sql) fn whole(text: &str) -> Option<i64> {
    let text = text.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match whole {
        // Flink reads a point without digits before it as zero.
        "" | "-" | "+" if whole.len() < text.len() => Some(0),
        whole => number::integer(whole.as_bytes()),
    }
}

/// Reads `yyyy[-[m]m[-[d]d]]`. A time of day after a blank is ignored.
pub(in crate::sql) fn date(text: &str) -> Option<i32> {
    let text = text.trim();
    let day_only = text.split_once(' ').map_or(text, |(day, _)| day);
    let mut parts = day_only.splitn(3, '-');
    let year = digits(parts.next()?, 9)?;
    let month = parts.next().map_or(Some(1), |part| digits(part, 9))?;
    let day = parts.next().map_or(Some(1), |part| digits(part, 9))?;
    if year > 9999 || !(1..=12).contains(&month) || day < 1 || day > days_in_month(year.into(), month) {
        return None;
    }
    i32::try_from(days_from_date(year.into(), month, day)).ok()
}

/// Reads `h[h][:m[m][:s[s][.fraction]]]` as nanoseconds since midnight, rounded to milliseconds as in Flink.
pub(in crate::sql) fn time(text: &str) -> Option<i64> {
    let mut parts = text.splitn(3, ':');
    let hour = digits(parts.next()?.trim(), 2)?;
    let minute = parts.next().map_or(Some(0), |part| digits(part.trim(), 2))?;
    let seconds = parts.next().unwrap_or("0").trim();
    let (second, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    let second = digits(second, 2)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let mut millis = i64::from(hour * 3600 + minute * 60 + second) * 1000;
    for (index, byte) in fraction.bytes().enumerate() {
        let digit = i64::from(byte.wrapping_sub(b'0'));
        match (index, digit) {
            (_, 10..) => return None,
            (0, digit) => millis += digit * 100,
            (1, digit) => millis += digit * 10,
            (2, digit) => millis += digit,
            (3, 5..) => millis += 1,
            _ => {}
        }
    }
    Some(millis * 1_000_000)
}

/// Reads `yyyy-[m]m-[d]d[ [h]h:[m]m:[s]s[.fraction]]` as seconds since 1970 and nanoseconds.
pub(in crate::sql) fn timestamp(text: &str) -> Option<(i64, u32)> {
    let text = text.trim();
    let (date, time) = text.split_once(' ').unwrap_or((text, "0:0:0"));
    let mut parts = date.splitn(3, '-');
    let year = parts.next().filter(|year| year.len() == 4).and_then(|year| digits(year, 4))?;
    let (month, day) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let mut parts = time.splitn(3, ':');
    let (hour, minute) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let seconds = parts.next()?;
    let (second, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    let second = digits(second, 2)?;
    let nanos = match fraction.len() {
        0 => 0,
        length => digits(fraction, 9)? * 10_u32.pow(9 - length as u32),
    };
    let days = smart_date(year.into(), month, day)?;
    Some((days * SECONDS_PER_DAY + smart_time(hour, minute, second, nanos)?, nanos))
}

/// Reads a text of one to `most` digits.
fn digits(text: &str, most: usize) -> Option<u32> {
    let fits = (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}
