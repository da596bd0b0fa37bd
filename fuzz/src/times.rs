//! Time zones, and patterns of dates and times: every moment can be printed, and a full text is read back as the same moment.

use vecsink::internals::sql::functions::moment::time_format::{Moment, TimeFormat};
use vecsink::internals::types::time_zone::TimeZone;

pub const PIECES: &[&str] = &[
    "yyyy",
    "MM",
    "dd",
    "HH",
    "mm",
    "ss",
    "SSS",
    "'",
    "''",
    "XXX",
    "Z",
    "a",
    "EEE",
    "MMM",
    "D",
    "\n",
    "-",
    ":",
    " ",
    "UTC",
    "GMT+",
    "+08:00",
    "Asia/Shanghai",
    "Europe/Berlin",
    "é",
    "yyyyyyyyyyyyyyyyyyy",
    "SSSSSSSSSSSS",
    "[",
    "#",
    "2024-02-30",
];

const MOMENTS: [(i64, u32); 6] = [
    (0, 0),
    (1_709_281_800, 123_456_789),
    (-1, 999_999_999),
    (-62_135_596_800, 0),
    (253_402_300_799, 1),
    (951_782_400, 0),
];

/// The first line is a pattern, the second is a text for it, the third is a time zone.
pub fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let mut lines = text.splitn(3, '\n');
    let (pattern, shown, zone) = (lines.next(), lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    check_zone(zone);
    let Ok(format) = TimeFormat::new(pattern.unwrap_or_default()) else { return };
    for lenient in [false, true] {
        let parsed = format.parse(shown, lenient);
        assert_eq!(parsed, format.parse(shown, lenient));
        if let Some((_, nanos, offset)) = parsed {
            assert!(nanos < 1_000_000_000 && offset.is_none_or(|offset| offset.abs() <= 18 * 3600), "{parsed:?}");
        }
    }
    let is_whole = pattern.is_some_and(|pattern| {
        let tight = pattern.replace(['-', ':', ' ', '/', '.'], "");
        tight == "yyyyMMddHHmmss" && pattern.len() >= tight.len() + 5
    });
    for (seconds, nanos) in MOMENTS {
        let mut printed = String::new();
        format.print(&Moment { seconds, nanos, offset: 0 }, &mut printed).expect("a String takes all");
        if is_whole {
            assert_eq!(format.parse(&printed, false), Some((seconds, 0, None)), "{printed}");
        }
    }
}

fn check_zone(text: &str) {
    let zone = match TimeZone::parse(text) {
        Ok(zone) => zone,
        Err(wrong) => return assert!(!wrong.is_empty()),
    };
    assert_eq!(TimeZone::parse(zone.name()).as_ref(), Ok(&zone));
    for (instant, _) in MOMENTS {
        // Only times that the clock leaps over or shows twice are read back as another moment.
        let back = zone.instant(zone.local(instant));
        assert!((back - instant).abs() <= 26 * 3600, "{instant} {back}");
    }
    for extreme in [i64::MIN, i64::MAX] {
        let _ = (zone.local(extreme), zone.instant(extreme), zone.offset_at(extreme));
    }
}
