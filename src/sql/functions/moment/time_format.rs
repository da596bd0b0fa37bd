//! Java's patterns for dates and times: `yyyy-MM-dd HH:mm:ss.SSS`.

use std::fmt::{self, Write};

use crate::types::calendar::{date_from_days, days_from_date, days_in_month};

const SECONDS_PER_DAY: i64 = 86_400;
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// A compiled pattern. Two patterns are equal when their texts are equal.
#[derive(Debug, Clone)]
pub struct TimeFormat {
    written: String,
    pieces: Vec<PatternPiece>,
}

impl PartialEq for TimeFormat {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

#[derive(Debug, Clone, PartialEq)]
enum PatternPiece {
    Literal(String),
    /// A number, and how many letters the pattern has for it.
    Number(PatternField, usize),
    /// This many digits of the second's fraction.
    Fraction(usize),
    MonthName {
        full: bool,
    },
    DayName {
        full: bool,
    },
    HalfOfDay,
    /// `+0800`, `+08:00` or `+08`. If `zulu` is true, `Z` stands for UTC.
    Offset {
        width: usize,
        zulu: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PatternField {
    Year,
    Month,
    Day,
    DayOfYear,
    Quarter,
    /// 0 to 23, 1 to 24, 0 to 11, 1 to 12.
    Hour,
    HourFromOne,
    HourOfHalf,
    ClockHour,
    Minute,
    Second,
}

/// A local time, and how far it is ahead of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    pub seconds: i64,
    pub nanos: u32,
    pub offset: i32,
}

impl TimeFormat {
    pub fn new(pattern: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = pattern.chars().peekable();
        while let Some(letter) = rest.next() {
            if letter == '\'' {
                quoted(&mut rest, &mut pieces)?;
                continue;
            }
            if !letter.is_ascii_alphabetic() {
                if matches!(letter, '{' | '}' | '#' | '[' | ']') {
                    return Err(format!("has a '{letter}', which must be in single quotes"));
                }
                literal(letter, &mut pieces);
                continue;
            }
            let mut count = 1;
            while rest.next_if_eq(&letter).is_some() {
                count += 1;
            }
            pieces.push(piece(letter, count)?);
        }
        Ok(TimeFormat { written: pattern.to_string(), pieces })
    }

    pub fn print(&self, moment: &Moment, out: &mut impl Write) -> fmt::Result {
        let days = moment.seconds.div_euclid(SECONDS_PER_DAY);
        let second = moment.seconds.rem_euclid(SECONDS_PER_DAY);
        let (year, month, day) = date_from_days(days);
        let weekday = (days + 3).rem_euclid(7) as usize;
        for piece in &self.pieces {
            match piece {
                PatternPiece::Literal(text) => out.write_str(text)?,
                PatternPiece::Number(PatternField::Year, 2) => write!(out, "{:02}", year.rem_euclid(100))?,
                PatternPiece::Number(field, width) => {
                    let value = match field {
                        PatternField::Year => year,
                        PatternField::Month => month.into(),
                        PatternField::Day => day.into(),
                        PatternField::DayOfYear => days - days_from_date(year, 1, 1) + 1,
                        PatternField::Quarter => i64::from((month - 1) / 3 + 1),
                        PatternField::Hour => second / 3600,
                        PatternField::HourFromOne => (second / 3600 + 23) % 24 + 1,
                        PatternField::HourOfHalf => second / 3600 % 12,
                        PatternField::ClockHour => (second / 3600 + 11) % 12 + 1,
                        PatternField::Minute => second / 60 % 60,
                        PatternField::Second => second % 60,
                    };
                    write!(out, "{value:0width$}")?;
                }
                PatternPiece::Fraction(width) => {
                    let digits = (*width).min(9);
                    let value = moment.nanos / 10_u32.pow(9 - digits as u32);
                    write!(out, "{value:0digits$}{:0<rest$}", "", rest = width - digits)?;
                }
                PatternPiece::MonthName { full } => out.write_str(name(MONTHS[month as usize - 1], *full))?,
                PatternPiece::DayName { full } => out.write_str(name(DAYS[weekday], *full))?,
                PatternPiece::HalfOfDay => out.write_str(if second < 43_200 { "AM" } else { "PM" })?,
                PatternPiece::Offset { zulu: true, .. } if moment.offset == 0 => out.write_char('Z')?,
                PatternPiece::Offset { width, .. } => {
                    let sign = if moment.offset < 0 { '-' } else { '+' };
                    let minutes = moment.offset.unsigned_abs() / 60;
                    write!(out, "{sign}{:02}", minutes / 60)?;
                    match width {
                        1 if minutes.is_multiple_of(60) => {}
                        3 => write!(out, ":{:02}", minutes % 60)?,
                        _ => write!(out, "{:02}", minutes % 60)?,
                    }
                }
            }
        }
        Ok(())
    }

    /// Reads the whole text as a local time, with an offset if the pattern has one. Fields that the pattern doesn't have
    /// are those of 1970-01-01 00:00:00. `lenient`: a number may have fewer digits than the pattern has letters, as in
    /// `SimpleDateFormat`.
    pub fn parse(&self, text: &str, lenient: bool) -> Option<(i64, u32, Option<i32>)> {
        let mut found = ParsedFields::default();
        let mut rest = text;
        for (index, piece) in self.pieces.iter().enumerate() {
            rest = match piece {
                PatternPiece::Literal(expected) => rest.strip_prefix(expected.as_str())?,
                PatternPiece::Number(field, count) => {
                    let adjacent = matches!(
                        self.pieces.get(index + 1),
                        Some(PatternPiece::Number(..) | PatternPiece::Fraction(_))
                    );
                    let (least, most) = match (field, count) {
                        (_, 1) if !adjacent => (1, 9),
                        (_, count) if !lenient || adjacent => (*count, *count),
                        (PatternField::Year, 4..) => (1, *count),
                        (_, count) => (1, *count),
                    };
                    let (number, behind) = number(rest, least, most)?;
                    let number = match (field, count) {
                        // A year of two digits is one of the years 2000 to 2099.
                        (PatternField::Year, 2) => 2000 + number,
                        _ => number,
                    };
                    found.set(*field, number)?;
                    behind
                }
                PatternPiece::Fraction(count) => {
                    let least = if lenient { 1 } else { *count };
                    let digits = rest.bytes().take(*count).take_while(u8::is_ascii_digit).count();
                    if digits < least {
                        return None;
                    }
                    let (fraction, behind) = rest.split_at(digits);
                    let kept = &fraction[..digits.min(9)];
                    found.nanos = kept.parse::<u32>().ok()? * 10_u32.pow(9 - kept.len() as u32);
                    behind
                }
                PatternPiece::MonthName { full } => {
                    let (index, behind) = named(rest, &MONTHS, *full)?;
                    found.month = Some(index as u32 + 1);
                    behind
                }
                PatternPiece::DayName { full } => named(rest, &DAYS, *full)?.1,
                PatternPiece::HalfOfDay => {
                    let (half, behind) = rest.split_at_checked(2)?;
                    found.afternoon = Some(match half {
                        "AM" => false,
                        "PM" => true,
                        _ => return None,
                    });
                    behind
                }
                PatternPiece::Offset { zulu, .. } => {
                    let (offset, behind) = offset(rest, *zulu)?;
                    found.offset = Some(offset);
                    behind
                }
            };
        }
        if rest.is_empty() { found.resolve() } else { None }
    }
}

fn literal(character: char, pieces: &mut Vec<PatternPiece>) {
    match pieces.last_mut() {
        Some(PatternPiece::Literal(text)) => text.push(character),
        _ => pieces.push(PatternPiece::Literal(character.to_string())),
    }
}

/// Reads the text after a single quote, up to the next one. Two quotes stand for one in the text.
fn quoted(rest: &mut std::iter::Peekable<std::str::Chars<'_>>, pieces: &mut Vec<PatternPiece>) -> Result<(), String> {
    if rest.next_if_eq(&'\'').is_some() {
        literal('\'', pieces);
        return Ok(());
    }
    loop {
        match rest.next() {
            Some('\'') if rest.next_if_eq(&'\'').is_some() => literal('\'', pieces),
            Some('\'') => return Ok(()),
            Some(character) => literal(character, pieces),
            None => return Err("has a single quote that is not closed".into()),
        }
    }
}

fn piece(letter: char, count: usize) -> Result<PatternPiece, String> {
    let shown = || letter.to_string().repeat(count);
    let numbers = |field, most: usize| match count {
        count if count <= most => Ok(PatternPiece::Number(field, count)),
        _ => Err(format!("has '{}', more letters than there are digits", shown())),
    };
    match letter {
        'y' | 'u' => numbers(PatternField::Year, 9),
        'M' | 'L' if count == 3 || count == 4 => Ok(PatternPiece::MonthName { full: count == 4 }),
        'M' | 'L' => numbers(PatternField::Month, 2),
        'd' => numbers(PatternField::Day, 2),
        'D' => numbers(PatternField::DayOfYear, 3),
        'E' if count <= 4 => Ok(PatternPiece::DayName { full: count == 4 }),
        'Q' | 'q' => numbers(PatternField::Quarter, 2),
        'H' => numbers(PatternField::Hour, 2),
        'k' => numbers(PatternField::HourFromOne, 2),
        'K' => numbers(PatternField::HourOfHalf, 2),
        'h' => numbers(PatternField::ClockHour, 2),
        'm' => numbers(PatternField::Minute, 2),
        's' => numbers(PatternField::Second, 2),
        'S' if count <= 9 => Ok(PatternPiece::Fraction(count)),
        'a' if count == 1 => Ok(PatternPiece::HalfOfDay),
        'X' if count <= 3 => Ok(PatternPiece::Offset { width: count, zulu: true }),
        'x' if count <= 3 => Ok(PatternPiece::Offset { width: count, zulu: false }),
        'Z' if count <= 3 => Ok(PatternPiece::Offset { width: 2, zulu: false }),
        'Y' => Err(format!("has '{}', the year of weeks; the year is 'yyyy'", shown())),
        _ => Err(format!("has '{}', which is not supported", shown())),
    }
}

fn name(full_name: &'static str, full: bool) -> &'static str {
    if full { full_name } else { &full_name[..3] }
}

fn named<'t>(text: &'t str, names: &[&'static str], full: bool) -> Option<(usize, &'t str)> {
    let found = |(index, known): (usize, &&'static str)| Some((index, text.strip_prefix(name(known, full))?));
    names.iter().enumerate().find_map(found)
}

fn number(text: &str, least: usize, most: usize) -> Option<(i64, &str)> {
    let digits = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    if digits < least {
        return None;
    }
    let (number, rest) = text.split_at(digits);
    Some((number.parse().ok()?, rest))
}

fn offset(text: &str, zulu: bool) -> Option<(i32, &str)> {
    if zulu && let Some(rest) = text.strip_prefix('Z') {
        return Some((0, rest));
    }
    let (sign, rest) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let (hours, rest) = number(rest, 2, 2)?;
    let behind = rest.strip_prefix(':').unwrap_or(rest);
    let (minutes, rest) = number(behind, 2, 2).unwrap_or((0, rest));
    (hours <= 18 && minutes < 60).then_some((sign * (hours * 3600 + minutes * 60) as i32, rest))
}

/// The fields of a text.
#[derive(Default)]
struct ParsedFields {
    year: Option<i64>,
    month: Option<u32>,
    day: Option<u32>,
    day_of_year: Option<u32>,
    hour: Option<u32>,
    hour_of_half: Option<u32>,
    afternoon: Option<bool>,
    minute: u32,
    second: u32,
    nanos: u32,
    offset: Option<i32>,
}

impl ParsedFields {
    fn set(&mut self, field: PatternField, number: i64) -> Option<()> {
        let within = |least: i64, most: i64| (least..=most).contains(&number).then_some(number as u32);
        match field {
            PatternField::Year => self.year = Some(number),
            PatternField::Month => self.month = Some(within(1, 12)?),
            PatternField::Day => self.day = Some(within(1, 31)?),
            PatternField::DayOfYear => self.day_of_year = Some(within(1, 366)?),
            PatternField::Quarter => drop(within(1, 4)?),
            PatternField::Hour => self.hour = Some(within(0, 23)?),
            PatternField::HourFromOne => self.hour = Some(within(1, 24)? % 24),
            PatternField::HourOfHalf => self.hour_of_half = Some(within(0, 11)?),
            PatternField::ClockHour => self.hour_of_half = Some(within(1, 12)? % 12),
            PatternField::Minute => self.minute = within(0, 59)?,
            PatternField::Second => self.second = within(0, 59)?,
        }
        Some(())
    }

    fn resolve(self) -> Option<(i64, u32, Option<i32>)> {
        let year = self.year.unwrap_or(1970);
        let days = match self.day_of_year {
            Some(day) if self.month.is_none() => days_from_date(year, 1, 1) + i64::from(day) - 1,
            _ => {
                let month = self.month.unwrap_or(1);
                // A day after the month's last one, up to 31, means the last one, as in `java.time`.
                days_from_date(year, month, self.day.unwrap_or(1).min(days_in_month(year, month)))
            }
        };
        let half = if self.afternoon == Some(true) { 12 } else { 0 };
        let hour = self.hour.or(self.hour_of_half.map(|hour| hour + half)).unwrap_or(0);
        let second = i64::from(hour * 3600 + self.minute * 60 + self.second);
        Some((days * SECONDS_PER_DAY + second, self.nanos, self.offset))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 2024-03-01 08:05:09.123456789 in Shanghai, a Friday.
    const MOMENT: Moment = Moment { seconds: 1_709_280_309, nanos: 123_456_789, offset: 28_800 };

    fn print(pattern: &str) -> String {
        let mut out = String::new();
        TimeFormat::new(pattern).unwrap().print(&MOMENT, &mut out).unwrap();
        out
    }

    fn parse(pattern: &str, text: &str) -> Option<(i64, u32, Option<i32>)> {
        TimeFormat::new(pattern).unwrap().parse(text, false)
    }

    #[test]
    fn each_letter_prints_its_field() {
        for (pattern, expected) in [
            ("yyyy-MM-dd HH:mm:ss", "2024-03-01 08:05:09"),
            ("yyyyMMdd'T'HHmmssSSS", "20240301T080509123"),
            ("yy/M/d H:m:s", "24/3/1 8:5:9"),
            ("dd MMM yyyy, EEE", "01 Mar 2024, Fri"),
            ("MMMM EEEE", "March Friday"),
            ("hh:mm a k K", "08:05 AM 8 8"),
            ("DDD Q", "061 1"),
            ("SSSSSSSSS", "123456789"),
            ("XXX xx X Z", "+08:00 +0800 +08 +0800"),
            ("'o''clock' ''", "o'clock '"),
        ] {
            assert_eq!(print(pattern), expected, "{pattern}");
        }
    }

    #[test]
    fn a_text_is_read_by_its_pattern_and_nothing_may_be_left_over() {
        assert_eq!(parse("yyyy-MM-dd HH:mm:ss", "2024-03-01 08:05:09"), Some((1_709_280_309, 0, None)));
        assert_eq!(parse("yyyyMMddHHmmssSSS", "20240301080509120"), Some((1_709_280_309, 120_000_000, None)));
        assert_eq!(parse("d.M.yyyy", "1.3.2024"), Some((1_709_251_200, 0, None)));
        assert_eq!(parse("HH:mm", "01:00"), Some((3600, 0, None)));
        assert_eq!(parse("hh:mm a", "12:30 PM"), Some((45_000, 0, None)));
        assert_eq!(parse("dd MMM yyyy", "01 Mar 2024"), Some((1_709_251_200, 0, None)));
        assert_eq!(parse("yyyy-MM-dd'T'HH:mm:ssXXX", "1970-01-01T08:00:00+08:00"), Some((28_800, 0, Some(28_800))));
        for (pattern, text) in [
            ("yyyy-MM-dd", "2024-03-01 "),
            ("yyyy-MM-dd", "2024-3-01"),
            ("yyyy-MM-dd", "2024-13-01"),
            ("yyyy-MM-dd", "24-03-01"),
            ("yyyy-MM-dd", "2024-03"),
            ("HH", "24"),
        ] {
            assert_eq!(parse(pattern, text), None, "{text}");
        }
        assert_eq!(TimeFormat::new("yyyy-MM-dd").unwrap().parse("2024-3-1", true), Some((1_709_251_200, 0, None)));
    }

    #[test]
    fn the_error_names_a_letter_that_is_not_supported() {
        for (pattern, reason) in
            [("YYYY", "year of weeks"), ("zzz", "'zzz'"), ("'a", "not closed"), ("MMMMM", "MMMMM"), ("[yyyy]", "'['")]
        {
            let error = TimeFormat::new(pattern).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(seconds in -62_135_596_800_i64..253_402_300_800, nanos in 0_u32..1_000_000_000, pattern in prop::sample::select(vec![
            "yyyy-MM-dd HH:mm:ss.SSSSSSSSS", "yyyyDDDHHmmssSSSSSSSSS", "d MMMM yyyy hh:mm:ss a SSSSSSSSS", "yyyyMMddkkmmssSSSSSSSSS",
        ])) {
            let format = TimeFormat::new(pattern).unwrap();
            let mut text = String::new();
            format.print(&Moment { seconds, nanos, offset: 0 }, &mut text).unwrap();
            prop_assert_eq!(format.parse(&text, false), Some((seconds, nanos, None)));
        }
    }
}
