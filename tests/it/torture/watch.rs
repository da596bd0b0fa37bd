//! How far the groups have come, as the broker says.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Offset, TopicPartitionList};

use super::load::PARTITIONS;
use crate::support::Topic;

/// How long after the last fault all may take to be written.
const CATCHING_UP: Duration = Duration::from_secs(300);

pub struct Watch<'a> {
    topics: &'a [Topic],
    /// One for each topic, whose group has its name.
    consumers: Vec<BaseConsumer>,
    records: i64,
    /// All records below the committed offsets.
    committed: AtomicI64,
    ended: AtomicBool,
}

impl<'a> Watch<'a> {
    /// Of topics with so many records in each partition.
    pub fn new(topics: &'a [Topic], each: u64) -> Watch<'a> {
        let consumer = |topic: &Topic| topic.kafka.config().set("group.id", &topic.name).create().expect("a consumer");
        let records = each as i64 * i64::from(PARTITIONS) * topics.len() as i64;
        Watch {
            topics,
            consumers: topics.iter().map(consumer).collect(),
            records,
            committed: AtomicI64::new(0),
            ended: AtomicBool::new(false),
        }
    }

    pub fn topic(&self, number: usize) -> &str {
        &self.topics[number].name
    }

    pub fn brokers(&self) -> &str {
        &self.topics[0].kafka.brokers
    }

    /// Looks as long as it goes on.
    pub fn look(&self) {
        while self.goes_on() {
            // While the broker is away there is nothing new.
            if let Some(sum) = self.topics.iter().zip(&self.consumers).map(of_topic).sum() {
                self.committed.store(sum, Ordering::Relaxed);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    pub fn goes_on(&self) -> bool {
        !self.ended.load(Ordering::Relaxed)
    }

    /// It ends when this is dropped.
    pub fn end(&self) -> End<'_> {
        End(&self.ended)
    }

    /// How many records are durable.
    pub fn durable(&self) -> i64 {
        self.committed.load(Ordering::Relaxed)
    }

    pub fn is_complete(&self) -> bool {
        self.durable() == self.records
    }
}

/// How many records of a topic are below the committed offsets, if the broker answers.
fn of_topic((topic, consumer): (&Topic, &BaseConsumer)) -> Option<i64> {
    let mut list = TopicPartitionList::new();
    list.add_partition_range(&topic.name, 0, PARTITIONS - 1);
    let stored = consumer.committed_offsets(list, Duration::from_secs(2)).ok()?;
    let of = |offset| if let Offset::Offset(offset) = offset { offset } else { 0 };
    Some(stored.elements().iter().map(|partition| of(partition.offset())).sum())
}

/// The run's end, also by a failure.
pub struct End<'w>(&'w AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Waits until all is durable.
pub fn eventually_all(watch: &Watch, mut meanwhile: impl FnMut()) {
    let begun = Instant::now();
    while !watch.is_complete() {
        meanwhile();
        let (durable, all) = (watch.durable(), watch.records);
        assert!(
            begun.elapsed() < CATCHING_UP,
            "after {CATCHING_UP:?} without faults {durable} of {all} records are durable"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}
