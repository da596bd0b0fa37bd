//! Flink's `raw` format: each message is one value.

pub mod options;

use std::borrow::Cow;

use bumpalo::Bump;

use self::options::{Charset, RawFormat};
use super::{Decode, Decoded};
use crate::error::{Rejection, Stage};
use crate::record::Record;
use crate::types::column::SourceColumn;
use crate::types::data_type::DataType;
use crate::types::value::Value;

pub(crate) struct Raw {
    options: RawFormat,
    column: Option<SourceColumn>,
}

impl Raw {
    pub fn new(options: &RawFormat, columns: &[SourceColumn]) -> Self {
        Raw { options: *options, column: columns.first().cloned() }
    }

    fn value<'a>(&self, data_type: &DataType, message: &'a [u8], arena: &'a Bump) -> Option<Value<'a>> {
        Some(match data_type {
            DataType::Char(_) | DataType::Varchar(_) => Value::Text(text(self.options.charset, message, arena)?),
            DataType::Binary(_) | DataType::Varbinary(_) => Value::Bytes(message),
            DataType::Boolean => Value::Bool(self.number::<1>(message)? != [0]),
            DataType::TinyInt => Value::Int(i8::from_be_bytes(self.number(message)?).into()),
            DataType::SmallInt => Value::Int(i16::from_be_bytes(self.number(message)?).into()),
            DataType::Int => Value::Int(i32::from_be_bytes(self.number(message)?).into()),
            DataType::BigInt => Value::Int(i64::from_be_bytes(self.number(message)?)),
            DataType::Float => Value::Float(f32::from_be_bytes(self.number(message)?)),
            DataType::Double => Value::Double(f64::from_be_bytes(self.number(message)?)),
            // The job's check refuses columns of these types.
            _ => return None,
        })
    }

    /// The bytes of a number. The highest byte is the first.
    fn number<const N: usize>(&self, message: &[u8]) -> Option<[u8; N]> {
        let mut bytes: [u8; N] = message.try_into().ok()?;
        if self.options.little_endian {
            bytes.reverse();
        }
        Some(bytes)
    }
}

impl Decode for Raw {
    fn decode<'a>(&mut self, record: &Record<'a>, arena: &'a Bump) -> Result<Decoded<'a>, Rejection> {
        let Some(column) = &self.column else { return Ok(Decoded::default()) };
        let value = match record.value {
            None => Value::Null,
            Some(message) => self.value(&column.data_type, message, arena).ok_or_else(|| {
                let reason = format!("found {} bytes where {} was expected: {}", message.len(), column.data_type, {
                    expected(&column.data_type, self.options.charset)
                });
                Rejection::in_column(Stage::Decode, &column.name, reason)
            })?,
        };
        Ok(Decoded::insert(std::slice::from_ref(arena.alloc(value)), arena))
    }
}

fn expected(data_type: &DataType, charset: Charset) -> String {
    match data_type {
        DataType::Boolean | DataType::TinyInt => "one byte".into(),
        DataType::SmallInt => "two bytes".into(),
        DataType::Int | DataType::Float => "four bytes".into(),
        DataType::BigInt | DataType::Double => "eight bytes".into(),
        _ => format!("text in {charset}"),
    }
}

/// The bytes as text. `None`: they are not a text in the charset.
fn text<'a>(charset: Charset, bytes: &'a [u8], arena: &'a Bump) -> Option<&'a str> {
    let encoding = match charset {
        Charset::Utf8 => return std::str::from_utf8(bytes).ok(),
        Charset::Ascii if bytes.is_ascii() => return std::str::from_utf8(bytes).ok(),
        Charset::Ascii => return None,
        Charset::Latin1 => {
            return match encoding_rs::mem::decode_latin1(bytes) {
                Cow::Borrowed(text) => Some(text),
                Cow::Owned(text) => Some(arena.alloc_str(&text)),
            };
        }
        Charset::Utf16Be => encoding_rs::UTF_16BE,
        Charset::Utf16Le => encoding_rs::UTF_16LE,
        Charset::Utf16 if bytes.starts_with(&[0xff, 0xfe]) => encoding_rs::UTF_16LE,
        Charset::Utf16 => encoding_rs::UTF_16BE,
        Charset::Other(encoding) => encoding,
    };
    let bytes = match charset {
        Charset::Utf16 => bytes.strip_prefix(&[0xff, 0xfe]).or(bytes.strip_prefix(&[0xfe, 0xff])).unwrap_or(bytes),
        _ => bytes,
    };
    match encoding.decode_without_bom_handling_and_without_replacement(bytes)? {
        Cow::Borrowed(text) => Some(text),
        Cow::Owned(text) => Some(arena.alloc_str(&text)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::change::Change;

    const BIG: RawFormat = RawFormat { charset: Charset::Utf8, little_endian: false };

    fn decode(options: RawFormat, data_type: DataType, value: Option<&[u8]>) -> Result<String, String> {
        let column = SourceColumn { name: "c".into(), data_type, not_null: false };
        let (arena, topic) = (Bump::new(), Arc::from("t"));
        let record = Record::of_value(&topic, value);
        let decoded =
            Raw::new(&options, &[column]).decode(&record, &arena).map_err(|rejection| rejection.to_string())?;
        match decoded.changes {
            [Change::Insert([value])] => Ok(format!("{value:?}")),
            other => panic!("{other:?}"),
        }
    }

    fn value(data_type: DataType, bytes: &[u8]) -> Option<String> {
        decode(BIG, data_type, Some(bytes)).ok()
    }

    #[test]
    fn text_and_bytes_are_the_message() {
        assert_eq!(value(DataType::STRING, b"[0.1,0.2]").as_deref(), Some("Text(\"[0.1,0.2]\")"));
        assert_eq!(value(DataType::STRING, b"").as_deref(), Some("Text(\"\")"));
        assert_eq!(value(DataType::Varbinary(9), b"\x01\xff").as_deref(), Some("Bytes([1, 255])"));
        assert_eq!(decode(BIG, DataType::STRING, None).as_deref(), Ok("Null"));
        assert_eq!(
            decode(BIG, DataType::STRING, Some(b"a\xff")).unwrap_err(),
            "decode refused column c: found 2 bytes where STRING was expected: text in UTF-8"
        );
    }

    #[test]
    fn numbers_have_their_length_and_order() {
        for (data_type, bytes, expected) in [
            (DataType::Boolean, &[2_u8][..], "Bool(true)"),
            (DataType::Boolean, &[0], "Bool(false)"),
            (DataType::TinyInt, &[0xff], "Int(-1)"),
            (DataType::SmallInt, &[1, 0], "Int(256)"),
            (DataType::Int, &[0xff, 0xff, 0xff, 0xfe], "Int(-2)"),
            (DataType::BigInt, &[0, 0, 0, 0, 0, 0, 1, 1], "Int(257)"),
            (DataType::Float, &[0x3f, 0, 0, 0], "Float(0.5)"),
            (DataType::Double, &[0x3f, 0xe0, 0, 0, 0, 0, 0, 0], "Double(0.5)"),
        ] {
            assert_eq!(value(data_type.clone(), bytes).as_deref(), Some(expected), "{data_type}");
            let reversed: Vec<u8> = bytes.iter().rev().copied().collect();
            let little = RawFormat { little_endian: true, ..BIG };
            assert_eq!(decode(little, data_type.clone(), Some(&reversed)).as_deref(), Ok(expected), "{data_type}");
            assert_eq!(value(data_type.clone(), &[bytes, &[0]].concat()), None, "{data_type}");
            assert_eq!(value(data_type, b""), None);
        }
    }

    #[test]
    fn text_is_read_in_its_charset() {
        let text = |charset, bytes: &[u8]| decode(RawFormat { charset, ..BIG }, DataType::STRING, Some(bytes)).ok();
        assert_eq!(text(Charset::Latin1, b"\xe9\x80").as_deref(), Some("Text(\"\u{e9}\\u{80}\")"));
        assert_eq!(text(Charset::Ascii, b"a").as_deref(), Some("Text(\"a\")"));
        assert_eq!(text(Charset::Ascii, b"\xe9"), None);
        assert_eq!(text(Charset::Other(encoding_rs::GBK), b"\xba\xec").as_deref(), Some("Text(\"红\")"));
        assert_eq!(text(Charset::Utf16Le, b"a\0").as_deref(), Some("Text(\"a\")"));
        assert_eq!(text(Charset::Utf16Be, b"\0a").as_deref(), Some("Text(\"a\")"));
        for bytes in [&b"\0a"[..], b"\xfe\xff\0a", b"\xff\xfea\0"] {
            assert_eq!(text(Charset::Utf16, bytes).as_deref(), Some("Text(\"a\")"));
        }
    }
}
