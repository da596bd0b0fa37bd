//! Whether the writers are too slow for the rows that come, and when they have caught up.

use std::time::{Duration, Instant};

/// The writers count as too slow for this long after rows have waited for them.
const SETTLED: Duration = Duration::from_millis(250);

#[derive(Debug, Default)]
pub struct WritersWatch {
    /// How often movers have paused for writers.
    pauses: u64,
    too_slow_at: Option<Instant>,
    /// They were too slow after the last time that [`WritersWatch::have_caught_up`] said yes.
    were_too_slow: bool,
}

impl WritersWatch {
    pub fn note(&mut self, now: Instant, pauses: u64, are_too_slow: bool) {
        let have_paused = std::mem::replace(&mut self.pauses, pauses) != pauses;
        if are_too_slow || have_paused {
            self.too_slow_at = Some(now);
            self.were_too_slow = true;
        }
    }

    pub fn are_too_slow(&self, now: Instant) -> bool {
        self.too_slow_at.is_some_and(|at| now.saturating_duration_since(at) < SETTLED)
    }

    /// Whether they were too slow and no longer are. The answer is yes only once.
    pub fn have_caught_up(&mut self, now: Instant) -> bool {
        let have = self.were_too_slow && !self.are_too_slow(now);
        self.were_too_slow &= !have;
        have
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writers_have_caught_up_when_they_were_not_too_slow_for_a_while_and_that_is_told_once() {
        let (start, mut watch) = (Instant::now(), WritersWatch::default());
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        assert!(!watch.are_too_slow(at(0)) && !watch.have_caught_up(at(0)));
        watch.note(at(100), 0, true);
        watch.note(at(300), 1, false);
        assert!(watch.are_too_slow(at(500)) && !watch.have_caught_up(at(500)), "movers paused at 300");
        watch.note(at(600), 1, false);
        assert!(!watch.are_too_slow(at(600)));
        assert_eq!([watch.have_caught_up(at(600)), watch.have_caught_up(at(600))], [true, false]);
    }
}
