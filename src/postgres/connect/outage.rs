//! Whether the database is away.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::error::{Error, Result};
use crate::postgres::connect::driver::wait_limit::WaitLimit;
use crate::postgres::connect::failure::AttemptError;
use crate::settings::RowOrigin;

/// The shortest time that an attempt to open a session gets.
const LEAST: Duration = Duration::from_secs(1);
/// How often it is logged that the database is still away.
const LOG_AGAIN: Duration = Duration::from_secs(60);

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
    pub fn wait_limit(&self, wait_limit: &WaitLimit) -> WaitLimit {
        let Some(longest) = self.longest else { return wait_limit.clone() };
        let since = *self.since.lock();
        let left = since.map_or(longest, |(since, _)| longest.saturating_sub(since.elapsed()));
        wait_limit.at_most(left.max(LEAST))
    }

    /// Since when the database has been away.
    pub fn since(&self) -> Option<Instant> {
        self.since.lock().map(|(since, _)| since)
    }

    /// An attempt failed because the database is away. Returns since when it has been away.
    pub fn note(&self, table: &str, failure: &AttemptError, now: Instant) -> Instant {
        let mut since = self.since.lock();
        let code = failure.sqlstate.as_ref().map(|code| format!(", SQLSTATE {code}")).unwrap_or_default();
        match &mut *since {
            None => {
                let what = &failure.text;
                let meanwhile = self.origin.meanwhile();
                log::warn!("{table}: the database is away ({what}{code}); waiting for it, {meanwhile}");
                *since = Some((failure.silent_since.unwrap_or(now), now));
            }
            Some((since, logged)) if now.saturating_duration_since(*logged) >= LOG_AGAIN => {
                let seconds = now.saturating_duration_since(*since).as_secs();
                log::warn!(
                    "{table}: the database has been away for {seconds} s ({}{code}); still waiting",
                    failure.text
                );
                *logged = now;
            }
            Some(_) => {}
        }
        since.map_or(now, |(since, _)| since)
    }

    /// As [`Outage::note`], with an error when the database has been away for longer than allowed.
    pub fn goes_on(&self, table: &str, failure: &AttemptError) -> Result<()> {
        let since = self.note(table, failure, Instant::now());
        match self.longest {
            Some(longest) if since.elapsed() >= longest => Err(self.too_long(table, failure)),
            _ => Ok(()),
        }
    }

    /// The error when the database has been away for longer than allowed.
    pub fn too_long(&self, table: &str, failure: &AttemptError) -> Error {
        let seconds = self.since().map_or(0, |since| since.elapsed().as_secs());
        let what = format!("{table}: the database has been away for {seconds} s");
        let then = format!("max.outage allows no longer; when it is back {}", self.origin.again());
        failure.error(&what, &then)
    }

    /// The database has answered.
    pub fn ends(&self, table: &str) {
        if let Some((since, _)) = self.since.lock().take() {
            log::info!("{table}: the database is back after {:.1} s", since.elapsed().as_secs_f64());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
