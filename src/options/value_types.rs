//! The forms of option values: Flink's durations, booleans and sizes. Errors never repeat the value, because it may be a
//! secret that was put into the wrong option. The caller adds the value if it can be shown.

use std::time::Duration;

/// Reads `true` or `false`, in upper or lower case.
pub fn boolean(text: &str) -> Result<bool, String> {
    if text.eq_ignore_ascii_case("true") {
        Ok(true)
    } else if text.eq_ignore_ascii_case("false") {
        Ok(false)
    } else {
        Err("must be true or false".into())
    }
}

/// Reads a decimal integer within bounds.
pub fn integer(text: &str, least: i64, most: i64) -> Result<i64, String> {
    within(text.trim().parse().ok(), least, most)
}

/// Checks that a number is within bounds. `None` is out of all bounds.
pub fn within(number: Option<i64>, least: i64, most: i64) -> Result<i64, String> {
    let range = || match most {
        i64::MAX => format!("must be a whole number of at least {least}"),
        _ => format!("must be a whole number from {least} to {most}"),
    };
    number.filter(|number| (least..=most).contains(number)).ok_or_else(range)
}

/// The labels of each unit, and its nanoseconds.
const DURATION_UNITS: &[(&[&str], u128)] = &[
    (&["d", "day", "days"], 86_400_000_000_000),
    (&["h", "hour", "hours"], 3_600_000_000_000),
    (&["m", "min", "minute", "minutes"], 60_000_000_000),
    (&["s", "sec", "secs", "second", "seconds"], 1_000_000_000),
    (&["", "ms", "milli", "millis", "millisecond", "milliseconds"], 1_000_000),
    (&["µs", "μs", "us", "micro", "micros", "microsecond", "microseconds"], 1_000),
    (&["ns", "nano", "nanos", "nanosecond", "nanoseconds"], 1),
];

/// Reads a number, an optional blank, and a unit. Without a unit it is milliseconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || String::from("must be a duration such as 500ms, 10 s, 5 min, 2 h or 1 d");
    let (number, unit) = split_number(text).ok_or_else(wrong)?;
    let (_, nanos) = DURATION_UNITS.iter().find(|(labels, _)| labels.contains(&unit.as_str())).ok_or_else(wrong)?;
    let total = u128::from(number).checked_mul(*nanos).filter(|total| *total <= u128::from(u64::MAX));
    let total = total.and_then(|total| u64::try_from(total).ok()).ok_or("is longer than 500 years")?;
    Ok(Duration::from_nanos(total))
}

const SIZE_UNITS: &[(&[&str], u64)] = &[
    (&["", "b", "byte", "bytes"], 1),
    (&["k", "kb", "kib", "kibibytes"], 1 << 10),
    (&["m", "mb", "mib", "mebibytes"], 1 << 20),
    (&["g", "gb", "gib", "gibibytes"], 1 << 30),
    (&["t", "tb", "tib", "tebibytes"], 1 << 40),
];

/// Reads a size in bytes: `64mb`, `1 gb`, `1048576`. Units are powers of 1024, as in Flink.
pub fn memory_size(text: &str) -> Result<usize, String> {
    let wrong = || String::from("must be a size such as 64mb or 1 gb");
    let (number, unit) = split_number(text).ok_or_else(wrong)?;
    let (_, factor) = SIZE_UNITS.iter().find(|(labels, _)| labels.contains(&unit.as_str())).ok_or_else(wrong)?;
    number.checked_mul(*factor).and_then(|size| usize::try_from(size).ok()).ok_or_else(wrong)
}

fn split_number(text: &str) -> Option<(u64, String)> {
    let text = text.trim();
    let digits = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    Some((number.parse().ok()?, unit.trim().to_lowercase()))
}

/// Reads exactly one character.
pub fn character(text: &str) -> Result<char, String> {
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (Some(character), None) => Ok(character),
        _ => Err("must be exactly one character".into()),
    }
}

/// Replaces Java's string escapes by their characters, as Flink does in `field-delimiter`: `\t`, `\u0009`, `\11` …
pub fn unescape_java(text: &str) -> Result<String, String> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        if character != '\\' {
            plain.push(character);
            continue;
        }
        match rest.next() {
            None => plain.push('\\'),
            Some('t') => plain.push('\t'),
            Some('n') => plain.push('\n'),
            Some('r') => plain.push('\r'),
            Some('b') => plain.push('\u{8}'),
            Some('f') => plain.push('\u{c}'),
            Some('u') => {
                while rest.next_if_eq(&'u').is_some() {}
                let digits: String = (0..4).filter_map(|_| rest.next_if(char::is_ascii_hexdigit)).collect();
                let code = u32::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 4);
                plain.push(code.and_then(char::from_u32).ok_or("has a \\u that four hexadecimal digits must follow")?);
            }
            Some(digit @ '0'..='7') => {
                let mut code = digit.to_digit(8).unwrap_or_default();
                let most = if digit <= '3' { 2 } else { 1 };
                for _ in 0..most {
                    match rest.next_if(|next| next.is_digit(8)).and_then(|next| next.to_digit(8)) {
                        Some(next) => code = code * 8 + next,
                        None => break,
                    }
                }
                plain.extend(char::from_u32(code));
            }
            Some(other) => plain.push(other),
        }
    }
    Ok(plain)
}

/// Whether Kafka takes the text as a topic's name.
pub fn is_topic(name: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (1..=249).contains(&name.len()) && name.chars().all(legal) && !matches!(name, "." | "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_flinks_units_and_means_milliseconds_without_one() {
        for (text, millis) in
            [("200", 200), ("5 min", 300_000), ("10s", 10_000), ("1 D", 86_400_000), ("2hours", 7_200_000)]
        {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        assert_eq!(duration("7 µs"), Ok(Duration::from_micros(7)));
        assert_eq!(duration("7ns"), Ok(Duration::from_nanos(7)));
    }

    #[test]
    fn a_duration_of_another_shape_is_refused() {
        for text in ["", "s", "-1s", "1.5s", "5 fortnights", "1 s 2", "99999999999999999999", "999999999 d"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_boolean_is_true_or_false_in_any_case_and_nothing_else() {
        assert_eq!(boolean("TRUE"), Ok(true));
        assert_eq!(boolean("False"), Ok(false));
        assert!(boolean("1").is_err() && boolean("yes").is_err() && boolean("").is_err());
    }

    #[test]
    fn sizes_are_powers_of_1024() {
        assert_eq!(memory_size("64mb"), Ok(64 << 20));
        assert_eq!(memory_size("1 GB"), Ok(1 << 30));
        assert_eq!(memory_size("4096"), Ok(4096));
        assert!(memory_size("much").is_err() && memory_size("99999999999 tb").is_err());
    }

    #[test]
    fn java_escapes_give_the_character_they_name() {
        for (text, plain) in
            [(r"\t", "\t"), (r"\u0009", "\t"), (r"\uu0041", "A"), (r"\11", "\t"), (r"\\", "\\"), ("|", "|")]
        {
            assert_eq!(unescape_java(text).as_deref(), Ok(plain), "{text}");
        }
        assert!(unescape_java(r"\u00").is_err());
    }
}
