//! Waiting: between attempts, and for a database that is away.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::error::Result;
use crate::postgres::connect::driver::patience::WaitLimit;
use crate::postgres::connect::failure::AttemptError;
use crate::settings::RowOrigin;

/// The longest wait for a server that is away.
const LONGEST: Duration = Duration::from_secs(10);
/// The shortest time that an attempt to open a session gets.
const LEAST: Duration = Duration::from_secs(1);

/// Waits that double. Each is shortened at random, so that writers don't try again at the same time.
#[derive(Debug)]
pub struct Backoff {
    first: Duration,
    attempt: u32,
}

impl Backoff {
    pub fn new(first: Duration) -> Self {
        Backoff { first: first.max(Duration::from_millis(1)), attempt: 0 }
    }

    pub fn reset(&mut self) {
        self.attempt = 0;
    }

    pub fn next(&mut self) -> Duration {
        let whole = self.first.saturating_mul(1 << self.attempt.min(16)).min(LONGEST.max(self.first));
        self.attempt += 1;
        if self.attempt == 1 {
            return whole;
        }
        // A RandomState is seeded anew each time: enough randomness for a jitter.
        let random = RandomState::new().hash_one(self.attempt) % 500;
        whole * (1000 - random as u32) / 1000
    }
}

/// Whether the database is away, and since when. Shared by a sink's writers.
#[derive(Debug)]
pub struct Outage {
    /// Since when the database has been away, and when that was last logged.
    since: Mutex<Option<(Instant, Instant)>>,
    longest: Option<Duration>,
    origin: RowOrigin,
}

impl Outage {
    pub fn new(longest: Option<Duration>, origin: RowOrigin) -> Self {
        Outage { since: Mutex::new(None), longest, origin }
    }

    pub fn is_on(&self) -> bool {
        self.since.lock().is_some()
    }

    /// The limit of an attempt to open a session: not longer than an outage may still last.
    pub fn patience(&self, patience: &WaitLimit) -> WaitLimit {
        let Some(longest) = self.longest else { return patience.clone() };
        let since = *self.since.lock();
        let left = since.map_or(longest, |(since, _)| longest.saturating_sub(since.elapsed()));
        patience.at_most(left.max(LEAST))
    }

    /// An attempt failed because the database is away. Err when it has been so for longer than allowed.
    pub fn goes_on(&self, table: &str, failure: &AttemptError) -> Result<()> {
        let since = {
            let mut since = self.since.lock();
            let now = Instant::now();
            let code = failure.sqlstate.as_ref().map(|code| format!(", SQLSTATE {code}")).unwrap_or_default();
            match &mut *since {
                None => {
                    let what = &failure.text;
                    let meanwhile = self.origin.meanwhile();
                    log::warn!("{table}: the database is away ({what}{code}); waiting for it, {meanwhile}");
                    *since = Some((failure.silent_since.unwrap_or(now), now));
                }
                Some((since, said)) if now - *said >= NEXT_WORD => {
                    let seconds = since.elapsed().as_secs();
                    log::warn!(
                        "{table}: the database has been away for {seconds} s ({}{code}); still waiting",
                        failure.text
                    );
                    *said = now;
                }
                Some(_) => {}
            }
            since.map_or(now, |(since, _)| since)
        };
        match self.longest {
            Some(longest) if since.elapsed() >= longest => {
                let what = format!("{table}: the database has been away for {} s", since.elapsed().as_secs());
                let then = format!("max.outage allows no longer; when it is back {}", self.origin.again());
                Err(failure.error(&what, &then))
            }
            _ => Ok(()),
        }
    }

    pub fn ends(&self, table: &str) {
        if let Some((since, _)) = self.since.lock().take() {
            log::info!("{table}: the database is back after {:.1} s", since.elapsed().as_secs_f64());
        }
    }
}

/// How long rows wait before it is logged, and how often after that.
const FIRST_WORD: Duration = Duration::from_secs(10);
const NEXT_WORD: Duration = Duration::from_secs(60);

/// What rows wait for while the database answers: a lock, or a statement that is cancelled each time. Shared by a sink's writers.
#[derive(Debug)]
pub struct Waits {
    said: Mutex<Option<Instant>>,
    longest: Option<Duration>,
    origin: RowOrigin,
}

impl Waits {
    pub fn new(longest: Option<Duration>, origin: RowOrigin) -> Self {
        Waits { said: Mutex::new(None), longest, origin }
    }

    /// An attempt failed for a reason that will pass, like all attempts since `since`. Err when that is longer than allowed.
    pub fn goes_on(&self, table: &str, since: Instant, failure: &AttemptError) -> Result<()> {
        let seconds = since.elapsed().as_secs();
        match self.longest {
            Some(longest) if since.elapsed() >= longest => {
                let what = format!("{table}: rows have waited for {seconds} s");
                let then = format!("max.outage allows no longer; when that is over {}", self.origin.again());
                return Err(failure.error(&what, &then));
            }
            _ => {}
        }
        if self.is_due(since) {
            let code = failure.sqlstate.as_ref().map(|code| format!(" (SQLSTATE {code})")).unwrap_or_default();
            let what = failure.message();
            let meanwhile = self.origin.meanwhile();
            log::warn!("{table}: rows have waited for {seconds} s; the last try: {what}{code}; going on, {meanwhile}");
        }
        Ok(())
    }

    fn is_due(&self, since: Instant) -> bool {
        let mut said = self.said.lock();
        let is_due =
            since.elapsed() >= FIRST_WORD && said.is_none_or(|said| said < since || said.elapsed() >= NEXT_WORD);
        if is_due {
            *said = Some(Instant::now());
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_from_the_first_to_ten_seconds() {
        let mut backoff = Backoff::new(Duration::from_millis(200));
        assert_eq!(backoff.next(), Duration::from_millis(200));
        let second = backoff.next();
        assert!((200..=400).contains(&second.as_millis()), "{second:?}");
        for _ in 0..20 {
            assert!(backoff.next() <= LONGEST);
        }
        assert!(backoff.next() >= LONGEST / 2);
        backoff.reset();
        assert_eq!(backoff.next(), Duration::from_millis(200));
    }

    #[test]
    fn an_outage_ends_the_job_only_when_a_limit_is_set() {
        let away = AttemptError::outage("connection closed");
        let patient = Outage::new(None, RowOrigin::Job);
        assert!(patient.goes_on("s.t", &away).is_ok());
        assert!(patient.is_on());
        patient.ends("s.t");
        assert!(!patient.is_on());
        let strict = Outage::new(Some(Duration::ZERO), RowOrigin::Job);
        let error = strict.goes_on("s.t", &away).unwrap_err().to_string();
        assert!(error.contains("max.outage"), "{error}");
    }
}
