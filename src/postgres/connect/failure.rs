//! An error of the driver or the server: its class, and the text to show.

use std::error::Error as _;
use std::time::Instant;

use super::classify::{Class, During};
use super::driver::Error as DriverError;
use crate::error::{Error, Rejection, Stage};

/// The most characters of a statement that a message shows.
const SHOWN_STATEMENT: usize = 160;

/// The outcome of asking the server.
pub type Attempt<T> = std::result::Result<T, AttemptError>;

/// Why an attempt did not succeed.
#[derive(Debug, Clone)]
pub struct AttemptError {
    pub class: Class,
    pub sqlstate: Option<String>,
    /// Message and detail.
    pub text: String,
    /// Where the detail begins in `text`: it may quote values of rows.
    pub(in crate::postgres) message_end: usize,
    pub constraint: Option<String>,
    pub column: Option<String>,
    /// The line the server was reading, counted from 1 in the COPY that failed.
    pub line: Option<usize>,
    /// The batch's row that `line` stands for.
    pub row: Option<usize>,
    /// Since when no session has had an answer from the server.
    pub silent_since: Option<Instant>,
    /// The columns of a unique key that is there already, as the detail names them: `"id", lower(name)`.
    pub key: Option<String>,
    /// The statement that was sent, if it is known.
    pub statement: Option<String>,
}

impl AttemptError {
    pub fn new(error: &DriverError, during: During) -> AttemptError {
        let Some(db) = error.as_db_error() else {
            let silent_since = match error {
                DriverError::Silent(since) | DriverError::Withheld { since, .. } => Some(*since),
                _ => None,
            };
            return AttemptError { silent_since, ..AttemptError::outage(driver_text(error)) };
        };
        let sqlstate = db.code().code();
        let mut text = without_segment(db.message()).to_owned();
        let message_end = text.len();
        if let Some(detail) = db.detail() {
            text.push_str(": ");
            text.push_str(without_segment(detail));
        }
        let context = db.where_().filter(|_| during == During::Copy);
        let during = if context.is_some_and(reads_a_field) { During::Field } else { during };
        // A pooler ends a COPY with a FATAL error of class 08 when it has lost its server.
        let class = match db.severity() {
            "FATAL" if sqlstate.starts_with("08") => Class::Outage,
            _ => Class::of(sqlstate, during),
        };
        AttemptError {
            class,
            sqlstate: Some(sqlstate.to_owned()),
            constraint: db.constraint().map(str::to_owned),
            column: db.column().map(str::to_owned).or_else(|| context.and_then(column_of)),
            line: context.and_then(line_of),
            key: db.detail().filter(|_| sqlstate == "23505").and_then(key_of),
            message_end,
            ..AttemptError::outage(text)
        }
    }

    /// An error that means that the server can't be reached.
    pub fn outage(text: impl Into<String>) -> AttemptError {
        AttemptError::of(Class::Outage, text)
    }

    /// An error of this class that has only a text.
    pub fn of(class: Class, text: impl Into<String>) -> AttemptError {
        let text = text.into();
        AttemptError {
            class,
            sqlstate: None,
            message_end: text.len(),
            text,
            constraint: None,
            column: None,
            line: None,
            row: None,
            silent_since: None,
            key: None,
            statement: None,
        }
    }

    /// The server's message without its detail.
    pub fn message(&self) -> &str {
        self.text.get(..self.message_end).unwrap_or(&self.text)
    }

    /// Adds the statement that failed.
    pub fn of_statement(self, sql: &str) -> AttemptError {
        let shown: String = sql.chars().take(SHOWN_STATEMENT).collect();
        let more = if shown.len() < sql.len() { "…" } else { "" };
        AttemptError { statement: Some(shown + more), ..self }
    }

    /// Whether this is a unique violation of exactly this key.
    pub fn violates_key(&self, key: &[String]) -> bool {
        let Some(columns) = &self.key else { return false };
        let name = |column: &str| match column.trim().strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(quoted) => quoted.replace("\"\"", "\""),
            None => column.trim().to_owned(),
        };
        let mut columns: Vec<String> = columns.split(',').map(name).collect();
        let mut key = key.to_vec();
        columns.sort();
        key.sort();
        !key.is_empty() && columns == key
    }

    /// Whether no partition of the table takes the row: PostgreSQL reports this as a CHECK that has no name.
    pub fn is_of_a_missing_partition(&self) -> bool {
        self.is("22M01") || (self.is("23514") && self.constraint.is_none())
    }

    /// Whether a lock was waited for too long, or the wait was a deadlock.
    pub fn is_of_a_lock(&self) -> bool {
        self.is("55P03") || self.is("40P01")
    }

    /// Whether another session has just made what was to be made. The code depends on how far the other session is: 42P07 for the
    /// table, 42710 for its row type, or 23505 for a row of the catalog.
    pub fn is_of_a_name_in_use(&self) -> bool {
        self.is("42P07") || self.is("42710") || self.is("23505")
    }

    pub fn is(&self, sqlstate: &str) -> bool {
        self.sqlstate.as_deref() == Some(sqlstate)
    }

    /// Whether the same attempt may succeed later, with nothing changed.
    pub fn passes(&self) -> bool {
        matches!(self.class, Class::Outage | Class::Contention | Class::TooLong)
    }

    /// Whether the session that got this error must not be used again.
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

    /// The error that stops the job: `what` failed, and the advice says what to do about it.
    pub fn error(&self, what: &str, advice: &str) -> Error {
        let code = self.sqlstate.as_ref().map(|code| format!(" (SQLSTATE {code})")).unwrap_or_default();
        let statement = self.statement.as_ref().map(|sql| format!(" in: {sql}")).unwrap_or_default();
        let advice = if advice.is_empty() { String::new() } else { format!("; {advice}") };
        Error::Target {
            message: format!("{what}: {}{code}{statement}{advice}", self.text),
            sqlstate: self.sqlstate.clone(),
            passing: self.passes(),
        }
    }
}

/// The text of a driver's error with its cause, which says more than the error itself.
fn driver_text(error: &DriverError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

/// Greenplum ends a message with the segment that sent it, ` (seg1 10.0.0.2:6000 pid=77)`, which differs each time.
fn without_segment(text: &str) -> &str {
    let text = text.trim_end();
    match text.rfind(" (") {
        Some(at) if text.ends_with(')') && text[at..].contains(" pid=") => text[..at].trim_end(),
        _ => text,
    }
}

/// The part of a context that COPY itself wrote; the contexts of functions come before it.
fn of_copy(context: &str) -> &str {
    match context.find("\nCOPY ") {
        Some(at) if !context.starts_with("COPY ") => &context[at + 1..],
        _ => context,
    }
}

/// `COPY car, line 17, column id` → 17, in any language of the server's messages.
fn line_of(context: &str) -> Option<usize> {
    let context = of_copy(context);
    let after = &context[context.find(", ")?..];
    let digits = &after[after.find(|c: char| c.is_ascii_digit())?..];
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok()
}

/// Whether the server was reading the value of one column: `COPY car, line 17, column id: "x"`, without the context of a
/// function. This works in any language: what follows the line's number is not the line itself.
fn reads_a_field(context: &str) -> bool {
    let inner = context.strip_suffix(of_copy(context)).unwrap_or_default();
    // The JSON parser adds a context of its own.
    if !inner.is_empty() && !inner.split([',', ':']).next().is_some_and(|start| start.contains("JSON")) {
        return false;
    }
    let context = of_copy(context);
    let Some(after) = context.find(", ").map(|at| &context[at + 2..]) else { return false };
    let Some(digits) = after.find(|c: char| c.is_ascii_digit()) else { return false };
    let rest = after[digits..].trim_start_matches(|c: char| c.is_ascii_digit());
    rest.starts_with([',', '、', ' ', '，'])
}

/// `Key (id, b)=(1, 2) already exists.` → `id, b`, in any language.
fn key_of(detail: &str) -> Option<String> {
    let columns = &detail[..detail.find(")=(")?];
    Some(columns[columns.find('(')? + 1..].to_owned())
}

/// `COPY car, line 17, column id: "x"` → `id`.
fn column_of(context: &str) -> Option<String> {
    let after = of_copy(context).split_once(", column ")?.1;
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
    fn the_context_of_a_function_is_not_taken_for_that_of_the_copy() {
        let trigger = "PL/pgSQL function f(integer, integer) line 3 at RAISE\nCOPY t, line 5, column a: \"x\"";
        assert_eq!((line_of(trigger), reads_a_field(trigger)), (Some(5), false));
        let json = "JSON data, line 1: {\"a\":...\nCOPY t, line 7, column j: \"{\"";
        assert_eq!((line_of(json), reads_a_field(json)), (Some(7), true));
        assert_eq!(column_of(json).as_deref(), Some("j"));
        for (context, of_a_field) in [
            ("COPY t, line 5, column a: \"x\"", true),
            ("COPY t, line 5, column a", true),
            ("COPY t, Zeile 5, Spalte a: »x«", true),
            ("COPY t, line 5: \"1\t2\"", false),
            ("COPY t, line 5", false),
            ("PL/pgSQL function f() line 3 at RAISE", false),
        ] {
            assert_eq!(reads_a_field(context), of_a_field, "{context}");
        }
    }

    #[test]
    fn the_key_of_a_unique_violation_is_read_in_any_language() {
        assert_eq!(key_of("Key (id, b)=(1, x) already exists.").as_deref(), Some("id, b"));
        assert_eq!(key_of("Schlüssel »(id)=(1)« existiert bereits.").as_deref(), Some("id"));
        assert_eq!(key_of("Key (lower(name))=(x) already exists.").as_deref(), Some("lower(name)"));
        assert_eq!(key_of("no key"), None);
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
