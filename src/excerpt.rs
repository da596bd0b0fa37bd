//! Quotes a part of a message, short enough for a log line.

use std::fmt;

/// Characters shown of a longer text.
const LONGEST: usize = 60;

/// Prints the beginning of some bytes in single quotes. Control characters are escaped, and malformed UTF-8 is printed as U+FFFD.
pub(super) struct Excerpt<'a>(pub &'a [u8]);

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A character has at most 4 bytes: the rest need not be looked at.
        let text = String::from_utf8_lossy(&self.0[..self.0.len().min(4 * (LONGEST + 1))]);
        write!(f, "'{}'", Shortened(&text))
    }
}

/// Prints the beginning of a text in the same way, without the quotes.
pub(super) struct Shortened<'a>(pub &'a str);

impl fmt::Display for Shortened<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, character) in self.0.chars().enumerate() {
            if index == LONGEST {
                return f.write_str("…");
            }
            match character {
                c if c.is_control() => write!(f, "{}", c.escape_default())?,
                c => write!(f, "{c}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_after_sixty_characters() {
        assert_eq!(Excerpt("é".repeat(61).as_bytes()).to_string(), format!("'{}…'", "é".repeat(60)));
        assert_eq!(Excerpt("é".repeat(60).as_bytes()).to_string(), format!("'{}'", "é".repeat(60)));
    }

    #[test]
    fn control_characters_cannot_break_a_log_line() {
        assert_eq!(Excerpt(b"a\n\x1b[0m\xff").to_string(), "'a\\n\\u{1b}[0m\u{fffd}'");
    }
}
