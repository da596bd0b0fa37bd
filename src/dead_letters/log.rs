//! Rejected records in the log, for sinks without a dead-letter target.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::error::Rejection;
use crate::position::Position;

const WINDOW: Duration = Duration::from_secs(1);

/// These are enough lines to see what is wrong. More of them would hide other log lines.
const LINES_A_SECOND: u32 = 10;

/// Logs rejected records with their positions, a few per second: a topic full of bad records must not fill the disk with
/// log lines. The log says how many were left out, before the next line or at the end.
pub struct RateLimitedLog {
    /// Whether reasons are shown, which quote values of rows.
    shows_reasons: bool,
    limit: Mutex<RateLimit>,
}

impl RateLimitedLog {
    pub fn new(shows_reasons: bool) -> Self {
        RateLimitedLog { shows_reasons, limit: Mutex::new(RateLimit::new(LINES_A_SECOND)) }
    }

    pub fn rejected(&self, sink: &str, position: &Position, rejection: &Rejection) {
        // Only the decision needs the lock. The line is written without it, so that writers don't wait for each other's log lines.
        let admission = self.limit.lock().admit(Instant::now());
        if let Admission::Line { left_out } = admission {
            report(left_out);
            if self.shows_reasons {
                log::warn!("{sink}: {position}: {rejection}");
            } else {
                log::warn!("{sink}: {position}: {}", rejection.without_values());
            }
        }
    }
}

impl Drop for RateLimitedLog {
    fn drop(&mut self) {
        report(self.limit.get_mut().left_out);
    }
}

fn report(left_out: u64) {
    if left_out > 0 {
        log::warn!("… and {left_out} more rejected records; set 'deadletter' to keep them all");
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Admission {
    /// Write the line, after a line that says how many were left out before it.
    Line {
        left_out: u64,
    },
    LeaveOut,
}

/// At most `lines` in each period. A period starts with the first line after the end of the period before.
struct RateLimit {
    lines: u32,
    window_start: Option<Instant>,
    used: u32,
    left_out: u64,
}

impl RateLimit {
    fn new(lines: u32) -> Self {
        RateLimit { lines, window_start: None, used: 0, left_out: 0 }
    }

    fn admit(&mut self, now: Instant) -> Admission {
        if self.window_start.is_none_or(|start| now.duration_since(start) >= WINDOW) {
            self.window_start = Some(now);
            self.used = 0;
        }
        if self.used < self.lines {
            self.used += 1;
            Admission::Line { left_out: std::mem::take(&mut self.left_out) }
        } else {
            self.left_out += 1;
            Admission::LeaveOut
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_lines_of_a_second_are_written() {
        let start = Instant::now();
        let mut limit = RateLimit::new(2);
        let answers: Vec<_> = (0..4).map(|ms| limit.admit(start + Duration::from_millis(ms))).collect();
        let line = || Admission::Line { left_out: 0 };
        assert_eq!(answers, [line(), line(), Admission::LeaveOut, Admission::LeaveOut]);
    }

    #[test]
    fn the_first_line_of_the_next_second_counts_what_was_left_out() {
        let start = Instant::now();
        let mut limit = RateLimit::new(1);
        for ms in 0..10 {
            limit.admit(start + Duration::from_millis(ms));
        }
        assert_eq!(limit.admit(start + Duration::from_millis(999)), Admission::LeaveOut);
        assert_eq!(limit.admit(start + Duration::from_millis(1000)), Admission::Line { left_out: 10 });
        assert_eq!(limit.admit(start + Duration::from_millis(2000)), Admission::Line { left_out: 0 });
    }

    #[test]
    fn a_slow_trickle_is_written_whole() {
        let start = Instant::now();
        let mut limit = RateLimit::new(1);
        for second in 0..100 {
            assert_eq!(limit.admit(start + Duration::from_secs(second)), Admission::Line { left_out: 0 });
        }
    }
}
