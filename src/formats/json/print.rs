//! Prints a JSON value as the compact text that Jackson's tree prints. A STRING column gets this text for an object or
//! array.

use bumpalo::collections::String;

use super::cursor::{JsonCursor, JsonNumber};
use crate::formats::decode_error::DecodeError;
use crate::types::float;
use crate::types::java::real;

/// Takes the value at the current place and appends its text.
pub fn value(cursor: &mut JsonCursor<'_>, depth: usize, out: &mut String<'_>) -> Result<(), DecodeError> {
    match cursor.peek() {
        Some(b'"') => cursor.string()?.print(out),
        Some(b'-' | b'0'..=b'9') => number(cursor.number()?, out),
        Some(open @ (b'{' | b'[')) => {
            cursor.enter(depth)?;
            let close = if open == b'{' { b'}' } else { b']' };
            out.push(char::from(open));
            let mut has_more = !cursor.accept(close);
            while has_more {
                if open == b'[' {
                    plain_numbers(cursor, out);
                }
                if open == b'{' {
                    cursor.name()?.print(out);
                    out.push(':');
                }
                value(cursor, depth + 1, out)?;
                has_more = cursor.has_more(close)?;
                if has_more {
                    out.push(',');
                }
            }
            out.push(char::from(close));
        }
        Some(first) => {
            let word = match first {
                b't' => "true",
                b'f' => "false",
                _ => "null",
            };
            cursor.word(word)?;
            out.push_str(word);
        }
        None => return Err(cursor.unexpected("a value")),
    }
    Ok(())
}

/// Appends a number: a whole number as it is written, any other number as a Java double.
pub fn number(number: JsonNumber<'_>, out: &mut String<'_>) {
    if number.text == "-0" {
        out.push('0');
    } else if number.is_whole {
        out.push_str(number.text);
    } else if let Some(plain) = Plain::of(number.text.as_bytes())
        && plain.length == number.text.len()
    {
        out.push_str(&number.text[..plain.printed]);
    } else {
        let value = number.text.parse().unwrap_or(f64::INFINITY);
        let quote = if value.is_finite() { "" } else { "\"" };
        out.push_str(quote);
        // Writing to a string in memory can't fail.
        let _ = real::write_double(value, out);
        out.push_str(quote);
    }
}

/// Takes elements as long as Java would print the same digits for them and a comma follows.
fn plain_numbers(cursor: &mut JsonCursor<'_>, out: &mut String<'_>) {
    loop {
        cursor.peek();
        let rest = cursor.rest_text();
        let Some(Plain { printed, length }) = Plain::of(rest.as_bytes()) else { return };
        if rest.as_bytes().get(length) != Some(&b',') {
            return;
        }
        out.push_str(&rest[..printed]);
        out.push(',');
        cursor.skip(length + 1);
    }
}

/// A number like `0.25` for whose double Java prints the same digits, without zeros at the end. It has one digit, the
/// point, and so few digits after it that a double loses none. It isn't below 0.001, because Java prints smaller numbers
/// with an exponent.
struct Plain {
    /// How many bytes of the number Java prints.
    printed: usize,
    length: usize,
}

impl Plain {
    /// The number that `text` starts with.
    #[inline]
    fn of(text: &[u8]) -> Option<Plain> {
        let sign = usize::from(text.first() == Some(&b'-'));
        let [whole @ b'0'..=b'9', b'.', fraction @ ..] = text.get(sign..)? else { return None };
        let digits = float::leading_digits(fraction);
        let is_small = *whole == b'0' && fraction[..digits.min(3)].iter().all(|digit| *digit == b'0');
        if digits == 0 || digits > 14 || is_small {
            return None;
        }
        let zeros = fraction[1..digits].iter().rev().take_while(|digit| **digit == b'0').count();
        Some(Plain { printed: sign + 2 + digits - zeros, length: sign + 2 + digits })
    }
}
