//! When a job without an end has caught up with its topics, so that its vector indexes can be built.

use std::time::{Duration, Instant};

/// This number of checks in a row must find the job near the end of its topics.
const CHECKS: u32 = 3;
/// A job that lags by no more records than this is always near the end.
const FEW: u64 = 1000;
/// For this time a job that has read nothing yet may be waiting for its partitions.
const PATIENCE: Duration = Duration::from_secs(10);

/// Decides by checks of a running job, about one a second.
#[derive(Debug)]
pub struct CatchUp {
    begun: Instant,
    /// The records that had been read at the last check.
    records: u64,
    near: u32,
}

impl CatchUp {
    pub fn new(begun: Instant) -> CatchUp {
        CatchUp { begun, records: 0, near: 0 }
    }

    /// Takes the figures of a check, and returns whether the job has caught up. `lag`: records that aren't durable yet. `records`: those
    /// that were read since the start. A job is near the end while it lags by no more than it reads between two checks.
    pub fn note(&mut self, now: Instant, lag: u64, records: u64) -> bool {
        let read = records.saturating_sub(self.records);
        self.records = records;
        let has_begun = records > 0 || now.saturating_duration_since(self.begun) >= PATIENCE;
        self.near = if has_begun && lag <= read.max(FEW) { self.near + 1 } else { 0 };
        self.near >= CHECKS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number of the check, with one check a second, at which the job has caught up.
    fn caught_up(checks: &[(u64, u64)]) -> Option<usize> {
        let begun = Instant::now();
        let mut catch_up = CatchUp::new(begun);
        let seconds = |at: usize| Duration::from_secs(at as u64);
        checks.iter().enumerate().position(|(at, (lag, records))| catch_up.note(begun + seconds(at), *lag, *records))
    }

    #[test]
    fn a_job_has_caught_up_when_it_stays_near_the_end_of_its_topics() {
        assert_eq!(caught_up(&[(9000, 0), (5000, 4000), (0, 9000), (0, 9000), (0, 9000)]), Some(4));
        // Records go on coming, two thousand a second.
        assert_eq!(caught_up(&[(5000, 4000), (1800, 9000), (1900, 11_000), (2000, 13_000)]), Some(3));
        // A few come now and then, and are written slowly.
        assert_eq!(caught_up(&[(300, 10), (200, 11), (250, 11)]), Some(2));
        // As many come as are read, and many wait.
        assert_eq!(caught_up(&[(5000, 1000), (5000, 2000), (5000, 3000), (5000, 4000), (5000, 5000)]), None);
    }

    #[test]
    fn a_job_that_falls_back_must_catch_up_again() {
        assert_eq!(caught_up(&[(0, 10), (0, 10), (5000, 20), (0, 5020), (0, 5020), (0, 5020)]), Some(5));
    }

    #[test]
    fn a_job_that_has_read_nothing_gets_some_time() {
        assert_eq!(caught_up(&[(0, 0); 20]), Some(12));
    }
}
