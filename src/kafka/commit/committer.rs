//! Sends commits from a thread of its own, so that reading never waits for the group's coordinator. The client tells
//! the outcome of a commit only to a caller that waits for it.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam::channel::{Receiver, Sender, bounded};
use rdkafka::consumer::{CommitMode, Consumer};
use rdkafka::error::RDKafkaErrorCode as Code;
use rdkafka::{Offset, TopicPartitionList};

use crate::error::Result;
use crate::kafka::client::context::{KafkaConsumer, Places};
use crate::threads;

/// Whether a commit was stored, and if not, why.
pub(in crate::kafka) type Answer = std::result::Result<(), Code>;

pub(in crate::kafka) struct Committer {
    work: Sender<TopicPartitionList>,
    answers: Receiver<Answer>,
    under_way: bool,
    thread: JoinHandle<()>,
}

impl Committer {
    /// The thread ends when this is dropped and the last answer has come.
    pub(in crate::kafka) fn start(consumer: &Arc<KafkaConsumer>) -> Result<Committer> {
        let (work, orders) = bounded::<TopicPartitionList>(1);
        let (answer, answers) = bounded(1);
        let consumer = Arc::clone(consumer);
        let body = move || {
            for offsets in orders {
                if answer.send(commit(&consumer, &offsets)).is_err() {
                    break;
                }
            }
        };
        let thread = threads::spawn("kafka-commit", body).map_err(|error| threads::refused("for commits", &error))?;
        Ok(Committer { work, answers, under_way: false, thread })
    }

    pub(in crate::kafka) fn under_way(&self) -> bool {
        self.under_way
    }

    /// Only when nothing is under way.
    pub(in crate::kafka) fn send(&mut self, offsets: TopicPartitionList) {
        self.under_way = self.work.send(offsets).is_ok();
    }

    /// The answer to the commit under way, if it comes within `wait`.
    pub(in crate::kafka) fn answer(&mut self, wait: Duration) -> Option<Answer> {
        let answer = self.answers.recv_timeout(wait).ok()?;
        self.under_way = false;
        Some(answer)
    }

    /// Ends the thread, so that it doesn't keep the client. Doesn't wait for an answer that may never come.
    pub(in crate::kafka) fn end(self) {
        let Committer { work, under_way, thread, .. } = self;
        drop(work);
        if !under_way {
            let _ = thread.join();
        }
    }
}

pub(in crate::kafka) fn commit(consumer: &KafkaConsumer, offsets: &TopicPartitionList) -> Answer {
    let _in_order = consumer.context().committing();
    let answer = send(consumer, offsets);
    if answer.is_ok() {
        note(&mut consumer.context().places(), offsets);
    }
    answer
}

/// Notes offsets as those that the group has.
pub(in crate::kafka) fn note(places: &mut Places, offsets: &TopicPartitionList) {
    for element in offsets.elements() {
        if let Offset::Offset(offset) = element.offset() {
            let key = (element.topic().to_owned(), element.partition());
            places.insert(key, (offset, element.metadata().to_owned()));
        }
    }
}

/// Commits what the group has of a partition once more. `None`: the partition isn't read here.
pub(in crate::kafka) fn commit_again(consumer: &KafkaConsumer, topic: &str, partition: i32) -> Option<Answer> {
    let _in_order = consumer.context().committing();
    let (offset, metadata) = consumer.context().places().get(&(topic.to_owned(), partition))?.clone();
    let mut list = TopicPartitionList::new();
    if list.add_partition_offset(topic, partition, Offset::Offset(offset)).is_err() {
        return Some(Err(Code::InvalidArgument));
    }
    if let Some(mut element) = list.find_partition(topic, partition) {
        element.set_metadata(&metadata);
    }
    Some(send(consumer, &list))
}

fn send(consumer: &KafkaConsumer, offsets: &TopicPartitionList) -> Answer {
    let stored = consumer.commit(offsets, CommitMode::Sync);
    stored.map_err(|error| error.rdkafka_error_code().unwrap_or(Code::Unknown))
}
