//! `'format' = 'raw'` and its options: the charset of texts and the byte order of numbers.

use std::fmt;
use std::sync::Arc;

use super::Raw;
use crate::formats::Decode;
use crate::formats::definition::MessageFormat;
use crate::options::{OptionDefinition, OptionValue, TableOptions};
use crate::schema_registry::schemas::Schemas;
use crate::types::column::{MetadataColumn, SourceColumn};
use crate::types::data_type::DataType;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RawFormat {
    pub charset: Charset,
    pub little_endian: bool,
}

/// The charset of a message that is a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Charset {
    #[default]
    Utf8,
    Ascii,
    /// Each byte is the character with this number.
    Latin1,
    /// The byte order mark says the byte order. Without a mark it is big-endian.
    Utf16,
    Utf16Be,
    Utf16Le,
    /// Another charset of the WHATWG's list, such as GBK.
    Other(&'static encoding_rs::Encoding),
}

type RawOption = OptionDefinition<RawFormat>;

const CHARSET: RawOption = RawOption::new(
    "charset",
    OptionValue::Parsed(|raw, name| {
        raw.charset = Charset::parse(name)?;
        Ok(())
    }),
    "The character encoding of a message that is text: UTF-8, ISO-8859-1, GBK …",
)
.default("UTF-8");
const ENDIANNESS: RawOption = RawOption::new(
    "endianness",
    OptionValue::Choice(&[
        ("big-endian", |raw| raw.little_endian = false),
        ("little-endian", |raw| raw.little_endian = true),
    ]),
    "The byte order of numbers.",
)
.default("big-endian");

impl MessageFormat for RawFormat {
    const NAME: &'static str = "raw";
    const IS_CHANGING: bool = false;
    type Options = RawFormat;
    const OPTIONS: &'static [RawOption] = &[CHARSET, ENDIANNESS];

    fn new(raw: RawFormat, _: &mut TableOptions<'_>) -> Option<Self> {
        Some(raw)
    }

    fn metadata() -> Vec<MetadataColumn> {
        Vec::new()
    }

    fn refuse_column(&self, _: &str, data_type: &DataType) -> Option<String> {
        let is_simple = data_type.is_text()
            || data_type.is_integer()
            || matches!(
                data_type,
                DataType::Binary(_) | DataType::Varbinary(_) | DataType::Boolean | DataType::Float | DataType::Double
            );
        (!is_simple).then(|| format!("not supported: format 'raw' can't hold {data_type}"))
    }

    fn refuse_count(&self, columns: usize, part: &str) -> Option<String> {
        (columns != 1).then(|| {
            format!(
                "format 'raw' makes exactly one column of a message {part}, but the table has {columns} for it (without METADATA columns)"
            )
        })
    }

    fn decoder(&self, columns: &[SourceColumn], _: &[MetadataColumn], _: Option<Arc<dyn Schemas>>) -> Box<dyn Decode> {
        Box::new(Raw::new(self, columns))
    }
}

impl Charset {
    /// Reads one of Java's names, in upper or lower case. Names that have another meaning on the web are handled here.
    fn parse(name: &str) -> Result<Charset, String> {
        let upper = name.to_ascii_uppercase();
        Ok(match upper.as_str() {
            "UTF-8" | "UTF8" => Charset::Utf8,
            "US-ASCII" | "ASCII" => Charset::Ascii,
            "ISO-8859-1" | "ISO8859-1" | "ISO8859_1" | "LATIN1" => Charset::Latin1,
            "UTF-16" => Charset::Utf16,
            "UTF-16BE" => Charset::Utf16Be,
            "UTF-16LE" => Charset::Utf16Le,
            _ => match encoding_rs::Encoding::for_label_no_replacement(name.as_bytes()) {
                Some(encoding) => Charset::Other(encoding),
                None => {
                    return Err(
                        "is not a known charset; use for example UTF-8, ISO-8859-1, UTF-16, GBK, Big5 or Shift_JIS"
                            .into(),
                    );
                }
            },
        })
    }
}

impl fmt::Display for Charset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Charset::Utf8 => "UTF-8",
            Charset::Ascii => "US-ASCII",
            Charset::Latin1 => "ISO-8859-1",
            Charset::Utf16 => "UTF-16",
            Charset::Utf16Be => "UTF-16BE",
            Charset::Utf16Le => "UTF-16LE",
            Charset::Other(encoding) => encoding.name(),
        })
    }
}
