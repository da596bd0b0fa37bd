//! Whether the writers are behind, and when they have caught up.

use std::time::{Duration, Instant};

/// The writers count as behind for this long after rows have waited for them.
const SETTLED: Duration = Duration::from_millis(250);

#[derive(Debug, Default)]
pub struct WritersWatch {
    /// How often movers have paused for writers.
    pauses: u64,
    behind_at: Option<Instant>,
    /// They were behind after the last time that [`WritersWatch::have_caught_up`] said yes.
    were_behind: bool,
}

impl WritersWatch {
    pub fn note(&mut self, now: Instant, pauses: u64, are_behind: bool) {
        let have_paused = std::mem::replace(&mut self.pauses, pauses) != pauses;
        if are_behind || have_paused {
            self.behind_at = Some(now);
            self.were_behind = true;
        }
    }

    pub fn are_behind(&self, now: Instant) -> bool {
        self.behind_at.is_some_and(|at| now.saturating_duration_since(at) < SETTLED)
    }

    /// Whether they were behind and are no longer. The answer is yes only once.
    pub fn have_caught_up(&mut self, now: Instant) -> bool {
        let have = self.were_behind && !self.are_behind(now);
        self.were_behind &= !have;
        have
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writers_have_caught_up_when_they_were_not_behind_for_a_while_and_that_is_told_once() {
        let (start, mut watch) = (Instant::now(), WritersWatch::default());
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        assert!(!watch.are_behind(at(0)) && !watch.have_caught_up(at(0)));
        watch.note(at(100), 0, true);
        watch.note(at(300), 1, false);
        assert!(watch.are_behind(at(500)) && !watch.have_caught_up(at(500)), "movers paused at 300");
        watch.note(at(600), 1, false);
        assert!(!watch.are_behind(at(600)));
        assert_eq!([watch.have_caught_up(at(600)), watch.have_caught_up(at(600))], [true, false]);
    }
}
