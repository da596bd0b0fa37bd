//! Which watermarks are sent to the group, and when. Pure: the clock comes in as an argument.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Watermark;

/// Brokers forget offsets that nobody commits again.
const REFRESH: Duration = Duration::from_secs(3600);

/// The last commit of every partition.
#[derive(Default)]
pub(super) struct Commits {
    sent: Vec<Sent>,
    refused: bool,
}

struct Sent {
    topic: Arc<str>,
    partition: i32,
    next: i64,
    at: Instant,
}

impl Commits {
    /// Of `watermarks` those that the group doesn't have yet, or has had for an hour. They count as sent from now on.
    pub(super) fn due(&mut self, watermarks: &[Watermark], now: Instant) -> Vec<Watermark> {
        if self.refused {
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
        due
    }

    /// The last commit didn't arrive: send everything again.
    pub(super) fn lost(&mut self) {
        self.sent.clear();
    }

    /// The partition is another process's now.
    pub(super) fn forget(&mut self, topic: &str, partition: i32) {
        self.sent.retain(|sent| sent.partition != partition || *sent.topic != *topic);
    }

    /// The broker won't store offsets for this job.
    pub(super) fn refused(&mut self) {
        self.refused = true;
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
        let (mut commits, now) = (Commits::default(), Instant::now());
        assert_eq!(commits.due(&[mark(0, 5), mark(1, 0)], now).len(), 2);
        assert_eq!(commits.due(&[mark(0, 6), mark(1, 0)], now), vec![mark(0, 6)]);
        assert_eq!(commits.due(&[mark(0, 6), mark(1, 0)], now), vec![]);
    }

    #[test]
    fn unchanged_watermarks_are_sent_again_after_an_hour() {
        let (mut commits, now) = (Commits::default(), Instant::now());
        commits.due(&[mark(0, 5)], now);
        assert_eq!(commits.due(&[mark(0, 5)], now + REFRESH - Duration::from_secs(1)), vec![]);
        assert_eq!(commits.due(&[mark(0, 5)], now + REFRESH), vec![mark(0, 5)]);
    }

    #[test]
    fn a_lost_commit_is_repeated_and_a_refused_one_is_not() {
        let (mut commits, now) = (Commits::default(), Instant::now());
        commits.due(&[mark(0, 5)], now);
        commits.lost();
        assert_eq!(commits.due(&[mark(0, 5)], now), vec![mark(0, 5)]);
        commits.refused();
        assert_eq!(commits.due(&[mark(0, 6)], now), vec![]);
    }
}
