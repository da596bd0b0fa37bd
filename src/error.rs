//! Errors that stop a job, and rejections that cost one record.

use std::fmt;

use crate::position::Position;

/// Where in the job file something stands; both count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// The line, from 1.
    pub line: u64,
    /// The character in the line, from 1.
    pub column: u64,
}

/// One thing wrong with a job file or an argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Where in the job file; `None` for an option that stands in no file.
    pub location: Option<Location>,
    /// What is wrong, and what to do.
    pub message: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.location {
            Some(at) => write!(f, "line {}, column {}: {}", at.line, at.column, self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// What stops a job. The text says what happened, where, and what to do; it never holds a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The job file or its options are wrong: everything found, in the order of the file. Nothing was opened.
    #[error("{}", list(.0))]
    Config(Vec<Diagnostic>),
    /// The message source can't be reached, refused a request, or lacks something that the job needs.
    #[error("{0}")]
    Source(String),
    /// The target database can't be reached, refused a statement, or lacks something that the job needs.
    #[error("{message}")]
    Target {
        /// What happened, where, and what to do.
        message: String,
        /// The server's SQLSTATE. If vecsink itself found the error, the one that the server would have sent.
        sqlstate: Option<String>,
        /// It may pass: the database was away, or another transaction was the cause.
        passing: bool,
    },
    /// `exceptionmode` or `conflictmode` is `strict`, and this record was rejected.
    #[error("{position}: {rejection}; {}", strictly(position, mode))]
    Strict {
        /// The record's place.
        position: Position,
        /// Why it was rejected.
        rejection: Rejection,
        /// The option that is `strict`.
        mode: &'static str,
    },
    /// The dead-letter target can't be written: going on would lose records.
    #[error("{0}")]
    DeadLetter(String),
    /// The job was told to stop before this could be finished. Nothing is lost.
    #[error("stopped before everything was written; the rest is read again at the next start")]
    Stopped,
    /// A sink was closed before everything pushed into it was written.
    #[error(
        "closed before everything was written: rows from {durable} on, of those below {next}, may not be in the database"
    )]
    NotDurable {
        /// Every row below it is durable.
        durable: u64,
        /// The number that the next row would have got.
        next: u64,
    },
    /// A row was waited for that will never come.
    #[error("row {sequence} was never pushed: the sink was closed with {next} as the next row's number")]
    NeverPushed {
        /// The row that was waited for.
        sequence: u64,
        /// The number that the next row would have got.
        next: u64,
    },
    /// What was waited for didn't happen within the time given.
    #[error("{0} within the time given")]
    TimedOut(&'static str),
    /// Another process, or another sink of this one, has opened the push stream; only one at a time may push into it. Of a job: another
    /// process runs it.
    #[error("{0}")]
    Fenced(String),
    /// A thread of the pipeline failed in a way it should not.
    #[error("internal error: {0}")]
    Internal(String),
}

impl Error {
    /// An error of the target that stays, however long one waits. It has no SQLSTATE.
    pub fn target(message: impl Into<String>) -> Self {
        Error::Target { message: message.into(), sqlstate: None, passing: false }
    }

    /// Whether the same attempt may succeed later on, with nothing changed.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Error::Target { passing: true, .. } | Error::TimedOut(_))
    }

    /// Whether it isn't known which of the rows that were pushed and are not durable are in the database.
    pub fn is_in_doubt(&self) -> bool {
        match self {
            Error::NotDurable { .. } | Error::Fenced(_) => true,
            Error::Strict { position, .. } => position.is_pushed(),
            _ => false,
        }
    }
}

fn strictly(position: &Position, mode: &str) -> String {
    match position.is_pushed() {
        false => format!(
            "the job stops because {mode} is 'strict'; the next start begins at this record or before it, and later records of \
             other keys may be in the table already"
        ),
        true => format!(
            "the sink fails because {mode} is 'strict'; rows that were accepted and are not durable, and later rows of other keys, \
             may or may not be in the table"
        ),
    }
}

fn list(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(Diagnostic::to_string).collect::<Vec<_>>().join("\n")
}

/// The crate's results.
pub type Result<T> = std::result::Result<T, Error>;

/// The step at which a record was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The message is not what its format says.
    Decode,
    /// A CAST or a NOT NULL of the job failed.
    Select,
    /// The value can't be stored in the target column.
    Encode,
    /// The database refused the row.
    Write,
}

impl Stage {
    /// Its name in dead letters and log lines.
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Decode => "decode",
            Stage::Select => "select",
            Stage::Encode => "encode",
            Stage::Write => "write",
        }
    }

    /// The stage with this name. The opposite of [`Stage::as_str`].
    pub fn named(name: &str) -> Option<Stage> {
        [Stage::Decode, Stage::Select, Stage::Encode, Stage::Write].into_iter().find(|stage| stage.as_str() == name)
    }
}

/// Why one record can't become a row. Costs that record only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The step at which it was rejected.
    pub stage: Stage,
    /// What is wrong with it. It may quote values of the row.
    pub reason: String,
    /// The column whose value is the reason, if it is known.
    pub column: Option<String>,
    /// The server's SQLSTATE. If vecsink itself refused the value, the one that the server would have sent.
    pub sqlstate: Option<String>,
}

impl Rejection {
    /// A rejection of a whole record.
    pub fn new(stage: Stage, reason: impl Into<String>) -> Self {
        Rejection { stage, reason: reason.into(), column: None, sqlstate: None }
    }

    /// A rejection because of one column.
    pub fn in_column(stage: Stage, column: impl Into<String>, reason: impl Into<String>) -> Self {
        Rejection { stage, reason: reason.into(), column: Some(column.into()), sqlstate: None }
    }
}

/// How [`Rejection::store`] writes a text that isn't there.
const ABSENT: u32 = u32::MAX;

impl Rejection {
    /// Appends it to `out`; [`Rejection::read`] is the inverse.
    pub(crate) fn store(&self, out: &mut Vec<u8>) {
        for text in [Some(self.stage.as_str()), Some(&self.reason), self.column.as_deref(), self.sqlstate.as_deref()] {
            out.extend_from_slice(&text.map_or(ABSENT, |text| text.len() as u32).to_le_bytes());
            out.extend_from_slice(text.unwrap_or_default().as_bytes());
        }
    }

    /// Reads what [`Rejection::store`] wrote. `None` if `bytes` are not that.
    pub(crate) fn read(mut bytes: &[u8]) -> Option<Rejection> {
        let mut text = || {
            let (length, rest) = bytes.split_first_chunk()?;
            let length = u32::from_le_bytes(*length);
            let (text, rest) = rest.split_at_checked(if length == ABSENT { 0 } else { length as usize })?;
            bytes = rest;
            Some((length != ABSENT).then(|| String::from_utf8_lossy(text).into_owned()))
        };
        let stage = Stage::named(&text()??)?;
        Some(Rejection { stage, reason: text()??, column: text()?, sqlstate: text()? })
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, &self.reason)
    }
}

impl Rejection {
    /// For a log that must not hold values of rows, which reasons quote.
    pub fn without_values(&self) -> String {
        struct Shown<'a>(&'a Rejection);
        impl fmt::Display for Shown<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.write(
                    f,
                    "the reason may quote values of the row, which 'log.row-values' = 'false' keeps out of the log",
                )
            }
        }
        Shown(self).to_string()
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, reason: &str) -> fmt::Result {
        write!(f, "{} refused", self.stage.as_str())?;
        if let Some(column) = &self.column {
            write!(f, " column {column}")?;
        }
        write!(f, ": {reason}")?;
        if let Some(sqlstate) = &self.sqlstate {
            write!(f, " (SQLSTATE {sqlstate})")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_rejection_is_read_as_it_was() {
        let in_column =
            Rejection { sqlstate: Some("22003".into()), ..Rejection::in_column(Stage::Encode, "a", "too large") };
        for rejection in [Rejection::new(Stage::Decode, ""), in_column] {
            let mut bytes = Vec::new();
            rejection.store(&mut bytes);
            assert_eq!(Rejection::read(&bytes), Some(rejection));
            assert_eq!(Rejection::read(&bytes[..bytes.len() - 1]), None);
        }
        assert_eq!(Rejection::read(b""), None);
    }
}
