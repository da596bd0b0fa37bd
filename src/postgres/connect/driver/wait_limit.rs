//! What ends a wait for the database before the answer comes. Each wait of a session checks this.
//!
//! | wait | ends |
//! |---|---|
//! | a host's addresses, TCP, TLS and the login | after the connect time-out, for each host |
//! | everything that a target asks while it is opened | after the connect time-outs of all hosts together |
//! | an answer to a statement | when the server gives no sign of life (see [`Life`](super::life::Life)), or when a COMMIT has waited for a standby for longer than `max.outage`. For a statement that takes long or waits for a lock, the server's own `lock_timeout` and `statement_timeout` apply |
//! | room in the socket's send buffer | as for an answer to a statement |
//! | the lock of a thread that reads the catalog again | at the waiting thread's own deadline |
//! | all of them | when the job is abandoned |

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};

use crate::postgres::connect::driver::Error;
use crate::postgres::connect::driver::socket::Socket;
use crate::stop::{Phase, Stop};

/// How long to wait between two checks of the stop.
pub const SLICE: Duration = Duration::from_millis(100);

/// When a wait ends without an answer.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    pub at: Instant,
    /// How long that was at the beginning, for the error text.
    pub allowed: Duration,
}

impl Deadline {
    pub fn after(allowed: Duration) -> Deadline {
        Deadline { at: Instant::now() + allowed, allowed }
    }
}

/// What ends a wait.
#[derive(Debug, Clone, Default)]
pub struct WaitLimit {
    pub stop: Option<Stop>,
    pub deadline: Option<Deadline>,
    /// Ends the wait when this other socket has something to read.
    pub unless: Option<Arc<Socket>>,
}

impl WaitLimit {
    /// Until the job is abandoned.
    pub fn of(stop: &Stop) -> WaitLimit {
        WaitLimit { stop: Some(stop.clone()), ..WaitLimit::default() }
    }

    pub fn until(deadline: Deadline) -> WaitLimit {
        WaitLimit { deadline: Some(deadline), ..WaitLimit::default() }
    }

    /// The same, but ending after `allowed` if it doesn't end earlier.
    pub fn at_most(&self, allowed: Duration) -> WaitLimit {
        let deadline = Deadline::after(allowed);
        let earlier = self.deadline.filter(|own| own.at <= deadline.at);
        WaitLimit { deadline: Some(earlier.unwrap_or(deadline)), ..self.clone() }
    }

    /// How long to wait now, at most `longest`; an error when the wait is over.
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

    /// Takes a lock that another thread may hold for long. An error when the wait is over.
    pub fn lock<'a, T>(&self, mutex: &'a Mutex<T>) -> Result<MutexGuard<'a, T>, Error> {
        loop {
            if let Some(guard) = mutex.try_lock_for(self.slice(SLICE)?) {
                return Ok(guard);
            }
        }
    }

    /// Waits for one slice of time for the socket: see [`Socket::wait`]. An error when the wait is over.
    pub fn wait(&self, socket: &Socket) -> Result<bool, Error> {
        socket.wait(self.slice(SLICE)?, self.unless.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_for_a_lock_ends_at_the_deadline_or_the_stop_though_the_lock_is_held() {
        let mutex = Mutex::new(());
        let held = mutex.lock();
        let late = WaitLimit::until(Deadline::after(Duration::from_millis(20))).lock(&mutex).err();
        assert!(matches!(late, Some(Error::Late(_))), "{late:?}");
        let stop = Stop::default();
        stop.abandon();
        let stopped = WaitLimit::of(&stop).lock(&mutex).err();
        assert!(matches!(stopped, Some(Error::Stopped)), "{stopped:?}");
        drop(held);
        assert!(WaitLimit::until(Deadline::after(Duration::from_secs(60))).lock(&mutex).is_ok());
    }
}
