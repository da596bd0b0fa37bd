//! Which watermarks are sent to the group, and when. Pure: the clock comes in as an argument.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::kafka::intake::Watermark;

/// How often an unchanged offset is committed again: brokers delete the offsets of a group that commits nothing for long.
const REFRESH: Duration = Duration::from_secs(3600);
/// The wait between a commit that failed and the next one doubles from `FIRST_WAIT` to `LONGEST_WAIT`.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// The last commit of every partition, and whether commits succeed.
#[derive(Default)]
pub struct CommitSchedule {
    sent: Vec<Sent>,
    /// When the last commit was sent; it may still be under way.
    sent_at: Option<Instant>,
    /// The latest time for which this is true: the group has stored everything that was durable at that time.
    complete: Option<Instant>,
    failing: Option<Failing>,
}

struct Sent {
    topic: Arc<str>,
    partition: i32,
    next: i64,
    at: Instant,
}

/// Commits fail, so the next one waits.
struct Failing {
    wait: Duration,
    until: Instant,
}

impl CommitSchedule {
    /// The `watermarks` that must be committed now: those that the group doesn't have yet, or got an hour ago. From now on they
    /// count as sent. Empty while it is too early to repeat a failed commit.
    pub fn due(&mut self, watermarks: &[Watermark], now: Instant) -> Vec<Watermark> {
        if self.failing.as_ref().is_some_and(|failing| now < failing.until) {
            return Vec::new();
        }
        let mut due = Vec::new();
        for (topic, partition, next) in watermarks {
            match self.sent.iter_mut().find(|sent| sent.partition == *partition && sent.topic == *topic) {
                Some(sent) if sent.next == *next && now.duration_since(sent.at) < REFRESH => continue,
                Some(sent) => (sent.next, sent.at) = (*next, now),
                None => self.sent.push(Sent { topic: Arc::clone(topic), partition: *partition, next: *next, at: now }),
            }
            due.push((Arc::clone(topic), *partition, *next));
        }
        self.sent_at = Some(now);
        if due.is_empty() && self.failing.is_none() {
            self.complete = Some(now);
        }
        due
    }

    /// Notes that the last commit was stored. Returns whether the commit before it had failed.
    pub fn stored(&mut self) -> bool {
        self.complete = self.sent_at;
        self.failing.take().is_some()
    }

    /// Notes that the last commit didn't arrive or was refused. Everything is sent again, after waits that become longer.
    pub fn failed(&mut self, now: Instant) {
        self.sent.clear();
        let wait = self.failing.as_ref().map_or(FIRST_WAIT, |failing| (failing.wait * 2).min(LONGEST_WAIT));
        self.failing = Some(Failing { wait, until: now + wait });
    }

    /// The next commit doesn't wait, even if the last one failed.
    pub fn hurry(&mut self, now: Instant) {
        if let Some(failing) = &mut self.failing {
            failing.until = now;
        }
    }

    pub fn sent_at(&self) -> Option<Instant> {
        self.sent_at
    }

    pub fn complete_at(&self) -> Option<Instant> {
        self.complete
    }

    /// To be called when the partition belongs to another process.
    pub fn forget(&mut self, topic: &str, partition: i32) {
        self.sent.retain(|sent| sent.partition != partition || *sent.topic != *topic);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(partition: i32, next: i64) -> Watermark {
        (Arc::from("t"), partition, next)
    }

    #[test]
    fn only_changed_watermarks_are_sent() {
        let (mut schedule, now) = (CommitSchedule::default(), Instant::now());
        assert_eq!(schedule.due(&[mark(0, 5), mark(1, 0)], now).len(), 2);
        assert_eq!(schedule.due(&[mark(0, 6), mark(1, 0)], now), vec![mark(0, 6)]);
        assert_eq!(schedule.due(&[mark(0, 6), mark(1, 0)], now), vec![]);
    }

    #[test]
    fn unchanged_watermarks_are_sent_again_after_an_hour() {
        let (mut schedule, now) = (CommitSchedule::default(), Instant::now());
        schedule.due(&[mark(0, 5)], now);
        assert_eq!(schedule.due(&[mark(0, 5)], now + REFRESH - Duration::from_secs(1)), vec![]);
        assert_eq!(schedule.due(&[mark(0, 5)], now + REFRESH), vec![mark(0, 5)]);
    }

    #[test]
    fn a_commit_that_failed_is_repeated_without_end_after_growing_waits() {
        let (mut schedule, mut now) = (CommitSchedule::default(), Instant::now());
        let mut waits = Vec::new();
        for next in 0..100 {
            assert_eq!(schedule.due(&[mark(0, next)], now), vec![mark(0, next)]);
            schedule.failed(now);
            let failed = now;
            while schedule.failing.as_ref().is_some_and(|failing| now < failing.until) {
                assert_eq!(schedule.due(&[mark(0, next)], now), vec![], "no commit during the wait");
                now += FIRST_WAIT;
            }
            waits.push(now - failed);
        }
        assert!(waits.is_sorted() && waits[0] == FIRST_WAIT && waits[99] == LONGEST_WAIT, "{waits:?}");
        assert_eq!(schedule.due(&[mark(0, 100)], now), vec![mark(0, 100)]);
        assert!(schedule.stored(), "the commit before it had failed");
        assert_eq!(
            schedule.due(&[mark(0, 101)], now),
            vec![mark(0, 101)],
            "there is no wait after a commit that was stored"
        );
    }

    #[test]
    fn the_last_commit_does_not_wait_for_its_turn() {
        let (mut schedule, now) = (CommitSchedule::default(), Instant::now());
        schedule.due(&[mark(0, 5)], now);
        schedule.failed(now);
        schedule.hurry(now);
        assert_eq!(schedule.due(&[mark(0, 5)], now), vec![mark(0, 5)]);
    }

    #[test]
    fn progress_is_complete_when_all_of_it_was_stored_and_not_while_commits_fail() {
        let (mut schedule, start) = (CommitSchedule::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        schedule.due(&[mark(0, 5)], at(1));
        assert_eq!(schedule.complete_at(), None, "the answer is awaited");
        schedule.stored();
        assert_eq!(schedule.complete_at(), Some(at(1)));
        schedule.due(&[mark(0, 5)], at(2));
        assert_eq!(schedule.complete_at(), Some(at(2)), "there was nothing to store");
        schedule.due(&[mark(0, 6)], at(3));
        schedule.failed(at(4));
        schedule.due(&[mark(0, 6)], at(9));
        schedule.failed(at(9));
        schedule.due(&[], at(60));
        assert_eq!(schedule.complete_at(), Some(at(2)));
        schedule.stored();
        assert_eq!(schedule.complete_at(), Some(at(60)));
    }
}
