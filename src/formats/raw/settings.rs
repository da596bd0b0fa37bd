//! Messages of one value, and how bytes are text.

use std::fmt;

/// Options of `format = 'raw'`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawFormat {
    pub charset: Charset,
    pub little_endian: bool,
}

/// How bytes are text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    Utf8,
    Ascii,
    /// Each byte is the character of its number.
    Latin1,
    /// By its byte order mark, big-endian without one.
    Utf16,
    Utf16Be,
    Utf16Le,
    /// Another one of the WHATWG's list, such as GBK.
    Other(&'static encoding_rs::Encoding),
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
