//! What ends a wait for the database before the answer comes. Each wait of a session asks here.
//!
//! | wait | ends |
//! |---|---|
//! | a host's addresses, TCP, TLS and the login | after the connect time-out, for each host |
//! | whatever a target asks while it is opened | after the connect time-outs of all hosts together |
//! | an answer to a statement | when the server shows no life: see [`Life`](super::life::Life), or when a COMMIT waits for a standby for longer than an outage may last. A statement that takes long, or waits for a lock, is none of our business: `lock_timeout` and `statement_timeout` are the server's |
//! | room to send into | likewise |
//! | all of them | when the job is told to abandon |

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Error;
use super::socket::Socket;
use crate::stop::{Phase, Stop};

/// How long to wait between two looks at the stop.
pub const SLICE: Duration = Duration::from_millis(100);

/// When an answer is of no more use.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    pub at: Instant,
    /// How long that was at the beginning: for whoever is told.
    pub allowed: Duration,
}

impl Deadline {
    pub fn after(allowed: Duration) -> Deadline {
        Deadline { at: Instant::now() + allowed, allowed }
    }
}

/// What ends a wait.
#[derive(Debug, Clone, Default)]
pub struct Patience {
    pub stop: Option<Stop>,
    pub deadline: Option<Deadline>,
    /// Ends the wait when this one has something to read.
    pub unless: Option<Arc<Socket>>,
}

impl Patience {
    /// Until told to abandon.
    pub fn of(stop: &Stop) -> Patience {
        Patience { stop: Some(stop.clone()), ..Patience::default() }
    }

    pub fn until(deadline: Deadline) -> Patience {
        Patience { deadline: Some(deadline), ..Patience::default() }
    }

    /// The same, but ending after `allowed` if it doesn't end earlier.
    pub fn at_most(&self, allowed: Duration) -> Patience {
        let deadline = Deadline::after(allowed);
        let earlier = self.deadline.filter(|own| own.at <= deadline.at);
        Patience { deadline: Some(earlier.unwrap_or(deadline)), ..self.clone() }
    }

    /// How long to wait now, at most `longest`; an error when the patience is at its end.
    pub fn slice(&self, longest: Duration) -> Result<Duration, Error> {
        if self.stop.as_ref().is_some_and(|stop| stop.phase() >= Phase::Abandoning) {
            return Err(Error::Stopped);
        }
        let Some(deadline) = self.deadline else { return Ok(longest) };
        match deadline.at.saturating_duration_since(Instant::now()) {
            Duration::ZERO => Err(Error::Late(deadline.allowed)),
            left => Ok(left.min(longest)),
        }
    }
}
