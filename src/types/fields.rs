//! Reads the fields of an encoded row and makes rows of fields. Partial updates, deletes and altered tables need this.

use std::borrow::Cow;

use crate::batch::{RowFormat, UNCHANGED_LENGTH, UNCHANGED_TEXT};

const NULL_BINARY: [u8; 4] = (-1_i32).to_be_bytes();
const NULL_TEXT: &[u8] = b"\\N";

/// One field with the bytes that it has in its row: its length comes first (binary), or it is escaped (text).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncodedField<'a> {
    format: RowFormat,
    bytes: &'a [u8],
}

impl<'a> EncodedField<'a> {
    pub fn is_unchanged(self) -> bool {
        match self.format {
            RowFormat::Binary => self.bytes == UNCHANGED_LENGTH.to_be_bytes(),
            RowFormat::Text => self.bytes == UNCHANGED_TEXT,
        }
    }

    /// The bytes of the field in its row.
    pub fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    /// The value itself; `None` is NULL.
    pub fn value(self) -> Option<Cow<'a, [u8]>> {
        match self.format {
            RowFormat::Binary if self.bytes == NULL_BINARY => None,
            RowFormat::Binary => self.bytes.get(4..).map(Cow::Borrowed),
            RowFormat::Text if self.bytes == NULL_TEXT => None,
            RowFormat::Text => Some(unescaped(self.bytes)),
        }
    }
}

/// The fields of a row, in order.
pub fn fields(format: RowFormat, row: &[u8]) -> Fields<'_> {
    let rest = match format {
        RowFormat::Binary => row.get(2..),
        RowFormat::Text => row.strip_suffix(b"\n"),
    };
    Fields { format, rest: rest.filter(|_| !row.is_empty()) }
}

pub struct Fields<'a> {
    format: RowFormat,
    /// The bytes that are not read yet. `None`: the end was reached. In a text row, an empty rest is one more field.
    rest: Option<&'a [u8]>,
}

impl<'a> Iterator for Fields<'a> {
    type Item = EncodedField<'a>;

    fn next(&mut self) -> Option<EncodedField<'a>> {
        let rest = self.rest?;
        let (bytes, after) = match self.format {
            RowFormat::Binary => {
                let length = i32::from_be_bytes(*rest.first_chunk()?);
                let (field, after) = rest.split_at_checked(4 + usize::try_from(length).unwrap_or(0))?;
                (field, Some(after))
            }
            RowFormat::Text => match memchr::memchr(b'\t', rest) {
                Some(tab) => (&rest[..tab], Some(&rest[tab + 1..])),
                None => (rest, None),
            },
        };
        self.rest = after;
        Some(EncodedField { format: self.format, bytes })
    }
}

/// Appends `row`, with the fields that `patch` carries in the place of the row's own fields.
pub fn apply_patch(format: RowFormat, row: &[u8], patch: &[u8], out: &mut Vec<u8>) {
    let fields = fields(format, row).zip(fields(format, patch));
    put(format, fields.map(|(old, new)| if new.is_unchanged() { old } else { new }.bytes), out);
}

/// Appends `patch` as a row that COPY takes: the fields that it doesn't carry are NULL.
pub fn with_nulls(format: RowFormat, patch: &[u8], out: &mut Vec<u8>) {
    let null = match format {
        RowFormat::Binary => NULL_BINARY.as_slice(),
        RowFormat::Text => NULL_TEXT,
    };
    put(format, fields(format, patch).map(|field| if field.is_unchanged() { null } else { field.bytes }), out);
}

fn put<'a>(format: RowFormat, fields: impl Iterator<Item = &'a [u8]>, out: &mut Vec<u8>) {
    let start = out.len();
    match format {
        RowFormat::Binary => {
            out.extend_from_slice(&[0, 0]);
            let mut count = 0_u16;
            for field in fields {
                count += 1;
                out.extend_from_slice(field);
            }
            out[start..start + 2].copy_from_slice(&count.to_be_bytes());
        }
        RowFormat::Text => {
            for (at, field) in fields.enumerate() {
                if at > 0 {
                    out.push(b'\t');
                }
                out.extend_from_slice(field);
            }
            out.push(b'\n');
        }
    }
}

fn unescaped(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        plain.push(match (byte, byte == b'\\') {
            (_, true) => match bytes.next() {
                Some(b't') => b'\t',
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(&other) => other,
                None => b'\\',
            },
            (byte, false) => byte,
        });
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binary(fields: &[Option<&[u8]>]) -> Vec<u8> {
        let mut row = (fields.len() as u16).to_be_bytes().to_vec();
        for field in fields {
            match field {
                Some(b"?") => row.extend_from_slice(&UNCHANGED_LENGTH.to_be_bytes()),
                Some(bytes) => {
                    row.extend_from_slice(&(bytes.len() as i32).to_be_bytes());
                    row.extend_from_slice(bytes);
                }
                None => row.extend_from_slice(&NULL_BINARY),
            }
        }
        row
    }

    #[test]
    fn a_patch_replaces_the_fields_it_carries() {
        let row = binary(&[Some(b"1"), Some(b"old"), None]);
        let patch = binary(&[Some(b"1"), Some(b"?"), Some(b"new")]);
        let mut patched = Vec::new();
        apply_patch(RowFormat::Binary, &row, &patch, &mut patched);
        assert_eq!(patched, binary(&[Some(b"1"), Some(b"old"), Some(b"new")]));
        patched.clear();
        apply_patch(RowFormat::Text, b"1\told\t\\N\n", b"1\t\\U\tn\\\\ew\n", &mut patched);
        assert_eq!(patched, b"1\told\tn\\\\ew\n");
    }

    #[test]
    fn a_patch_is_staged_with_nulls() {
        let mut staged = Vec::new();
        with_nulls(RowFormat::Binary, &binary(&[Some(b"1"), Some(b"?"), Some(b"")]), &mut staged);
        assert_eq!(staged, binary(&[Some(b"1"), None, Some(b"")]));
        staged.clear();
        with_nulls(RowFormat::Text, b"1\t\\U\t\n", &mut staged);
        assert_eq!(staged, b"1\t\\N\t\n");
    }

    #[test]
    fn the_value_of_a_text_field_is_without_escapes() {
        let values = |row: &'static [u8]| -> Vec<Option<String>> {
            let value =
                |field: EncodedField<'_>| field.value().map(|value| String::from_utf8_lossy(&value).into_owned());
            fields(RowFormat::Text, row).map(value).collect()
        };
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(values(b"a\\tb\t\\N\t\\\\N\t\n"), [text("a\tb"), None, text("\\N"), text("")]);
        assert_eq!(values(b"\n"), [text("")]);
    }

    #[test]
    fn the_fields_of_a_damaged_row_end_where_the_damage_begins() {
        assert_eq!(fields(RowFormat::Binary, &[0, 1, 0, 0, 0, 9, 1]).count(), 0);
        assert_eq!(fields(RowFormat::Binary, &[]).count(), 0);
    }
}
