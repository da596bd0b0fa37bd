//! An error that the server answered, or why no answer came.

use std::io;
use std::time::{Duration, Instant};

use tokio_postgres::error::DbError;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An error that the server sent, or one that the protocol's library found.
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
    /// The other socket that the wait watches has something to read, see
    /// [`WaitLimit::unless`](super::wait_limit::WaitLimit::unless).
    #[error("answered elsewhere")]
    Overtaken,
    #[error("the connection is closed")]
    Closed,
    /// The server answered, but it is not one that we can use.
    #[error("{0}")]
    Unfit(&'static str),
}

impl Error {
    /// What the server said.
    pub fn as_db_error(&self) -> Option<&DbError> {
        match self {
            Error::Protocol(error) => error.as_db_error(),
            _ => None,
        }
    }

    /// Whether the request has ended, usually with an error that the server sent. Then no answer to it can come later.
    pub fn is_final(&self) -> bool {
        matches!(self, Error::Protocol(_))
    }
}
