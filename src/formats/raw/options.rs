//! Options of `'format' = 'raw'`.

use crate::formats::raw::settings::{Charset, RawFormat};
use crate::options::{OptionSpec, TableOptions, ValueType};

pub const CHARSET: OptionSpec =
    OptionSpec::new("charset", ValueType::Text, "How a message is text: UTF-8, ISO-8859-1, GBK …").default("UTF-8");
pub const ENDIANNESS: OptionSpec = OptionSpec::new(
    "endianness",
    ValueType::Choice(std::borrow::Cow::Borrowed(&["big-endian", "little-endian"])),
    "The order of the bytes of a number.",
)
.default("big-endian");

pub const OPTIONS: &[OptionSpec] = &[CHARSET, ENDIANNESS];

pub fn read(options: &mut TableOptions<'_>) -> RawFormat {
    RawFormat {
        charset: options.convert(&CHARSET, charset).unwrap_or(Charset::Utf8),
        little_endian: options.choice(&ENDIANNESS) == Some("little-endian"),
    }
}

/// Java's names, in any case; those that Java and the web mean differently are told apart here.
fn charset(name: &str) -> Result<Charset, String> {
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
            None => return Err("is no charset known here; UTF-8, ISO-8859-1, UTF-16, GBK, Big5, Shift_JIS are".into()),
        },
    })
}
