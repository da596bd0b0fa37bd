//! raw, compared with Rust's standard library: texts, and numbers in both byte orders.

use vecsink::internals::change::Change;
use vecsink::internals::formats::format::Format;
use vecsink::internals::formats::raw::options::{Charset, RawFormat};
use vecsink::internals::types::data_type::DataType;
use vecsink::internals::types::value::Value;

use super::decoded::{self, Case, column};
use super::pick;

/// The cases: types in big-endian, then types in little-endian, then charsets.
pub fn check(input: &[u8]) {
    let plain = |data_type, little_endian| (data_type, Charset::Utf8, little_endian);
    let text = |charset| (DataType::STRING, charset, false);
    let cases = [
        plain(DataType::STRING, false),
        plain(DataType::Varbinary(9), false),
        plain(DataType::Boolean, false),
        plain(DataType::TinyInt, false),
        plain(DataType::SmallInt, false),
        plain(DataType::Int, false),
        plain(DataType::BigInt, false),
        plain(DataType::Float, false),
        plain(DataType::Double, false),
        plain(DataType::Int, true),
        plain(DataType::Double, true),
        text(Charset::Ascii),
        text(Charset::Latin1),
        text(Charset::Utf16),
        text(Charset::Utf16Be),
        text(Charset::Utf16Le),
    ];
    let Some(((data_type, charset, little_endian), message)) = pick(input, &cases) else { return };
    let format = Format::Raw(RawFormat { charset: *charset, little_endian: *little_endian });
    let columns = [column("c", data_type.clone())];
    decoded::check(&Case { format, columns: &columns, metadata: &[], ignores: false }, message, |decoded| {
        let found = decoded.as_ref().ok().map(|decoded| match decoded.changes {
            [Change::Insert([value])] => *value,
            other => panic!("{other:?}"),
        });
        let mut reversed = message.to_vec();
        if *little_endian {
            reversed.reverse();
        }
        let units = |read: fn([u8; 2]) -> u16, bytes: &[u8]| {
            let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| read([pair[0], pair[1]])).collect();
            String::from_utf16(&units).ok().filter(|_| bytes.len().is_multiple_of(2))
        };
        match (data_type, charset) {
            (DataType::Varbinary(_), _) => assert_eq!(found, Some(Value::Bytes(message))),
            (DataType::Int, _) => {
                let int = reversed.as_slice().try_into().ok().map(i32::from_be_bytes);
                assert_eq!(found, int.map(|int| Value::Int(int.into())));
            }
            (DataType::Double, _) => {
                let bits = reversed.as_slice().try_into().ok().map(u64::from_be_bytes);
                let found = found.map(|value| if let Value::Double(double) = value { double.to_bits() } else { 0 });
                assert_eq!(found, bits);
            }
            (DataType::Varchar(_), Charset::Utf8) => {
                assert_eq!(found, std::str::from_utf8(message).ok().map(Value::Text));
            }
            (DataType::Varchar(_), Charset::Latin1) => {
                let text: String = message.iter().map(|&byte| char::from(byte)).collect();
                assert_eq!(found, Some(Value::Text(&text)));
            }
            (DataType::Varchar(_), Charset::Utf16Be) => {
                assert_eq!(found, units(u16::from_be_bytes, message).as_deref().map(Value::Text));
            }
            (DataType::Varchar(_), Charset::Utf16Le) => {
                assert_eq!(found, units(u16::from_le_bytes, message).as_deref().map(Value::Text));
            }
            _ => {}
        }
    });
}
