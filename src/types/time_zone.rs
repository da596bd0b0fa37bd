//! The session's time zone: the time that its wall clock shows at an instant, and the instant at which the clock shows a
//! time.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// A zone of the IANA database, or a fixed distance from UTC. Two zones are equal when they have the same name.
#[derive(Debug, Clone)]
pub struct TimeZone {
    name: String,
    rules: jiff::tz::TimeZone,
}

impl PartialEq for TimeZone {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for TimeZone {}

impl Default for TimeZone {
    fn default() -> Self {
        TimeZone { name: "UTC".into(), rules: jiff::tz::TimeZone::UTC }
    }
}

/// Java's names of three letters. Most of them have several meanings (CST is the zone of Chicago, of Shanghai and of
/// Havana), so Flink takes none of them.
const SHORT_NAMES: &[&str] = &[
    "ACT", "AET", "AGT", "ART", "AST", "BET", "BST", "CAT", "CNT", "CST", "CTT", "EAT", "ECT", "EST", "HST", "IET",
    "IST", "JST", "MIT", "MST", "NET", "NST", "PLT", "PNT", "PRT", "PST", "SST", "VST",
];

impl TimeZone {
    /// `Asia/Shanghai`, `UTC`, `GMT+08:00`, `+08:00`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let name = text.trim();
        let zone = |rules| Ok(TimeZone { name: name.to_string(), rules });
        if SHORT_NAMES.iter().any(|short| short.eq_ignore_ascii_case(name)) {
            return Err(
                "must be a full name such as America/Los_Angeles; a name of three letters can mean several zones"
                    .into(),
            );
        }
        let distance = ["UTC", "GMT", "UT", ""]
            .into_iter()
            .find_map(|prefix| name.get(..prefix.len()).filter(|start| start.eq_ignore_ascii_case(prefix)))
            .and_then(|prefix| distance(&name[prefix.len()..]));
        match distance {
            Some(0) => return zone(jiff::tz::TimeZone::UTC),
            Some(seconds) => {
                let offset = Offset::from_seconds(seconds).map_err(|_| "is further from UTC than 18 hours")?;
                return zone(jiff::tz::TimeZone::fixed(offset));
            }
            None => {}
        }
        // Java knows `Z` and `UT`, the IANA database does not.
        if ["Z", "UT"].contains(&name) {
            return zone(jiff::tz::TimeZone::UTC);
        }
        match jiff::tz::TimeZone::get(name) {
            Ok(rules) if name.chars().all(|character| character.is_ascii_graphic()) => zone(rules),
            _ => Err("must be a zone such as Asia/Shanghai or UTC, or a distance from UTC such as GMT+08:00".into()),
        }
    }

    /// The zone's name, as it was configured.
    #[cfg(any(test, feature = "internals"))]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Seconds by which the wall clock is ahead of UTC at an instant, given in seconds since 1970.
    pub fn offset_at(&self, instant: i64) -> i32 {
        let bounded = instant.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
        Timestamp::from_second(bounded).map_or(0, |instant| self.rules.to_offset(instant).seconds())
    }

    /// Seconds since 1970 on the wall clock at an instant.
    pub fn local(&self, instant: i64) -> i64 {
        instant.saturating_add(self.offset_at(instant).into())
    }

    /// The instant at which the wall clock shows a time. If there are two, it is the earlier one. A time that the
    /// clock skips is shifted by the skipped span, as in `java.time`.
    pub fn instant(&self, local: i64) -> i64 {
        let bounds = (Timestamp::MIN.as_second() + 200_000, Timestamp::MAX.as_second() - 200_000);
        let bounded = local.clamp(bounds.0, bounds.1);
        let instant = Timestamp::from_second(bounded)
            .map(|shown| Offset::UTC.to_datetime(shown))
            .and_then(|shown: DateTime| self.rules.to_ambiguous_zoned(shown).compatible())
            .map_or(bounded, |zoned| zoned.timestamp().as_second());
        local.saturating_add(instant - bounded)
    }
}

/// `+8`, `+08`, `+08:00`, `-0830`, `+08:30:15`, in seconds. Java goes up to 18 hours.
fn distance(text: &str) -> Option<i32> {
    let (sign, digits) = match text.as_bytes() {
        [b'+', ..] => (1, &text[1..]),
        [b'-', ..] => (-1, &text[1..]),
        _ => return None,
    };
    let parts: Vec<&str> = match digits.len() {
        4 | 6 if !digits.contains(':') && digits.is_ascii() => {
            (0..digits.len()).step_by(2).map(|at| &digits[at..at + 2]).collect()
        }
        _ => digits.split(':').collect(),
    };
    let number = |(at, part): (usize, &&str)| {
        let width = if at == 0 { 1..=2 } else { 2..=2 };
        let fits = width.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse::<i32>().ok().filter(|number| fits && *number < 60)
    };
    let numbers: Vec<i32> = parts.iter().enumerate().map(number).collect::<Option<_>>()?;
    let [hours, rest @ ..] = numbers.as_slice() else { return None };
    let (minutes, seconds) = match rest {
        [] => (0, 0),
        [minutes] => (*minutes, 0),
        [minutes, seconds] => (*minutes, *seconds),
        _ => return None,
    };
    let total = hours * 3600 + minutes * 60 + seconds;
    (total <= 18 * 3600).then_some(sign * total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::parse(name).unwrap()
    }

    #[test]
    fn a_distance_from_utc_is_written_in_javas_ways() {
        for (text, seconds) in [
            ("GMT+08:00", 28_800),
            ("GMT-8", -28_800),
            ("UTC+05:30", 19_800),
            ("+0530", 19_800),
            ("-01:00:01", -3_601),
            ("UTC", 0),
            ("Z", 0),
            ("gmt", 0),
            ("Etc/GMT-8", 28_800),
        ] {
            assert_eq!(zone(text).offset_at(0), seconds, "{text}");
        }
    }

    #[test]
    fn other_names_are_refused() {
        for text in ["", "Mars/Olympus", "GMT+19", "GMT+8:0", "PST", "cst", "GMT+08:60", "../etc/passwd", "UTC+"] {
            assert!(TimeZone::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_zone_knows_its_summer_time() {
        let berlin = zone("Europe/Berlin");
        assert_eq!(berlin.offset_at(1_704_067_200), 3600);
        assert_eq!(berlin.offset_at(1_719_792_000), 7200);
        // 2024-03-31 02:30 doesn't exist there, 2024-10-27 02:30 comes twice.
        assert_eq!(berlin.local(berlin.instant(1_711_852_200)), 1_711_855_800);
        assert_eq!(berlin.instant(1_729_996_200), 1_729_996_200 - 7200);
    }

    #[test]
    fn an_instant_out_of_the_calendars_range_has_an_offset() {
        for instant in [i64::MIN, i64::MAX] {
            let shanghai = zone("Asia/Shanghai");
            let _ = (shanghai.local(instant), shanghai.instant(instant));
        }
    }
}
