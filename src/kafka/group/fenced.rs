//! Exactly-once in a group: partitions that another process has taken over in the ledger, although the group has assigned them to this
//! one. A former owner that was silent for long may raise an epoch late. If the group doesn't take such a partition away in the
//! next seconds, it is taken over again. State only: the clock comes in as an argument.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::TopicPartitionList;

use crate::kafka::start::position::StartPosition;

/// Between these two a partition waits, at random, so that two processes that fence each other don't do it in step.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// A process that was fenced so often in this time leaves the group and joins again.
const MOST: usize = 5;
const IN: Duration = Duration::from_secs(600);

pub type TopicPartition = (Arc<str>, i32);

/// The fenced partitions of a member, each in one of three states.
#[derive(Debug, Default)]
pub struct FencedPartitions {
    /// Still assigned to this process, until when they wait.
    waiting: Vec<(TopicPartition, Instant)>,
    /// Those that the ledger is asked for. They are not fetched.
    taking: Vec<TopicPartition>,
    /// When this process was fenced.
    times: VecDeque<Instant>,
}

impl FencedPartitions {
    /// These were found fenced.
    pub fn add(&mut self, partitions: Vec<TopicPartition>, now: Instant) {
        for partition in partitions {
            if self.waiting.iter().any(|(known, _)| *known == partition) || self.taking.contains(&partition) {
                continue;
            }
            let wait = random_wait();
            log::warn!(
                "{}[{}]: another process has taken this partition over; if the group doesn't take it away, it is taken back in {:.1} s",
                partition.0,
                partition.1,
                wait.as_secs_f64()
            );
            self.waiting.push((partition, now + wait));
        }
    }

    /// Whether nothing is fenced.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.taking.is_empty()
    }

    /// The partitions whose wait is over: they are asked for next. None, while others are asked for.
    pub fn due(&mut self, now: Instant) -> Vec<TopicPartition> {
        if !self.taking.is_empty() {
            return Vec::new();
        }
        let due = self.waiting.extract_if(.., |(_, until)| *until <= now).map(|(partition, _)| partition);
        self.taking = due.collect();
        if !self.taking.is_empty() {
            self.times.push_back(now);
        }
        self.taking.clone()
    }

    /// The ledger has answered: those of the partitions that this process still has.
    pub fn taken(&mut self, found: Vec<StartPosition>) -> Vec<StartPosition> {
        let still_ours = std::mem::take(&mut self.taking);
        let is_ours =
            |start: &StartPosition| still_ours.iter().any(|own| own.0 == start.topic && own.1 == start.partition);
        found.into_iter().filter(is_ours).collect()
    }

    /// The ledger can't be asked now: the partitions wait again.
    pub fn not_taken(&mut self, now: Instant) {
        let again = std::mem::take(&mut self.taking).into_iter().map(|partition| (partition, now + random_wait()));
        self.waiting.extend(again);
    }

    /// The group has taken these partitions away.
    pub fn forget(&mut self, revoked: &TopicPartitionList) {
        let is_revoked = |(topic, id): &TopicPartition| revoked.find_partition(topic, *id).is_some();
        self.waiting.retain(|(partition, _)| !is_revoked(partition));
        self.taking.retain(|partition| !is_revoked(partition));
    }

    /// Whether this process was fenced so often that it must leave the group. The count begins again.
    pub fn is_too_often(&mut self, now: Instant) -> bool {
        self.times.retain(|at| now.duration_since(*at) < IN);
        let is_too_often = self.times.len() >= MOST;
        if is_too_often {
            self.times.clear();
        }
        is_too_often
    }
}

fn random_wait() -> Duration {
    // A RandomState has another seed each time.
    let random = RandomState::new().hash_one(0) % 1000;
    SHORTEST_WAIT + (LONGEST_WAIT - SHORTEST_WAIT) * random as u32 / 1000
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::start::position::StartReason;

    fn partition(id: i32) -> TopicPartition {
        (Arc::from("t"), id)
    }

    fn start(partition: i32) -> StartPosition {
        StartPosition {
            topic: Arc::from("t"),
            partition,
            start: 7,
            origin: StartReason::Progress,
            stop: None,
            first: 0,
            end: 9,
            missed: 0,
        }
    }

    fn revoked(partition: i32) -> TopicPartitionList {
        let mut list = TopicPartitionList::new();
        list.add_partition("t", partition);
        list
    }

    #[test]
    fn a_fenced_partition_is_taken_back_after_one_to_ten_seconds() {
        let now = Instant::now();
        for _ in 0..100 {
            let mut fenced = FencedPartitions::default();
            fenced.add(vec![partition(3)], now);
            assert!(fenced.due(now + SHORTEST_WAIT - Duration::from_millis(1)).is_empty());
            assert_eq!(fenced.due(now + LONGEST_WAIT), [partition(3)]);
            assert!(fenced.due(now + LONGEST_WAIT).is_empty(), "it is asked for once");
            assert_eq!(fenced.taken(vec![start(3)]), [start(3)]);
            assert!(fenced.is_empty());
        }
    }

    #[test]
    fn a_partition_that_the_group_takes_away_is_not_taken_back() {
        let now = Instant::now();
        let later = now + LONGEST_WAIT;
        let mut fenced = FencedPartitions::default();
        fenced.add(vec![partition(3), partition(4)], now);
        fenced.forget(&revoked(4));
        assert_eq!(fenced.due(later), [partition(3)]);
        fenced.forget(&revoked(3));
        assert!(fenced.taken(vec![start(3)]).is_empty(), "it went away while the ledger was asked");
        assert!(fenced.is_empty());
    }

    #[test]
    fn when_the_ledger_can_not_be_asked_the_partition_waits_again() {
        let now = Instant::now();
        let mut fenced = FencedPartitions::default();
        fenced.add(vec![partition(3)], now);
        fenced.due(now + LONGEST_WAIT);
        fenced.not_taken(now + LONGEST_WAIT);
        assert!(fenced.due(now + LONGEST_WAIT).is_empty());
        assert_eq!(fenced.due(now + 2 * LONGEST_WAIT), [partition(3)]);
    }

    #[test]
    fn five_times_in_ten_minutes_are_too_often() {
        let start = Instant::now();
        let mut fenced = FencedPartitions::default();
        let mut fence = |second: u64| {
            let now = start + Duration::from_secs(second);
            fenced.add(vec![partition(3)], now);
            fenced.due(now + LONGEST_WAIT);
            fenced.taken(Vec::new());
            fenced.is_too_often(now + LONGEST_WAIT)
        };
        let found: Vec<bool> = [0, 100, 200, 300, 605, 650, 660].map(&mut fence).to_vec();
        assert_eq!(found, [false, false, false, false, false, true, false]);
    }
}
