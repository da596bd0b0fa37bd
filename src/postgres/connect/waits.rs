//! Rows that wait while the database answers: for a lock, or for a statement that is cancelled each time.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::error::Error;
use crate::postgres::connect::failure::AttemptError;
use crate::settings::RowOrigin;

/// How long rows wait before it is logged, and how often after that.
const LOG_AFTER: Duration = Duration::from_secs(10);
const LOG_AGAIN: Duration = Duration::from_secs(60);

/// Logs such waits. Shared by a sink's writers.
#[derive(Debug)]
pub struct Waits {
    logged: Mutex<Option<Instant>>,
    origin: RowOrigin,
}

impl Waits {
    pub fn new(origin: RowOrigin) -> Self {
        Waits { logged: Mutex::new(None), origin }
    }

    /// An attempt failed for a reason that will pass, like all attempts since `since`.
    pub fn note(&self, table: &str, since: Instant, failure: &AttemptError) {
        if self.is_due(since) {
            let seconds = since.elapsed().as_secs();
            let code = failure.sqlstate.as_ref().map(|code| format!(" (SQLSTATE {code})")).unwrap_or_default();
            let what = failure.message();
            let meanwhile = self.origin.meanwhile();
            log::warn!("{table}: rows have waited for {seconds} s; the last try: {what}{code}; going on, {meanwhile}");
        }
    }

    fn is_due(&self, since: Instant) -> bool {
        let mut logged = self.logged.lock();
        let is_due = since.elapsed() >= LOG_AFTER && logged.is_none_or(|at| at < since || at.elapsed() >= LOG_AGAIN);
        if is_due {
            *logged = Some(Instant::now());
        }
        is_due
    }

    /// The error when the rows have waited for longer than allowed.
    pub fn too_long(&self, table: &str, since: Instant, failure: &AttemptError) -> Error {
        let what = format!("{table}: rows have waited for {} s", since.elapsed().as_secs());
        let then = format!("max.outage allows no longer; when that is over {}", self.origin.again());
        failure.error(&what, &then)
    }
}
