//! A JSON string as it is in a message, and the meaning of its escapes.

use std::fmt::{self, Write};

use bumpalo::Bump;
use bumpalo::collections::String;
use memchr::memchr;

/// The text between the quotes. Its escapes are valid.
#[derive(Debug, Clone, Copy)]
pub struct Quoted<'a> {
    pub raw: &'a str,
    pub has_escapes: bool,
}

impl<'a> Quoted<'a> {
    /// The string without escapes. If there are none, it is borrowed from the message.
    #[inline]
    pub fn text(self, arena: &'a Bump) -> &'a str {
        if !self.has_escapes {
            return self.raw;
        }
        // An escape is never shorter than its character.
        let mut text = String::with_capacity_in(self.raw.len(), arena);
        self.unescape(&mut text);
        text.into_bump_str()
    }

    /// Appends the string as Jackson writes strings.
    pub fn print(self, out: &mut String<'_>) {
        out.push('"');
        if self.has_escapes {
            let mut plain = QuotedPrinter { out };
            self.unescape_into(&mut plain);
        } else {
            escape(self.raw, out);
        }
        out.push('"');
    }

    fn unescape(self, out: &mut String<'_>) {
        self.unescape_into(out);
    }

    fn unescape_into(self, out: &mut impl Write) {
        // Writing to a string in memory can't fail.
        let _ = unescape(self.raw, out);
    }
}

/// Escapes the text that is written to it.
struct QuotedPrinter<'o, 'a> {
    out: &'o mut String<'a>,
}

impl Write for QuotedPrinter<'_, '_> {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        escape(piece, self.out);
        Ok(())
    }
}

fn unescape(mut raw: &str, out: &mut impl Write) -> fmt::Result {
    while let Some(at) = memchr(b'\\', raw.as_bytes()) {
        out.write_str(&raw[..at])?;
        let (length, character) = match raw.as_bytes()[at + 1..].first() {
            Some(b'b') => (2, '\u{8}'),
            Some(b'f') => (2, '\u{c}'),
            Some(b'n') => (2, '\n'),
            Some(b'r') => (2, '\r'),
            Some(b't') => (2, '\t'),
            Some(b'u') => unicode(&raw[at..]),
            // A quote, a slash or a backslash stands for itself.
            other => (2, other.map_or('\\', |&byte| char::from(byte))),
        };
        out.write_char(character)?;
        raw = raw.get(at + length..).unwrap_or_default();
    }
    out.write_str(raw)
}

/// The character of `\u00e9` or `\ud83d\ude97`, and the length of its escapes.
fn unicode(text: &str) -> (usize, char) {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u32::from_str_radix(digits, 16).ok()
    };
    match (unit(0), unit(6)) {
        (Some(high @ 0xd800..=0xdbff), Some(low @ 0xdc00..=0xdfff)) => {
            let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
            (12, char::from_u32(code).unwrap_or('?'))
        }
        // Half of a surrogate pair is not a character. Java writes a question mark in its place.
        (code, _) => (6, code.and_then(char::from_u32).unwrap_or('?')),
    }
}

fn escape(text: &str, out: &mut String<'_>) {
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        out.push_str(&rest[..at]);
        match rest.as_bytes()[at] {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            0x8 => out.push_str("\\b"),
            0xc => out.push_str("\\f"),
            control => {
                let _ = write!(out, "\\u{control:04X}");
            }
        }
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
}
