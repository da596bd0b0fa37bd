//! The partitions being read and how far each one is.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::Message;
use rdkafka::message::BorrowedMessage;

use super::standstill::Standstill;
use crate::kafka::client::context::Seen;
use crate::kafka::intake::Watermark;
use crate::kafka::start::position::StartPosition;

pub struct AssignedPartition {
    topic: Arc<str>,
    id: i32,
    /// Everything below has been offered.
    next: i64,
    /// Everything below is durable.
    durable: i64,
    /// Exclusive.
    stop: Option<i64>,
    end: i64,
    /// Read to its stop.
    done: bool,
    /// The client has fetched all records below the stop: each of them is in its queue or has been polled.
    fetched: bool,
    standstill: Standstill,
}

/// How long statistics may still tell of the queue as it was before it was emptied: they are made once a second, out of
/// numbers that another thread of the client refreshes.
const STALE: Duration = Duration::from_secs(3);

#[derive(Default)]
pub struct Partitions {
    list: Vec<AssignedPartition>,
    /// When the client last threw its queue away.
    emptied: Option<Instant>,
    /// Where the last message belonged: its topic object, partition id and index. Messages come in runs.
    last: Option<(usize, i32, usize)>,
}

impl AssignedPartition {
    #[inline]
    pub fn topic(&self) -> &Arc<str> {
        &self.topic
    }

    #[inline]
    pub fn id(&self) -> i32 {
        self.id
    }

    #[inline]
    pub fn next(&self) -> i64 {
        self.next
    }

    /// Where reading goes on, as the client takes it.
    pub fn position(&self) -> (&Arc<str>, i32, i64) {
        (&self.topic, self.id, self.next)
    }

    #[inline]
    pub fn is_done(&self) -> bool {
        self.done
    }

    pub fn has_stop(&self) -> bool {
        self.stop.is_some()
    }

    pub fn is_fetched(&self) -> bool {
        self.fetched
    }

    /// Whether it has stood still for so long that it must be looked at.
    pub fn is_still(&mut self, now: Instant) -> bool {
        self.standstill.is_due(self.next, now)
    }

    /// The partition ends at `end`: whether it must be assigned again.
    pub fn is_stuck(&mut self, end: i64, now: Instant) -> bool {
        self.standstill.is_stuck(self.next, end, now)
    }

    /// Whether `offset` is at the stop or beyond it.
    #[inline]
    pub fn reached(&self, offset: i64) -> bool {
        self.stop.is_some_and(|stop| offset >= stop)
    }

    /// Reading goes on at `next`: everything below has been offered, or doesn't exist.
    #[inline]
    pub fn go_on_at(&mut self, next: i64) {
        self.next = next;
    }

    /// It has been read to its stop.
    pub fn finish(&mut self) {
        self.done = true;
        self.next = self.stop.unwrap_or(self.next);
    }
}

impl Partitions {
    pub fn add(&mut self, start: &StartPosition) {
        self.list.push(AssignedPartition {
            topic: Arc::clone(&start.topic),
            id: start.partition,
            next: start.start,
            durable: start.start,
            stop: start.stop,
            end: start.end,
            done: start.stop.is_some_and(|stop| start.start >= stop),
            fetched: false,
            standstill: Standstill::new(start.start, Instant::now()),
        });
    }

    #[inline]
    pub fn get(&mut self, at: usize) -> &mut AssignedPartition {
        &mut self.list[at]
    }

    pub fn at(&self, at: usize) -> &AssignedPartition {
        &self.list[at]
    }

    pub fn iter(&self) -> impl Iterator<Item = &AssignedPartition> {
        self.list.iter()
    }

    /// Indexes of those still being read.
    pub fn open(&self) -> Vec<usize> {
        (0..self.list.len()).filter(|&at| !self.list[at].done).collect()
    }

    /// Forgets partitions that are read elsewhere now. Indexes change.
    pub fn remove(&mut self, gone: impl Fn(&AssignedPartition) -> bool) {
        self.list.retain(|partition| !gone(partition));
        self.forget_last_message();
    }

    /// All of them were paused, so they could not move.
    pub fn excuse(&mut self, now: Instant) {
        self.list.iter_mut().for_each(|partition| partition.standstill.excused(now));
    }

    pub fn all_done(&self) -> bool {
        self.list.iter().all(|partition| partition.done)
    }

    pub fn find(&self, topic: &str, id: i32) -> Option<usize> {
        self.list.iter().position(|partition| partition.id == id && *partition.topic == *topic)
    }

    /// The index of the message's partition.
    #[inline]
    pub fn of(&mut self, message: &BorrowedMessage<'_>) -> Option<usize> {
        self.of_object(message.topic_ptr().addr(), message.partition(), || message.topic())
    }

    /// The client keeps one object per topic while any partition of it is assigned, so its address stands for the topic's
    /// name until something is given up ([`Partitions::forget_last_message`]).
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

    /// To be called when the client no longer fetches some partition: its topic's object may be freed, and another topic's object may
    /// get the same address.
    pub fn forget_last_message(&mut self) {
        self.last = None;
    }

    /// The only partition with this number, if there is just one: an end-of-partition notice lacks the topic.
    pub fn only(&self, id: i32) -> Option<usize> {
        let mut found = (0..self.list.len()).filter(|&at| self.list[at].id == id);
        found.next().filter(|_| found.next().is_none())
    }

    /// What the client had fetched is fetched again.
    pub fn queue_emptied(&mut self, now: Instant) {
        self.emptied = Some(now);
        self.list.iter_mut().for_each(|partition| partition.fetched = false);
    }

    /// Learns from statistics that came just before `now`.
    pub fn learn(&mut self, seen: &[Seen], now: Instant) {
        let stale = self.emptied.is_some_and(|emptied| now.duration_since(emptied) < STALE);
        for partition in &mut self.list {
            let same = |s: &&Seen| s.partition == partition.id && *s.topic == *partition.topic;
            if let Some(seen) = seen.iter().find(same) {
                partition.end = partition.end.max(seen.end);
                partition.fetched |= !stale && partition.reached(seen.fetched_to);
            }
        }
    }

    pub fn note_durable(&mut self, watermarks: &[Watermark]) {
        for (topic, id, next) in watermarks {
            if let Some(at) = self.find(topic, *id) {
                self.list[at].durable = *next;
            }
        }
    }

    /// Records that are not durable yet, up to the stop.
    pub fn lag(&self) -> u64 {
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
    use crate::kafka::start::position::StartReason;

    #[test]
    fn the_address_of_a_topic_that_was_given_up_may_belong_to_another_topic_later() {
        let mut partitions = Partitions::default();
        for topic in ["a", "b"] {
            let (topic, origin) = (Arc::from(topic), StartReason::StartupMode);
            partitions.add(&StartPosition {
                topic,
                partition: 0,
                start: 0,
                origin,
                stop: None,
                first: 0,
                end: 0,
                missed: 0,
            });
        }
        assert_eq!(partitions.of_object(0x77, 0, || "a"), Some(0));
        assert_eq!(partitions.of_object(0x77, 0, || "not asked"), Some(0));
        partitions.forget_last_message();
        assert_eq!(partitions.of_object(0x77, 0, || "b"), Some(1));
    }

    #[test]
    fn what_was_fetched_before_the_queue_was_emptied_does_not_end_a_partition() {
        let mut partitions = Partitions::default();
        let topic = Arc::from("t");
        let origin = StartReason::StartupMode;
        partitions.add(&StartPosition {
            topic,
            partition: 0,
            start: 0,
            origin,
            stop: Some(10),
            first: 0,
            end: 10,
            missed: 0,
        });
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
