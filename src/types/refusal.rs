//! Why a value has no binary form.

/// The reason why a value can't be in a binary row.
#[derive(Debug, PartialEq, Eq)]
pub enum EncodeError {
    /// Only the server knows what the value means, so the whole row is sent as text.
    AsText,
    /// The server would refuse the value, with the error code `sqlstate`.
    Reject { sqlstate: &'static str, reason: String },
}

impl EncodeError {
    #[cold]
    pub fn reject(sqlstate: &'static str, reason: impl Into<String>) -> Self {
        EncodeError::Reject { sqlstate, reason: reason.into() }
    }
}

/// The error codes that the server would answer with.
pub mod sqlstate {
    pub const STRING_TOO_LONG: &str = "22001";
    pub const OUT_OF_RANGE: &str = "22003";
    pub const DATA_EXCEPTION: &str = "22000";
    pub const NULL_NOT_ALLOWED: &str = "22004";
    pub const DATETIME_OVERFLOW: &str = "22008";
    pub const LENGTH_MISMATCH: &str = "22026";
    pub const NUL_BYTE: &str = "22021";
    pub const MALFORMED: &str = "22P02";
    pub const NOT_NULL: &str = "23502";
    pub const TOO_BIG: &str = "54000";
}

const EXCERPT: usize = 40;

/// The start of a text in quotes, for messages. Control characters are escaped.
pub fn excerpt(text: &str) -> String {
    let (start, length) = match text.char_indices().nth(EXCERPT) {
        Some((end, _)) => (&text[..end], format!("…' ({} bytes)", text.len())),
        None => (text, "'".into()),
    };
    let mut shown = String::from("'");
    for character in start.chars() {
        match character {
            c if c.is_control() => shown.extend(c.escape_default()),
            c => shown.push(c),
        }
    }
    shown + &length
}
