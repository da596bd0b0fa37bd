//! What the opening of a target does about an error. It asks the database many things before the first row is written, and each
//! question can fail for a reason that passes: the server ends the session or takes no more connections, another session has a lock,
//! there is a deadlock, or a child table is renamed just then. After such an error the opening begins again. Any other error, such as
//! a wrong password or a missing table, is returned at once. So is the first error if the server has not answered at all yet, because
//! its address may be wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::backoff::Backoff;
use super::classify::{Class, During};
use super::connector::Connector;
use super::driver::wait_limit::{Deadline, WaitLimit};
use super::session::{Session, Setup};
use crate::error::{Error, Result};
use crate::settings::Sink;

/// Errors about a table that was still in the catalog a moment before. Reading the catalog again shows what became of it.
const CHANGED_MEANWHILE: [&str; 2] = ["42P01", "XX000"];
/// How often an opening begins again because of them.
const CHANGES: u32 = 5;

/// One opening: how long it may take, and whether the server has answered.
pub struct Opening {
    /// The sink's table, for messages.
    name: String,
    deadline: Deadline,
    /// After this time it doesn't begin again.
    until: Instant,
    longest: Duration,
    backoff: Backoff,
    /// The server has answered, so the address is right.
    has_answered: AtomicBool,
}

impl Opening {
    /// It takes at most the connect time-outs of all hosts together, and begins again for at most `max_outage`.
    pub fn new(sink: &Sink, connector: &Connector, max_outage: Option<Duration>) -> Opening {
        let allowed = connector.timeout();
        let longest = max_outage.map_or(allowed, |longest| longest.min(allowed));
        Opening::of(sink.name.clone(), allowed, longest, Backoff::new(sink.retry_wait_time))
    }

    fn of(name: String, allowed: Duration, longest: Duration, backoff: Backoff) -> Opening {
        Opening {
            name,
            deadline: Deadline::after(allowed),
            until: Instant::now() + longest,
            longest,
            backoff,
            has_answered: AtomicBool::new(false),
        }
    }

    /// An opening for questions that follow later. It has as much time, from now on.
    pub fn renewed(&self) -> Opening {
        let renewed = Opening::of(self.name.clone(), self.deadline.allowed, self.longest, self.backoff);
        renewed.has_answered.store(self.has_answered.load(Ordering::Relaxed), Ordering::Relaxed);
        renewed
    }

    /// What ends each of its waits.
    pub fn wait_limit(&self) -> WaitLimit {
        WaitLimit::until(self.deadline)
    }

    /// The first session of one try, without settings.
    pub fn first_session(&self, connector: &Connector, open: &Arc<AtomicU32>) -> Result<Session> {
        let session = Session::open(connector, &Setup::default(), open, &self.wait_limit());
        let session = session.map_err(|failure| connector.unreachable(&failure))?;
        self.has_answered.store(true, Ordering::Relaxed);
        Ok(session)
    }

    /// Repeats `work` while its errors pass and there is time.
    pub fn repeat<T>(&self, mut work: impl FnMut() -> Result<T>) -> Result<T> {
        let (mut waits, mut changes) = (0, 0);
        let mut answered = None;
        loop {
            let error = match work() {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            match self.obstacle(&error) {
                Obstacle::Passes => {}
                Obstacle::Change if changes < CHANGES => changes += 1,
                Obstacle::Change | Obstacle::Stays => return Err(error),
            }
            let left = self.until.saturating_duration_since(Instant::now());
            // If the last try ran out of time, an earlier error of the server says more.
            let error = if sqlstate(&error).is_some() { error } else { answered.unwrap_or(error) };
            if left.is_zero() {
                return Err(error);
            }
            match waits {
                0 => log::warn!("{}: {error}; trying again, for {:.1} s at most", self.name, left.as_secs_f64()),
                _ => log::debug!("{}: {error}; trying again", self.name),
            }
            answered = Some(error);
            std::thread::sleep(self.backoff.after(waits).min(left));
            waits += 1;
        }
    }

    fn obstacle(&self, error: &Error) -> Obstacle {
        let Error::Target { sqlstate, passing, .. } = error else { return Obstacle::Stays };
        let code = sqlstate.as_deref();
        if *passing {
            if code.is_some_and(passes_at_login) {
                self.has_answered.store(true, Ordering::Relaxed);
            }
            return if self.has_answered.load(Ordering::Relaxed) { Obstacle::Passes } else { Obstacle::Stays };
        }
        let is_change = code.is_some_and(|code| CHANGED_MEANWHILE.contains(&code));
        if is_change { Obstacle::Change } else { Obstacle::Stays }
    }
}

/// What is in the way of an opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Obstacle {
    Passes,
    /// A table is not what the catalog said a moment before.
    Change,
    Stays,
}

fn sqlstate(error: &Error) -> Option<&str> {
    let Error::Target { sqlstate, .. } = error else { return None };
    sqlstate.as_deref()
}

/// Whether a server that refuses a login with this code accepts it later. Poolers use class 08 for everything that they refuse.
fn passes_at_login(code: &str) -> bool {
    let class = Class::of(code, During::Statement);
    matches!(class, Class::Outage | Class::Contention) && !code.starts_with("08")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opening(longest: Duration, has_answered: bool) -> Opening {
        let opening = Opening::of("s.t".into(), longest, longest, Backoff::new(Duration::from_millis(1)));
        opening.has_answered.store(has_answered, Ordering::Relaxed);
        opening
    }

    fn failure(sqlstate: Option<&str>, passing: bool) -> Error {
        Error::Target { message: "x".into(), sqlstate: sqlstate.map(str::to_owned), passing }
    }

    /// How often something is tried that meets `error` each time, ten times at most.
    fn tries(error: &Error, has_answered: bool) -> u32 {
        let mut tries = 0;
        let _ = opening(Duration::from_secs(60), has_answered).repeat(|| {
            tries += 1;
            if tries < 10 { Err(error.clone()) } else { Ok(()) }
        });
        tries
    }

    #[test]
    fn what_passes_is_tried_again_and_what_stays_is_not() {
        let lost = failure(None, true);
        assert_eq!((tries(&lost, true), tries(&lost, false)), (10, 1), "an address that never answered may be wrong");
        for code in ["57P01", "57P02", "57P03", "53300", "40P01", "55P03"] {
            assert_eq!(tries(&failure(Some(code), true), false), 10, "{code}");
        }
        for code in ["08P01", "42704"] {
            assert_eq!(tries(&failure(Some(code), true), false), 1, "{code}");
        }
        for code in ["28P01", "3D000", "42501"] {
            assert_eq!(tries(&failure(Some(code), false), true), 1, "{code}");
        }
        assert_eq!(tries(&failure(Some("42P01"), false), true), 1 + CHANGES);
        assert_eq!(tries(&Error::target("no such table"), true), 1);
        assert_eq!(tries(&Error::DeadLetter("x".into()), true), 1);
    }

    #[test]
    fn when_the_time_is_over_the_servers_last_answer_is_the_error() {
        let mut tries = 0;
        let error = opening(Duration::from_millis(50), false).repeat(|| -> Result<()> {
            tries += 1;
            Err(failure((tries == 1).then_some("55P03"), true))
        });
        assert!(tries > 1);
        assert_eq!(error.as_ref().err().and_then(sqlstate), Some("55P03"));
    }
}
