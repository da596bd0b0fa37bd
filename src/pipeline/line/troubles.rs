//! Failures of the threads that move rows into a vector index and build indexes: when to try again, and what is logged.

use std::time::{Duration, Instant};

use super::state::LineState;
use crate::error::Error;
use crate::stop::{Phase, Stop};

/// How long after a failure a thread tries again, at first and at most.
const FIRST_RETRY: Duration = Duration::from_millis(250);
const LONGEST_RETRY: Duration = Duration::from_secs(10);
/// The same failure is logged again after this time.
pub const COMPLAIN_AGAIN: Duration = Duration::from_secs(60);
/// A failure that may pass, such as a lock, is logged only after this many failures one after another.
const PASSING: u32 = 5;

/// The failures of one thread since its last success.
#[derive(Default)]
pub struct Troubles {
    count: u32,
    told: Option<(String, Instant)>,
}

impl Troubles {
    /// Logs a failure unless it was logged lately, and returns how long to wait before the next try.
    pub fn note(&mut self, line: &LineState, error: &Error, stop: &Stop) -> Duration {
        let text = error.to_string();
        let passes = matches!(error, Error::Target { passing: true, .. });
        let is_told = self.told.as_ref().is_some_and(|(told, at)| *told == text && at.elapsed() < COMPLAIN_AGAIN);
        let is_expected = line.in_outage() || stop.phase() >= Phase::Abandoning || passes && self.count < PASSING;
        if is_told || is_expected {
            log::debug!("{text}");
        } else {
            log::warn!("{text}; no row is lost, rows are found by an exact search");
            self.told = Some((text, Instant::now()));
        }
        let wait = FIRST_RETRY.saturating_mul(1 << self.count.min(10)).min(LONGEST_RETRY);
        self.count += 1;
        wait
    }

    pub fn end(&mut self) {
        self.count = 0;
    }
}
