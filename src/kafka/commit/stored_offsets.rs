//! The offsets that the group has for the partitions that are read here. They are committed in order, and the same offset can be
//! committed again.

use std::collections::HashMap;

use parking_lot::Mutex;
use rdkafka::consumer::{CommitMode, Consumer};
use rdkafka::error::RDKafkaErrorCode as Code;
use rdkafka::{Offset, TopicPartitionList};

use crate::kafka::client::context::KafkaConsumer;
use crate::threads;

/// Whether a commit was stored, and if not, why.
pub type CommitAnswer = std::result::Result<(), Code>;

#[derive(Default)]
pub struct StoredOffsets {
    /// By topic and partition: the offset and metadata that the group has or may have.
    known: Mutex<HashMap<(String, i32), (i64, String)>>,
    /// Held while offsets are committed, so that they reach the group in order.
    committing: Mutex<()>,
}

impl StoredOffsets {
    /// Commits these offsets and waits for the answer.
    pub fn commit(&self, consumer: &KafkaConsumer, offsets: &TopicPartitionList) -> CommitAnswer {
        let _in_order = self.committing.lock();
        let answer = send(consumer, offsets);
        if answer.is_ok() {
            self.note(offsets);
        }
        answer
    }

    /// Commits the offset that the group has for a partition once more. `None`: the partition isn't read here.
    pub fn commit_again(&self, consumer: &KafkaConsumer, topic: &str, partition: i32) -> Option<CommitAnswer> {
        let _in_order = self.committing.lock();
        let (offset, metadata) = self.known.lock().get(&(topic.to_owned(), partition))?.clone();
        let mut list = TopicPartitionList::new();
        if list.add_partition_offset(topic, partition, Offset::Offset(offset)).is_err() {
            return Some(Err(Code::InvalidArgument));
        }
        if let Some(mut element) = list.find_partition(topic, partition) {
            element.set_metadata(&metadata);
        }
        Some(send(consumer, &list))
    }

    /// Notes offsets as those that the group has.
    pub fn note(&self, offsets: &TopicPartitionList) {
        let mut known = self.known.lock();
        for element in offsets.elements() {
            if let Offset::Offset(offset) = element.offset() {
                let key = (element.topic().to_owned(), element.partition());
                known.insert(key, (offset, element.metadata().to_owned()));
            }
        }
    }

    /// To be called when the partition belongs to another process.
    pub fn forget(&self, topic: &str, partition: i32) {
        self.known.lock().remove(&(topic.to_owned(), partition));
    }
}

fn send(consumer: &KafkaConsumer, offsets: &TopicPartitionList) -> CommitAnswer {
    threads::waits_for("the group's coordinator");
    let stored = consumer.commit(offsets, CommitMode::Sync);
    stored.map_err(|error| error.rdkafka_error_code().unwrap_or(Code::Unknown))
}
