//! An error of the driver or the server, read once: its class, and the words to show.

use std::error::Error as _;
use std::time::Instant;

use super::classify::{Class, During};
use super::driver::Error as DriverError;
use crate::error::{Error, Rejection, Stage};

/// Why an attempt did not succeed.
#[derive(Debug, Clone)]
pub struct Failure {
    pub class: Class,
    pub sqlstate: Option<String>,
    /// Message and detail.
    pub text: String,
    pub constraint: Option<String>,
    pub column: Option<String>,
    /// The line the server was reading, counted from 1 in the COPY that failed.
    pub line: Option<usize>,
    /// The batch's row that `line` stands for.
    pub row: Option<usize>,
    /// Nobody has had an answer from the server since then.
    pub silent_since: Option<Instant>,
}

impl Failure {
    pub fn new(error: &DriverError, during: During) -> Failure {
        let Some(db) = error.as_db_error() else {
            let silent_since = match error {
                DriverError::Silent(since) => Some(*since),
                _ => None,
            };
            return Failure { silent_since, ..Failure::outage(driver_text(error)) };
        };
        let sqlstate = db.code().code();
        let mut text = without_segment(db.message()).to_owned();
        if let Some(detail) = db.detail() {
            text.push_str(": ");
            text.push_str(without_segment(detail));
        }
        let context = db.where_().filter(|_| during == During::Copy);
        Failure {
            class: Class::of(sqlstate, during),
            sqlstate: Some(sqlstate.to_owned()),
            text,
            constraint: db.constraint().map(str::to_owned),
            column: db.column().map(str::to_owned).or_else(|| context.and_then(column_of)),
            line: context.and_then(line_of),
            row: None,
            silent_since: None,
        }
    }

    /// The server can't be talked to.
    pub fn outage(text: impl Into<String>) -> Failure {
        Failure {
            class: Class::Outage,
            sqlstate: None,
            text: text.into(),
            constraint: None,
            column: None,
            line: None,
            row: None,
            silent_since: None,
        }
    }

    pub fn is(&self, sqlstate: &str) -> bool {
        self.sqlstate.as_deref() == Some(sqlstate)
    }

    /// Whether the session that met this must not be used again.
    pub fn ends_session(&self) -> bool {
        self.sqlstate.as_deref().is_none_or(|sqlstate| self.class.ends_session(sqlstate))
    }

    pub fn rejection(&self) -> Rejection {
        Rejection {
            stage: Stage::Write,
            reason: match &self.constraint {
                Some(constraint) if !self.text.contains(constraint.as_str()) => {
                    format!("{} (constraint {constraint})", self.text)
                }
                _ => self.text.clone(),
            },
            column: self.column.clone(),
            sqlstate: self.sqlstate.clone(),
        }
    }

    /// As the error that stops the job: `what` failed, and what to do about it.
    pub fn error(&self, what: &str, advice: &str) -> Error {
        let code = self.sqlstate.as_ref().map(|code| format!(" (SQLSTATE {code})")).unwrap_or_default();
        let advice = if advice.is_empty() { String::new() } else { format!("; {advice}") };
        Error::Target {
            message: format!("{what}: {}{code}{advice}", self.text),
            sqlstate: self.sqlstate.clone(),
            passing: matches!(self.class, Class::Outage | Class::Contention | Class::TooLong),
        }
    }
}

/// The driver's own errors say little; what they were caused by says more.
fn driver_text(error: &DriverError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

/// Greenplum ends a message with the segment that sent it, ` (seg1 10.0.0.2:6000 pid=77)`: noise that differs each time.
fn without_segment(text: &str) -> &str {
    let text = text.trim_end();
    match text.rfind(" (") {
        Some(at) if text.ends_with(')') && text[at..].contains(" pid=") => text[..at].trim_end(),
        _ => text,
    }
}

/// `COPY car, line 17, column id` → 17, in any language of the server's messages.
fn line_of(context: &str) -> Option<usize> {
    let after = &context[context.find(", ")?..];
    let digits = &after[after.find(|c: char| c.is_ascii_digit())?..];
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok()
}

/// `COPY car, line 17, column id: "x"` → `id`.
fn column_of(context: &str) -> Option<String> {
    let after = context.split_once(", column ")?.1;
    let end = after.find([':', ',', '\n']).unwrap_or(after.len());
    Some(after[..end].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_context_of_a_copy_names_line_and_column() {
        let context = "COPY car_info, line 17, column color: \"far too long\"";
        assert_eq!(line_of(context), Some(17));
        assert_eq!(column_of(context).as_deref(), Some("color"));
        assert_eq!(line_of("COPY t2, Zeile 5"), Some(5));
        assert_eq!(column_of("COPY t, line 3"), None);
        assert_eq!(line_of("PL/pgSQL function f() line 3"), None);
    }

    #[test]
    fn the_segment_of_a_greenplum_message_is_cut_off() {
        assert_eq!(without_segment("duplicate key  (seg1 10.0.0.2:6000 pid=77)"), "duplicate key");
        assert_eq!(
            without_segment("value too long for type character varying(10)"),
            "value too long for type character varying(10)"
        );
    }
}
