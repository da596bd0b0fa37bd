//! Splits a line into fields, as Jackson's csv reader does for Flink.

use std::fmt;

use bumpalo::Bump;
use memchr::{memchr, memchr2, memchr3};

use crate::formats::csv::options::CsvFormat;

/// A special character in UTF-8.
#[derive(Debug, Clone, Copy)]
struct Symbol {
    bytes: [u8; 4],
    length: usize,
}

impl Symbol {
    fn new(character: char) -> Self {
        let mut bytes = [0; 4];
        let length = character.encode_utf8(&mut bytes).len();
        Symbol { bytes, length }
    }

    fn first(self) -> u8 {
        self.bytes[0]
    }

    /// The text after the symbol, if `text` begins with it.
    fn strip(self, text: &[u8]) -> Option<&[u8]> {
        match text {
            [byte, rest @ ..] if *byte == self.bytes[0] => {
                if self.length == 1 {
                    Some(rest)
                } else {
                    text.strip_prefix(&self.bytes[..self.length])
                }
            }
            _ => None,
        }
    }
}

/// The special characters of a table's messages.
#[derive(Debug)]
pub struct Dialect {
    delimiter: Symbol,
    quote: Option<Symbol>,
    escape: Option<Symbol>,
    allow_comments: bool,
    /// The bytes at which an unquoted field ends or needs a change.
    stops: [u8; 4],
}

/// Fields up to this length are searched eight bytes at a time, because starting the vectorized search would take longer.
const NEAR: usize = 32;

impl Dialect {
    pub fn new(options: &CsvFormat) -> Self {
        let delimiter = Symbol::new(options.field_delimiter);
        let escape = options.escape_character.map(Symbol::new);
        let stops = [b'\n', b'\r', delimiter.first(), escape.unwrap_or(delimiter).first()];
        let quote = options.quote_character.map(Symbol::new);
        Dialect { delimiter, quote, escape, allow_comments: options.allow_comments, stops }
    }

    /// The index of the first byte at which an unquoted field ends or needs a change. If there is none, it is the text's
    /// length.
    #[inline]
    fn find_stop(&self, text: &[u8]) -> usize {
        let near = &text[..text.len().min(NEAR)];
        let (eights, tail) = near.as_chunks::<8>();
        for (index, eight) in eights.iter().enumerate() {
            if let Some(at) = first_of(self.stops, u64::from_le_bytes(*eight)) {
                return index * 8 + at;
            }
        }
        if let Some(at) = tail.iter().position(|byte| self.stops.contains(byte)) {
            return near.len() - tail.len() + at;
        }
        let far = &text[near.len()..];
        let mut at = memchr3(self.delimiter.first(), b'\n', b'\r', far).unwrap_or(far.len());
        if let Some(escape) = self.escape {
            at = memchr(escape.first(), &far[..at]).unwrap_or(at);
        }
        near.len() + at
    }
}

/// Of eight bytes (the lowest is the first): the index of the first one that is in `wanted`.
#[inline(always)]
fn first_of(wanted: [u8; 4], bytes: u64) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const TOPS: u64 = ONES << 7;
    // Sets the top bit of each byte that is zero. The subtraction borrows from the bytes above a zero byte, so their top
    // bits can be set too. Only the lowest bit that is set is certain.
    let zeros = |bytes: u64| bytes.wrapping_sub(ONES) & !bytes & TOPS;
    let found = wanted.iter().fold(0, |found, &byte| found | zeros(bytes ^ (ONES * u64::from(byte))));
    (found != 0).then_some(found.trailing_zeros() as usize / 8)
}

/// Why a line can't be split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CsvError {
    NoClosingQuote,
    AfterClosingQuote(u8),
    NothingEscaped,
}

impl fmt::Display for CsvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CsvError::NoClosingQuote => f.write_str("found no closing quote before the end of the message"),
            CsvError::AfterClosingQuote(byte) => write!(
                f,
                "found '{}' after a closing quote where a delimiter or the end of the line was expected",
                byte.escape_ascii()
            ),
            CsvError::NothingEscaped => f.write_str("found an escape character at the end of the message"),
        }
    }
}

/// Walks over the fields of a message's first line.
pub struct CsvCursor<'a, 'd> {
    dialect: &'d Dialect,
    /// The text that was not read yet. `None`: the line's last field was read.
    rest: Option<&'a [u8]>,
    started_empty: bool,
}

impl<'a, 'd> CsvCursor<'a, 'd> {
    pub fn new(dialect: &'d Dialect, message: &'a [u8]) -> Self {
        let text = message.strip_prefix(b"\xef\xbb\xbf").unwrap_or(message);
        let line = if dialect.allow_comments { skip_comments(text) } else { text };
        CsvCursor { dialect, rest: Some(line), started_empty: line.is_empty() }
    }

    /// Whether there is no line in the message.
    pub fn is_empty(&self) -> bool {
        self.started_empty
    }

    /// Whether the line's last field was taken.
    pub fn is_at_end(&self) -> bool {
        self.rest.is_none()
    }

    /// The next field without its quotes and escapes. If there is nothing to remove, it is borrowed from the message.
    #[inline]
    pub fn next(&mut self, scratch: &mut Vec<u8>, arena: &'a Bump) -> Result<Option<&'a [u8]>, CsvError> {
        let Some(text) = self.rest else { return Ok(None) };
        match self.dialect.quote.and_then(|quote| quote.strip(text)) {
            Some(quoted) => self.quoted(quoted, scratch, arena).map(Some),
            None => match self.plain(text) {
                Some(field) => Ok(Some(field)),
                None => self.unquoted(text, scratch, arena).map(Some),
            },
        }
    }

    /// The usual field: it has no special characters, and a delimiter of one byte or the message's end follows.
    #[inline(always)]
    fn plain(&mut self, text: &'a [u8]) -> Option<&'a [u8]> {
        let (field, end) = text.split_at_checked(self.dialect.find_stop(text))?;
        let delimiter = self.dialect.delimiter;
        self.rest = match end.split_first() {
            None => None,
            Some((first, rest)) if *first == delimiter.first() && delimiter.length == 1 => Some(rest),
            Some(_) => return None,
        };
        Some(field)
    }

    #[inline(never)]
    fn unquoted(&mut self, text: &'a [u8], scratch: &mut Vec<u8>, arena: &'a Bump) -> Result<&'a [u8], CsvError> {
        let mut field = CsvField::new(text, scratch);
        loop {
            field.at += self.dialect.find_stop(&text[field.at..]);
            let here = &text[field.at..];
            if let Some(rest) = self.dialect.delimiter.strip(here) {
                self.rest = Some(rest);
                return Ok(field.finish(arena));
            }
            if let [] | [b'\n' | b'\r', ..] = here {
                self.rest = None;
                return Ok(field.finish(arena));
            }
            match self.dialect.escape.and_then(|escape| escape.strip(here)) {
                Some(escaped) => field.unescape(escaped)?,
                // This character has only its first byte in common with a special one.
                None => field.at += 1,
            }
        }
    }

    fn quoted(&mut self, text: &'a [u8], scratch: &mut Vec<u8>, arena: &'a Bump) -> Result<&'a [u8], CsvError> {
        let quote = self.dialect.quote.ok_or(CsvError::NoClosingQuote)?;
        let mut field = CsvField::new(text, scratch);
        loop {
            let ahead = &text[field.at..];
            let found = match self.dialect.escape {
                Some(escape) => memchr2(quote.first(), escape.first(), ahead),
                None => memchr(quote.first(), ahead),
            };
            field.at += found.ok_or(CsvError::NoClosingQuote)?;
            let here = &text[field.at..];
            if let Some(after) = quote.strip(here) {
                if quote.strip(after).is_none() {
                    self.rest = self.after_quote(after)?;
                    return Ok(field.finish(arena));
                }
                // Two quotes stand for one. The first is kept, the second is skipped.
                field.replace(quote.length, quote.length, &[]);
            } else if let Some(escaped) = self.dialect.escape.and_then(|escape| escape.strip(here)) {
                field.unescape(escaped)?;
            } else {
                field.at += 1;
            }
        }
    }

    /// The text after the delimiter that follows a quoted field. Blanks before the delimiter are ignored.
    fn after_quote(&self, mut text: &'a [u8]) -> Result<Option<&'a [u8]>, CsvError> {
        loop {
            if let Some(rest) = self.dialect.delimiter.strip(text) {
                return Ok(Some(rest));
            }
            match text {
                [] | [b'\n' | b'\r', ..] => return Ok(None),
                [0..=b' ', rest @ ..] => text = rest,
                [other, ..] => return Err(CsvError::AfterClosingQuote(*other)),
            }
        }
    }
}

/// Skips comment lines, and with them (as Jackson does) empty lines and blanks at the start of a line.
fn skip_comments(mut text: &[u8]) -> &[u8] {
    loop {
        match text {
            [b'#', ..] => text = &text[memchr2(b'\n', b'\r', text).unwrap_or(text.len())..],
            [b'\n' | b'\r' | b' ', rest @ ..] => text = rest,
            _ => return text,
        }
    }
}

/// A field that is being read. It is a part of the message, or a copy of this part after something was removed from it.
struct CsvField<'a, 's> {
    text: &'a [u8],
    at: usize,
    /// The start of the text that was not copied yet.
    from: usize,
    scratch: &'s mut Vec<u8>,
    copied: bool,
}

impl<'a, 's> CsvField<'a, 's> {
    #[inline]
    fn new(text: &'a [u8], scratch: &'s mut Vec<u8>) -> Self {
        CsvField { text, at: 0, from: 0, scratch, copied: false }
    }

    /// Keeps `keep` bytes from here, skips `skip` bytes and puts `instead` in their place.
    fn replace(&mut self, keep: usize, skip: usize, instead: &[u8]) {
        if !self.copied {
            self.scratch.clear();
            self.copied = true;
        }
        self.scratch.extend_from_slice(&self.text[self.from..self.at + keep]);
        self.scratch.extend_from_slice(instead);
        self.at += keep + skip;
        self.from = self.at;
    }

    /// Removes the escape character at the current place. `escaped` is the text after it.
    fn unescape(&mut self, escaped: &'a [u8]) -> Result<(), CsvError> {
        let escape = self.text.len() - self.at - escaped.len();
        let (skip, instead): (usize, &[u8]) = match escaped {
            [] => return Err(CsvError::NothingEscaped),
            [b'n', ..] => (1, b"\n"),
            [b'r', ..] => (1, b"\r"),
            [b't', ..] => (1, b"\t"),
            [b'0', ..] => (1, b"\0"),
            // Any other character stands for itself. Its first byte is taken here, and its other bytes are read like any
            // text.
            [other, ..] => (1, std::slice::from_ref(other)),
        };
        self.replace(0, escape + skip, instead);
        Ok(())
    }

    #[inline]
    fn finish(self, arena: &'a Bump) -> &'a [u8] {
        if self.copied {
            self.scratch.extend_from_slice(&self.text[self.from..self.at]);
            arena.alloc_slice_copy(self.scratch)
        } else {
            &self.text[..self.at]
        }
    }
}
