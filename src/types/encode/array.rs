//! Arrays of any element type, of several dimensions too: from ARRAY values, and from literals of one dimension.

use std::borrow::Cow;

use super::column::{self, Context};
use super::refusal::{EncodeError, excerpt, sqlstate};
use super::vector;
use crate::types::data_type::DataType;
use crate::types::target::ColumnKind;
use crate::types::value::Value;

const NULL: [u8; 4] = (-1_i32).to_be_bytes();
/// The server's limit.
const MOST_DIMENSIONS: usize = 6;

/// The binary form: number of dimensions, has-nulls flag, element type, then length and lower bound of each dimension, then
/// the elements with their lengths.
pub(super) fn write(
    element: &ColumnKind,
    context: Context<'_>,
    value: &Value<'_>,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    match *value {
        Value::Array(elements) => {
            vector::check_length(elements.len(), context.dimension)?;
            nested(element, context, elements, out)
        }
        // Whole numbers may be spelt as floats there: `[1.0,2.0]`.
        Value::Text(_) | Value::Bytes(_) | Value::Vector(_) if *element == ColumnKind::Int2 => {
            vector::int2_array(value, context, out)
        }
        Value::Text(text) => literal(element, context, text, out),
        _ => Err(EncodeError::AsText),
    }
}

fn header(element: &ColumnKind, dimensions: &[usize], out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let oid = oid(element).ok_or(EncodeError::AsText)?;
    for word in [dimensions.len() as u32, 0, oid] {
        out.extend_from_slice(&word.to_be_bytes());
    }
    for length in dimensions {
        out.extend_from_slice(&(*length as u32).to_be_bytes());
        out.extend_from_slice(&1_u32.to_be_bytes());
    }
    Ok(())
}

pub(super) fn nested(
    element: &ColumnKind,
    context: Context<'_>,
    elements: &[Value<'_>],
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let mut dimensions = [0; MOST_DIMENSIONS];
    let (mut depth, mut level, mut source) = (0, elements, context.source);
    loop {
        *dimensions.get_mut(depth).ok_or(EncodeError::AsText)? = level.len();
        depth += 1;
        if let DataType::Array(inner) = source {
            source = inner;
        }
        match level.first() {
            Some(Value::Array(inner)) => level = inner,
            // What an empty part means depends on the server's version.
            None if depth > 1 => return Err(EncodeError::AsText),
            _ => break,
        }
    }
    // An empty array has no dimensions.
    let dimensions = if elements.is_empty() { &[] } else { &dimensions[..depth] };
    let start = out.len();
    header(element, dimensions, out)?;
    let context = Context { source, dimension: None, ..context };
    if parts(element, context, elements, dimensions, out)? {
        out[start + 7] = 1;
    }
    Ok(())
}

/// Writes the elements below one dimension. Whether there is a NULL among them.
fn parts(
    element: &ColumnKind,
    context: Context<'_>,
    values: &[Value<'_>],
    dimensions: &[usize],
    out: &mut Vec<u8>,
) -> Result<bool, EncodeError> {
    let mut nulls = false;
    let is_leaf = dimensions.len() < 2;
    for value in values {
        match value {
            Value::Array(inner) if !is_leaf && inner.len() == dimensions[1] => {
                nulls |= parts(element, context, inner, &dimensions[1..], out)?;
            }
            Value::Null if is_leaf => {
                out.extend_from_slice(&NULL);
                nulls = true;
            }
            value if is_leaf && !matches!(value, Value::Array(_)) => column::sized(element, context, value, out)?,
            _ => {
                let reason = "the parts of an array of several dimensions must be arrays of one length";
                return Err(EncodeError::reject(sqlstate::MALFORMED, reason));
            }
        }
    }
    Ok(nulls)
}

/// Reads `{a,"b c",NULL}`, or `["a", 1, null]` with the escapes of JSON.
fn literal(element: &ColumnKind, context: Context<'_>, text: &str, out: &mut Vec<u8>) -> Result<(), EncodeError> {
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
    header(element, &[0], out)?;
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
        return header(element, &[], out);
    }
    vector::check_length(count as usize, context.dimension)?;
    out[start + 7] = nulls.into();
    out[start + 12..start + 16].copy_from_slice(&count.to_be_bytes());
    Ok(())
}

fn string_checked(
    item: &str,
    element: &ColumnKind,
    context: Context<'_>,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    column::sized(element, Context { source: &DataType::STRING, dimension: None, ..context }, &Value::Text(item), out)
}

fn malformed(text: &str) -> EncodeError {
    EncodeError::reject(sqlstate::MALFORMED, format!("{} is not an array literal", excerpt(text)))
}

/// The first element of `text` (`None`: NULL) and what stands after it, without blanks. Nested arrays and odd
/// spellings are the server's to read.
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

/// A backslash stands before a character that is meant literally.
fn unescaped(text: &str) -> String {
    let mut characters = text.chars();
    let mut plain = String::with_capacity(text.len());
    while let Some(character) = characters.next() {
        plain.extend(if character == '\\' { characters.next() } else { Some(character) });
    }
    plain
}

/// The element types with a fixed oid.
fn oid(kind: &ColumnKind) -> Option<u32> {
    use ColumnKind as Kind;
    Some(match kind {
        Kind::Bool => 16,
        Kind::Bytea => 17,
        Kind::Int8 => 20,
        Kind::Int2 => 21,
        Kind::Int4 => 23,
        Kind::Text => 25,
        Kind::Json => 114,
        Kind::Float4 => 700,
        Kind::Float8 => 701,
        Kind::Char(_) => 1042,
        Kind::Varchar(_) => 1043,
        Kind::Date => 1082,
        Kind::Time(_) => 1083,
        Kind::Timestamp(_) => 1114,
        Kind::TimestampTz(_) => 1184,
        Kind::Bit(_) => 1560,
        Kind::Varbit(_) => 1562,
        Kind::Numeric(_) => 1700,
        Kind::Uuid => 2950,
        Kind::Jsonb => 3802,
        _ => return None,
    })
}
