//! An error that the server answered, or why no answer came.

use std::io;
use std::time::{Duration, Instant};

use tokio_postgres::error::DbError;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server's own, or one of the protocol.
    #[error(transparent)]
    Protocol(#[from] tokio_postgres::Error),
    #[error(transparent)]
    Socket(#[from] io::Error),
    #[error("no answer within {:.1} s", .0.as_secs_f64())]
    Late(Duration),
    /// Neither this session nor a new one gets an answer.
    #[error("the server is reachable but has not answered for {:.1} s", .0.elapsed().as_secs_f64())]
    Silent(Instant),
    /// The server answers other sessions, but this session's answer waits for another server (a standby).
    #[error("the server answers, but a statement has waited for {:.1} s ({what})", .since.elapsed().as_secs_f64())]
    Withheld { since: Instant, what: String },
    /// The job was abandoned.
    #[error("told to stop before the answer came")]
    Stopped,
    /// The other socket has something to read.
    #[error("answered elsewhere")]
    Overtaken,
    #[error("{0}")]
    Refused(&'static str),
}

impl Error {
    /// What the server said.
    pub fn as_db_error(&self) -> Option<&DbError> {
        match self {
            Error::Protocol(error) => error.as_db_error(),
            _ => None,
        }
    }

    /// Whether the server refused the request. As far as the protocol is concerned, the session can then go on.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Error::Protocol(_))
    }
}
