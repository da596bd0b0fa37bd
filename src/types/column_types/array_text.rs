//! Arrays as text: literals of one dimension are read, the binary form of any number of dimensions is printed.

use std::borrow::Cow;

use super::ColumnType;
use super::facets::*;
use super::field::{self, NULL, array_head};
use crate::types::refusal::{excerpt, sqlstate};
use crate::types::text;
use crate::types::vectors::dimension::check_length;

/// Reads `{a,"b c",NULL}`, or `["a", 1, null]` with the escapes of JSON.
pub(super) fn read(
    element: &ColumnType,
    context: EncodeContext<'_>,
    text: &str,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let trimmed = text.trim_ascii();
    let (inside, is_json) = match trimmed.as_bytes() {
        [b'{', .., b'}'] => (&trimmed[1..trimmed.len() - 1], false),
        [b'[', .., b']'] => (&trimmed[1..trimmed.len() - 1], true),
        [b'[', ..] if trimmed.contains('=') => return Err(EncodeError::AsText),
        _ => {
            let reason = format!("{} is not an array: write {{a,b}} or [\"a\",\"b\"]", excerpt(text));
            return Err(EncodeError::reject(sqlstate::MALFORMED, reason));
        }
    };
    let start = out.len();
    array_head(element, &[0], out)?;
    let (mut count, mut nulls) = (0_u32, false);
    let mut rest = inside.trim_ascii_start();
    while !rest.is_empty() {
        let (item, after) = next(rest, is_json)?;
        match item {
            None => {
                out.extend_from_slice(&NULL);
                nulls = true;
            }
            Some(item) => {
                string_checked(&item, element, context, out)?;
            }
        }
        count += 1;
        rest = match after.strip_prefix(',').map(str::trim_ascii_start) {
            Some("") => return Err(malformed(text)),
            Some(after) => after,
            None if after.is_empty() => break,
            None => return Err(malformed(text)),
        };
    }
    if count == 0 {
        out.truncate(start);
        return array_head(element, &[], out);
    }
    check_length(count as usize, context.dimension)?;
    out[start + 7] = nulls.into();
    out[start + 12..start + 16].copy_from_slice(&count.to_be_bytes());
    Ok(())
}

fn string_checked(
    item: &str,
    element: &ColumnType,
    context: EncodeContext<'_>,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let context = EncodeContext { source: &DataType::STRING, dimension: None, ..context };
    element.encode(context, &Value::Text(item), out)
}

fn malformed(text: &str) -> EncodeError {
    EncodeError::reject(sqlstate::MALFORMED, format!("{} is not an array literal", excerpt(text)))
}

/// Returns the first element of `text` (`None` stands for NULL) and the text after it, without blanks. Nested arrays and
/// unusual spellings are left to the server.
fn next(text: &str, is_json: bool) -> Result<(Option<Cow<'_, str>>, &str), EncodeError> {
    if let Some(quoted) = text.strip_prefix('"') {
        let end = closing_quote(quoted).ok_or_else(|| malformed(text))?;
        let (inside, after) = (&quoted[..end], quoted[end + 1..].trim_ascii_start());
        let item = match inside.contains('\\') {
            false => Cow::Borrowed(inside),
            true if is_json => Cow::Owned(serde_json::from_str(&text[..end + 2]).map_err(|_| malformed(text))?),
            true => Cow::Owned(unescaped(inside)),
        };
        return Ok((Some(item), after));
    }
    let end = memchr::memchr(b',', text.as_bytes()).unwrap_or(text.len());
    let item = text[..end].trim_ascii_end();
    if item.is_empty() {
        return Err(malformed(text));
    }
    if item.contains(['"', '\\', '{', '}', '[', ']']) {
        return Err(EncodeError::AsText);
    }
    let is_null = item.eq_ignore_ascii_case("null");
    Ok(((!is_null).then_some(Cow::Borrowed(item)), &text[end..]))
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', text.as_bytes().get(at..)?)?;
        if text.as_bytes()[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

/// Removes the backslashes. The character after each backslash is meant literally.
fn unescaped(text: &str) -> String {
    let mut characters = text.chars();
    let mut plain = String::with_capacity(text.len());
    while let Some(character) = characters.next() {
        plain.extend(if character == '\\' { characters.next() } else { Some(character) });
    }
    plain
}

/// Appends the text of an array's binary form.
pub(super) fn print(element: &ColumnType, bytes: &[u8], out: &mut Vec<u8>) {
    let word = |at: usize| bytes.get(4 * at..4 * at + 4).map_or(0, field::integer) as usize;
    let depth = word(0);
    if depth == 0 {
        return out.extend_from_slice(b"{}");
    }
    let lengths = |level: usize| word(3 + 2 * level);
    let mut rest = bytes.get(4 * (3 + 2 * depth)..).unwrap_or_default();
    level(element, 0, depth, &lengths, &mut rest, out);
}

fn level(
    element: &ColumnType,
    at: usize,
    depth: usize,
    lengths: &dyn Fn(usize) -> usize,
    rest: &mut &[u8],
    out: &mut Vec<u8>,
) {
    out.push(b'{');
    for index in 0..lengths(at) {
        if index > 0 {
            out.push(b',');
        }
        if at + 1 < depth {
            level(element, at + 1, depth, lengths, rest, out);
            continue;
        }
        let Some((length, after)) = rest.split_first_chunk::<4>() else { return };
        *rest = after;
        match usize::try_from(i32::from_be_bytes(*length)) {
            Ok(length) => {
                let (bytes, after) = after.split_at(length.min(after.len()));
                *rest = after;
                let start = out.len();
                element.print(bytes, out);
                if !element.is_bare_element() {
                    text::print::quote(out, start);
                }
            }
            Err(_) => out.extend_from_slice(b"NULL"),
        }
    }
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_of_two_dimensions_has_braces_for_each() {
        let mut bytes: Vec<u8> = [2_u32, 0, 25, 2, 1, 1, 1].iter().flat_map(|word| word.to_be_bytes()).collect();
        for text in [&b"a\"b"[..], b""] {
            bytes.extend_from_slice(&(text.len() as u32).to_be_bytes());
            bytes.extend_from_slice(text);
        }
        let mut out = Vec::new();
        print(&ColumnType::Text, &bytes, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), r#"{{"a\"b"},{""}}"#);
    }
}
