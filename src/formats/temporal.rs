//! Dates and times as Flink's formats read them.

use crate::types::calendar::java::{SECONDS_PER_DAY, smart_date, smart_time};
use crate::types::calendar::{days_from_date, days_in_month};
use crate::types::java::number::integer;

/// `yyyy-MM-dd HH:mm:ss[.fraction]`: seconds since 1970 and nanoseconds.
pub(crate) fn timestamp(text: &[u8]) -> Option<(i64, u32)> {
    let mut rest = text;
    let year = year(&mut rest)?;
    let month = pair_after(&mut rest, b'-')?;
    let day = pair_after(&mut rest, b'-')?;
    let hour = pair_after(&mut rest, b' ')?;
    let minute = pair_after(&mut rest, b':')?;
    let second = pair_after(&mut rest, b':')?;
    let nanos = fraction(rest)?;
    Some((smart_date(year, month, day)? * SECONDS_PER_DAY + smart_time(hour, minute, second, nanos)?, nanos))
}

/// `HH:mm[:ss[.fraction]]`: nanoseconds since midnight.
pub(crate) fn time_of_day(text: &[u8]) -> Option<i64> {
    let mut rest = text;
    let hour = pair(&mut rest)?;
    let minute = pair_after(&mut rest, b':')?;
    let (second, nanos) = if rest.is_empty() { (0, 0) } else { (pair_after(&mut rest, b':')?, fraction(rest)?) };
    if hour > 23 {
        return None;
    }
    Some(smart_time(hour, minute, second, nanos)? * 1_000_000_000 + i64::from(nanos))
}

/// `yyyy-[m]m-[d]d`: days since 1970. A day after the month's last one means a day of the next month, as in
/// `java.sql.Date`.
pub(crate) fn date(text: &[u8]) -> Option<i32> {
    let mut parts = text.splitn(3, |&byte| byte == b'-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if year.len() != 4 || month.len() > 2 || day.len() > 2 {
        return None;
    }
    let (year, month, day) = (integer(year)?, integer(month)?, integer(day)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    i32::try_from(days_from_date(year, month as u32, 1) + day - 1).ok()
}

/// ISO `yyyy-MM-ddTHH:mm[:ss[.fraction]]`: seconds since 1970 and nanoseconds. A day after the month's last one, and 24
/// o'clock, are refused.
pub(crate) fn iso_timestamp(text: &[u8]) -> Option<(i64, u32)> {
    let mut rest = text;
    let days = iso_day(&mut rest)?;
    let [b'T' | b't', time @ ..] = rest else { return None };
    let nanos = time_of_day(time)?;
    let (seconds, nanos) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    Some((days * SECONDS_PER_DAY + seconds, nanos as u32))
}

/// ISO `yyyy-MM-dd`, a day that exists: days since 1970.
pub(crate) fn iso_date(text: &[u8]) -> Option<i32> {
    let mut rest = text;
    let days = iso_day(&mut rest)?;
    if rest.is_empty() { i32::try_from(days).ok() } else { None }
}

fn iso_day(rest: &mut &[u8]) -> Option<i64> {
    let year = year(rest)?;
    let month = pair_after(rest, b'-')?;
    let day = pair_after(rest, b'-')?;
    let exists = (1..=12).contains(&month) && (1..=days_in_month(year, month)).contains(&day);
    exists.then(|| days_from_date(year, month, day))
}

/// `HH:mm:ss[.fraction]`: nanoseconds since midnight, without the fraction. 24:00:00 is midnight.
pub(crate) fn whole_seconds(text: &[u8]) -> Option<i64> {
    let mut rest = text;
    let hour = pair(&mut rest)?;
    let minute = pair_after(&mut rest, b':')?;
    let second = pair_after(&mut rest, b':')?;
    let nanos = fraction(rest)?;
    Some(smart_time(hour, minute, second, nanos)? % SECONDS_PER_DAY * 1_000_000_000)
}

/// A year of four digits, or of up to nine digits if it has a sign.
fn year(rest: &mut &[u8]) -> Option<i64> {
    let (negative, least, digits) = match *rest {
        [b'-', digits @ ..] => (true, 4, digits),
        [b'+', digits @ ..] => (false, 5, digits),
        _ => return Some(i64::from(pair(rest)? * 100 + pair(rest)?)),
    };
    let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(least..=9).contains(&length) {
        return None;
    }
    *rest = &digits[length..];
    match (integer(&digits[..length])?, negative) {
        (0, _) => None,
        (year, true) => Some(-year),
        (year, false) => Some(year),
    }
}

/// The nanoseconds of an empty text, or of a point and up to nine digits.
fn fraction(text: &[u8]) -> Option<u32> {
    let digits = match text {
        [] => return Some(0),
        [b'.', digits @ ..] if digits.len() <= 9 => digits,
        _ => return None,
    };
    let mut nanos = 0;
    for byte in digits {
        nanos = nanos * 10 + digit(*byte)?;
    }
    Some(nanos * 10_u32.pow(9 - digits.len() as u32))
}

fn pair_after(rest: &mut &[u8], separator: u8) -> Option<u32> {
    match *rest {
        [byte, tail @ ..] if *byte == separator => *rest = tail,
        _ => return None,
    }
    pair(rest)
}

fn pair(rest: &mut &[u8]) -> Option<u32> {
    match *rest {
        [tens, ones, tail @ ..] => {
            *rest = tail;
            Some(digit(*tens)? * 10 + digit(*ones)?)
        }
        _ => None,
    }
}

fn digit(byte: u8) -> Option<u32> {
    let digit = byte.wrapping_sub(b'0');
    (digit <= 9).then(|| u32::from(digit))
}
