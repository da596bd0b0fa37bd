//! Walks over JSON text: blanks, punctuation, strings and numbers as Jackson reads them.

use memchr::memchr2;

use super::quoted::Quoted;
use crate::excerpt::Excerpt;
use crate::formats::decode_error::DecodeError;
use crate::types::float;
use crate::types::float::Float;

/// How deep arrays and objects may be nested. Deeper ones are refused, because they would use up the stack.
pub const DEEPEST: usize = 1000;
/// Strings up to this length are searched byte by byte, because starting the vectorized search would take longer.
const NEAR: usize = 16;

pub struct JsonCursor<'a> {
    text: &'a str,
    at: usize,
    /// After the text, the message goes on with bytes that are not UTF-8.
    is_cut: bool,
}

/// A number by JSON's grammar.
#[derive(Debug, Clone, Copy)]
pub struct JsonNumber<'a> {
    pub text: &'a str,
    /// The number has neither a point nor an exponent.
    pub is_whole: bool,
}

impl<'a> JsonCursor<'a> {
    pub fn new(message: &'a [u8]) -> Self {
        let (text, is_cut) = match simdutf8::basic::from_utf8(message) {
            Ok(text) => (text, false),
            Err(_) => (longest_text(message), true),
        };
        let byte_order_mark = if text.starts_with('\u{feff}') { 3 } else { 0 };
        JsonCursor { text, at: byte_order_mark, is_cut }
    }

    /// The current place, in bytes from the message's start.
    #[inline(always)]
    pub fn at(&self) -> usize {
        self.at
    }

    /// The bytes that were not read yet.
    #[inline(always)]
    pub fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// The text that was not read yet. The current place must be between two characters.
    #[inline(always)]
    pub fn rest_text(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    #[inline(always)]
    pub fn skip(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// Takes elements of an array as long as they are numbers with a comma after them.
    #[inline(always)]
    pub fn numbers<F: Float>(&mut self, each: impl FnMut(F)) {
        (_, self.at) = float::run(self.text.as_bytes(), self.at, each);
    }

    /// The text from a place up to here.
    pub fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// The next byte that is not a blank. It is not taken.
    #[inline(always)]
    pub fn peek(&mut self) -> Option<u8> {
        loop {
            match self.text.as_bytes().get(self.at) {
                Some(b' ' | b'\n' | b'\t' | b'\r') => self.at += 1,
                other => return other.copied(),
            }
        }
    }

    #[inline(always)]
    pub fn accept(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    /// Called after a field or an element. `true`: another one follows. `false`: `close` follows.
    #[inline(always)]
    pub fn has_more(&mut self, close: u8) -> Result<bool, DecodeError> {
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                Ok(true)
            }
            Some(byte) if byte == close => {
                self.at += 1;
                Ok(false)
            }
            _ => Err(self.unexpected(if close == b'}' { "',' or '}'" } else { "',' or ']'" })),
        }
    }

    /// Takes a field's name and its colon, if the name is `quoted`, which is the name as messages usually spell it.
    #[inline(always)]
    pub fn accept_name(&mut self, quoted: &[u8]) -> bool {
        if self.peek() != Some(b'"') {
            return false;
        }
        match self.rest().strip_prefix(quoted) {
            Some([b':', ..]) => {
                self.at += quoted.len() + 1;
                true
            }
            _ => false,
        }
    }

    /// Takes a field's name and its colon.
    pub fn name(&mut self) -> Result<Quoted<'a>, DecodeError> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected("a field's name"));
        }
        let name = self.string()?;
        if !self.accept(b':') {
            return Err(self.unexpected("':'"));
        }
        Ok(name)
    }

    /// Takes the string that begins with a quote at the current place.
    #[inline]
    pub fn string(&mut self) -> Result<Quoted<'a>, DecodeError> {
        let start = self.at + 1;
        let bytes = self.text.as_bytes();
        let mut end = start;
        let mut has_escapes = false;
        loop {
            end += find_special(bytes.get(end..).unwrap_or_default());
            match bytes.get(end) {
                Some(b'"') => {
                    self.at = end + 1;
                    return Ok(Quoted { raw: self.text.get(start..end).unwrap_or_default(), has_escapes });
                }
                Some(_) => {
                    has_escapes = true;
                    end += self.escape(end)?;
                }
                None => {
                    self.at = bytes.len();
                    return Err(self.unexpected("the end of a string"));
                }
            }
        }
    }

    /// The length of the escape at a backslash.
    fn escape(&mut self, at: usize) -> Result<usize, DecodeError> {
        let wrong = match self.text.as_bytes().get(at + 1..).unwrap_or_default() {
            [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => return Ok(2),
            [b'u', digits @ ..] => match digits.iter().take(4).position(|digit| !digit.is_ascii_hexdigit()) {
                None if digits.len() >= 4 => return Ok(6),
                None => digits.len() + 2,
                Some(wrong) => wrong + 2,
            },
            _ => 1,
        };
        self.at = at + wrong;
        Err(self.unexpected(r#"an escape such as \n, \" or \u00e9"#))
    }

    /// Takes the number that begins at the current place.
    #[inline]
    pub fn number(&mut self) -> Result<JsonNumber<'a>, DecodeError> {
        let start = self.at;
        self.at += usize::from(self.rest().first() == Some(&b'-'));
        match self.rest() {
            [b'0', b'0'..=b'9', ..] => return Err(self.unexpected("a number without leading zeros")),
            _ => self.digits()?,
        }
        let mut is_whole = true;
        if self.rest().first() == Some(&b'.') {
            is_whole = false;
            self.at += 1;
            self.digits()?;
        }
        if let [b'e' | b'E', exponent @ ..] = self.rest() {
            is_whole = false;
            self.at += 1 + usize::from(matches!(exponent, [b'+' | b'-', ..]));
            self.digits()?;
        }
        Ok(JsonNumber { text: self.since(start), is_whole })
    }

    #[inline]
    fn digits(&mut self) -> Result<(), DecodeError> {
        let count = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        if count == 0 { Err(self.unexpected("a digit")) } else { Ok(()) }
    }

    /// Takes `true`, `false` or `null`.
    #[inline]
    pub fn word(&mut self, word: &'static str) -> Result<(), DecodeError> {
        if !self.rest().starts_with(word.as_bytes()) {
            return Err(self.unexpected("a value"));
        }
        self.at += word.len();
        Ok(())
    }

    /// Skips a value that isn't needed. It must be valid JSON.
    pub fn skip_value(&mut self, depth: usize) -> Result<(), DecodeError> {
        match self.peek() {
            Some(b'"') => self.string().map(drop),
            Some(b'-' | b'0'..=b'9') => self.number().map(drop),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            Some(open @ (b'{' | b'[')) => {
                self.enter(depth)?;
                let close = if open == b'{' { b'}' } else { b']' };
                if self.accept(close) {
                    return Ok(());
                }
                loop {
                    if open == b'{' {
                        self.name()?;
                    }
                    self.skip_value(depth + 1)?;
                    if !self.has_more(close)? {
                        return Ok(());
                    }
                }
            }
            _ => Err(self.unexpected("a value")),
        }
    }

    /// Takes the bracket that opens an object or array.
    #[inline(always)]
    pub fn enter(&mut self, depth: usize) -> Result<(), DecodeError> {
        if depth >= DEEPEST {
            return Err(DecodeError::new(self.at, format!("found more than {DEEPEST} nested objects and arrays")));
        }
        self.at += 1;
        Ok(())
    }

    /// The error for text at the current place that isn't what was expected.
    #[cold]
    pub fn unexpected(&self, expected: &str) -> DecodeError {
        let rest = self.rest_text();
        let reason = match rest.chars().next() {
            Some(character) => {
                let found = &rest[..character.len_utf8()];
                format!("found {} where {expected} was expected", Excerpt(found.as_bytes()))
            }
            None if self.is_cut => format!("found a byte that is not UTF-8 where {expected} was expected"),
            None => format!("the message ends where {expected} was expected"),
        };
        DecodeError::new(self.at, reason)
    }
}

/// The message up to its first byte that is not UTF-8.
#[cold]
fn longest_text(message: &[u8]) -> &str {
    match std::str::from_utf8(message) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&message[..error.valid_up_to()]).unwrap_or_default(),
    }
}

/// The index of the first quote or backslash, or the text's length if there is none.
#[inline(always)]
fn find_special(text: &[u8]) -> usize {
    let near = &text[..text.len().min(NEAR)];
    match near.iter().position(|byte| matches!(byte, b'"' | b'\\')) {
        Some(at) => at,
        None => near.len() + memchr2(b'"', b'\\', &text[near.len()..]).unwrap_or(text.len() - near.len()),
    }
}
