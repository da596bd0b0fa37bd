//! The partitions being read and how far each one is.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::Message;
use rdkafka::message::BorrowedMessage;

use crate::kafka::Watermark;
use crate::kafka::client::context::Seen;
use crate::kafka::start::StartPosition;

pub(in crate::kafka) struct AssignedPartition {
    pub(in crate::kafka) topic: Arc<str>,
    pub(in crate::kafka) id: i32,
    /// Everything below has been offered.
    pub(in crate::kafka) next: i64,
    /// Everything below is durable.
    durable: i64,
    /// Exclusive.
    pub(in crate::kafka) stop: Option<i64>,
    end: i64,
    /// Read to its stop.
    pub(in crate::kafka) done: bool,
    /// All records below the stop are in the client's queue or beyond it.
    pub(in crate::kafka) fetched: bool,
}

/// How long statistics may still tell of the queue as it was before it was emptied: they are made once a second, out of
/// numbers that another thread of the client refreshes.
const STALE: Duration = Duration::from_secs(3);

#[derive(Default)]
pub(in crate::kafka) struct Partitions {
    list: Vec<AssignedPartition>,
    /// When the client last threw its queue away.
    emptied: Option<Instant>,
    /// Where the last message belonged: its topic object, partition id and index. Messages come in runs.
    last: Option<(usize, i32, usize)>,
}

impl AssignedPartition {
    pub(in crate::kafka) fn reached(&self, offset: i64) -> bool {
        self.stop.is_some_and(|stop| offset >= stop)
    }
}

impl Partitions {
    pub(in crate::kafka) fn add(&mut self, start: &StartPosition) {
        self.list.push(AssignedPartition {
            topic: Arc::clone(&start.topic),
            id: start.partition,
            next: start.start,
            durable: start.start,
            stop: start.stop,
            end: start.end,
            done: start.stop.is_some_and(|stop| start.start >= stop),
            fetched: false,
        });
    }

    pub(in crate::kafka) fn get(&mut self, at: usize) -> &mut AssignedPartition {
        &mut self.list[at]
    }

    pub(in crate::kafka) fn at(&self, at: usize) -> &AssignedPartition {
        &self.list[at]
    }

    pub(in crate::kafka) fn iter(&self) -> impl Iterator<Item = &AssignedPartition> {
        self.list.iter()
    }

    /// Indexes of those still being read.
    pub(in crate::kafka) fn open(&self) -> Vec<usize> {
        (0..self.list.len()).filter(|&at| !self.list[at].done).collect()
    }

    /// Forgets partitions that are read elsewhere now. Indexes change.
    pub(in crate::kafka) fn remove(&mut self, gone: impl Fn(&AssignedPartition) -> bool) {
        self.list.retain(|partition| !gone(partition));
        self.let_go();
    }

    pub(in crate::kafka) fn all_done(&self) -> bool {
        self.list.iter().all(|partition| partition.done)
    }

    pub(in crate::kafka) fn find(&self, topic: &str, id: i32) -> Option<usize> {
        self.list.iter().position(|partition| partition.id == id && *partition.topic == *topic)
    }

    /// The index of the message's partition.
    #[inline]
    pub(in crate::kafka) fn of(&mut self, message: &BorrowedMessage<'_>) -> Option<usize> {
        self.of_object(message.topic_ptr().addr(), message.partition(), || message.topic())
    }

    /// The client keeps one object per topic while any partition of it is assigned, so its address stands for the topic's
    /// name until something is given up ([`Partitions::let_go`]).
    #[inline]
    fn of_object<'n>(&mut self, topic: usize, id: i32, name: impl FnOnce() -> &'n str) -> Option<usize> {
        match self.last {
            Some((last, partition, at)) if last == topic && partition == id => Some(at),
            _ => {
                let at = self.find(name(), id)?;
                self.last = Some((topic, id, at));
                Some(at)
            }
        }
    }

    /// The client no longer fetches some partition. Its topic's object may be freed, and another topic may get its address.
    pub(in crate::kafka) fn let_go(&mut self) {
        self.last = None;
    }

    /// The only partition with this number, if there is just one: an end-of-partition notice lacks the topic.
    pub(in crate::kafka) fn only(&self, id: i32) -> Option<usize> {
        let mut found = (0..self.list.len()).filter(|&at| self.list[at].id == id);
        found.next().filter(|_| found.next().is_none())
    }

    /// What the client had fetched is fetched again.
    pub(in crate::kafka) fn queue_emptied(&mut self, now: Instant) {
        self.emptied = Some(now);
        self.list.iter_mut().for_each(|partition| partition.fetched = false);
    }

    /// Learns from statistics that came just before `now`.
    pub(in crate::kafka) fn learn(&mut self, seen: &[Seen], now: Instant) {
        let stale = self.emptied.is_some_and(|emptied| now.duration_since(emptied) < STALE);
        for partition in &mut self.list {
            let same = |s: &&Seen| s.partition == partition.id && *s.topic == *partition.topic;
            if let Some(seen) = seen.iter().find(same) {
                partition.end = partition.end.max(seen.end);
                partition.fetched |= !stale && partition.reached(seen.fetched_to);
            }
        }
    }

    pub(in crate::kafka) fn note_durable(&mut self, watermarks: &[Watermark]) {
        for (topic, id, next) in watermarks {
            if let Some(at) = self.find(topic, *id) {
                self.list[at].durable = *next;
            }
        }
    }

    /// Records that are not durable yet, up to the stop.
    pub(in crate::kafka) fn lag(&self) -> u64 {
        let behind = |p: &AssignedPartition| {
            let end = p.end.max(p.next);
            p.stop.map_or(end, |stop| stop.min(end)).saturating_sub(p.durable).max(0)
        };
        self.list.iter().map(behind).sum::<i64>().unsigned_abs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::start::StartReason;

    #[test]
    fn the_address_of_a_topic_that_was_given_up_may_belong_to_another_topic_later() {
        let mut partitions = Partitions::default();
        for topic in ["a", "b"] {
            let (topic, origin) = (Arc::from(topic), StartReason::StartupMode);
            partitions.add(&StartPosition { topic, partition: 0, start: 0, origin, stop: None, end: 0, missed: 0 });
        }
        assert_eq!(partitions.of_object(0x77, 0, || "a"), Some(0));
        assert_eq!(partitions.of_object(0x77, 0, || "not asked"), Some(0));
        partitions.let_go();
        assert_eq!(partitions.of_object(0x77, 0, || "b"), Some(1));
    }

    #[test]
    fn what_was_fetched_before_the_queue_was_emptied_does_not_end_a_partition() {
        let mut partitions = Partitions::default();
        let topic = Arc::from("t");
        let origin = StartReason::StartupMode;
        partitions.add(&StartPosition { topic, partition: 0, start: 0, origin, stop: Some(10), end: 10, missed: 0 });
        let seen = [Seen { topic: "t".into(), partition: 0, end: 10, fetched_to: 10 }];
        let now = Instant::now();
        partitions.learn(&seen, now);
        assert!(partitions.at(0).fetched);
        partitions.queue_emptied(now);
        assert!(!partitions.at(0).fetched);
        partitions.learn(&seen, now + Duration::from_secs(1));
        assert!(!partitions.at(0).fetched, "these numbers may be older than the pause");
        partitions.learn(&seen, now + STALE);
        assert!(partitions.at(0).fetched);
    }
}
