//! Waiting for servers that can't be reached when a job starts.

use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::pipeline::after;

/// The pause after a failed try, at first and at most.
const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(5);
/// How often it is logged what is waited for.
const LOG_AGAIN: Duration = Duration::from_secs(60);

/// How long a start waits for servers that can't be reached. The time runs from the start's beginning.
#[derive(Debug, Clone, Copy)]
pub struct StartWait {
    /// `None`: each server is tried only once, with its own time-out.
    longest: Option<Duration>,
    begun: Instant,
}

impl StartWait {
    /// Without `wait_for_servers` and `max_outage` a start fails soon, so that a wrong address doesn't look like an outage.
    pub fn new(wait_for_servers: bool, max_outage: Option<Duration>) -> StartWait {
        let longest = max_outage.or(wait_for_servers.then_some(Duration::MAX));
        StartWait { longest, begun: Instant::now() }
    }

    /// How much of the time is left. `None`: the server's own time-out counts.
    pub fn left(&self) -> Option<Duration> {
        let until = after(self.longest?.saturating_sub(self.begun.elapsed()));
        Some(until.saturating_duration_since(Instant::now()))
    }

    /// Tries again while the server can't be reached. An error of the login, the table or the job is returned at once.
    pub fn wait_for<T>(&self, name: &str, mut open: impl FnMut() -> Result<T>) -> Result<T> {
        let (mut pause, mut logged): (_, Option<Instant>) = (FIRST, None);
        loop {
            let error = match open() {
                Err(error) if error.is_retryable() => error,
                outcome => return outcome,
            };
            match self.left() {
                None => return Err(error),
                Some(left) if left.is_zero() => {
                    let waited = self.begun.elapsed().as_secs();
                    return Err(match error {
                        Error::Target { message, sqlstate, passing } => Error::Target {
                            message: format!(
                                "{message}; the start has waited for {waited} s, and max.outage allows no longer"
                            ),
                            sqlstate,
                            passing,
                        },
                        other => other,
                    });
                }
                Some(left) => {
                    if logged.is_none_or(|logged| logged.elapsed() >= LOG_AGAIN) {
                        log::warn!("{name}: {error}; the start waits for it");
                        logged = Some(Instant::now());
                    }
                    std::thread::sleep(pause.min(left));
                    pause = (pause * 2).min(LONGEST);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn away() -> Error {
        Error::Target { message: "away".into(), sqlstate: None, passing: true }
    }

    #[test]
    fn a_start_waits_only_where_it_was_told_to() {
        let tries = |start_wait: StartWait, good_at: u32| {
            let mut tries = 0;
            let outcome = start_wait.wait_for("t", || {
                tries += 1;
                if tries >= good_at { Ok(()) } else { Err(away()) }
            });
            (outcome.is_ok(), tries)
        };
        assert_eq!(tries(StartWait::new(false, None), 2), (false, 1));
        assert_eq!(tries(StartWait::new(true, None), 2), (true, 2));
        assert_eq!(tries(StartWait::new(false, Some(Duration::from_secs(60))), 2), (true, 2));
        let (is_ok, tries) = tries(StartWait::new(true, Some(Duration::from_millis(10))), 100);
        assert!(!is_ok && tries < 5);
    }

    #[test]
    fn an_error_that_waiting_does_not_solve_is_returned_at_once() {
        let mut tries = 0;
        let outcome: Result<()> = StartWait::new(true, None).wait_for("t", || {
            tries += 1;
            Err(Error::target("no such table"))
        });
        assert!(outcome.is_err());
        assert_eq!(tries, 1);
    }
}
