//! Sends commits from a thread of its own, so that reading never waits for the group's coordinator. The client tells
//! the outcome of a commit only to a caller that waits for it.

use std::sync::Arc;
use std::time::Duration;

use crossbeam::channel::{Receiver, Sender, bounded};
use rdkafka::consumer::{CommitMode, Consumer};
use rdkafka::error::RDKafkaErrorCode as Code;

use super::Watermark;
use super::client::{KafkaConsumer, is_refusal};
use super::offsets::positions;
use crate::error::{Error, Result};

/// How a commit ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    Stored,
    /// Worth another try.
    Lost(Code),
    /// The broker won't have it.
    Refused(Code),
}

pub(super) struct Committer {
    work: Sender<Vec<Watermark>>,
    answers: Receiver<Answer>,
    under_way: bool,
}

impl Committer {
    /// Commits carry `metadata`. The thread ends when this is dropped and the last answer has come.
    pub(super) fn start(consumer: &Arc<KafkaConsumer>, metadata: &str) -> Result<Committer> {
        let (work, orders) = bounded::<Vec<Watermark>>(1);
        let (answer, answers) = bounded(1);
        let (consumer, metadata) = (Arc::clone(consumer), metadata.to_owned());
        std::thread::Builder::new()
            .name("kafka-commit".into())
            .spawn(move || {
                for watermarks in orders {
                    if answer.send(commit(&consumer, &watermarks, &metadata)).is_err() {
                        break;
                    }
                }
            })
            .map_err(|error| Error::Internal(format!("no thread for commits: {error}")))?;
        Ok(Committer { work, answers, under_way: false })
    }

    pub(super) fn under_way(&self) -> bool {
        self.under_way
    }

    /// Only when nothing is under way.
    pub(super) fn send(&mut self, watermarks: Vec<Watermark>) {
        self.under_way = self.work.send(watermarks).is_ok();
    }

    /// The answer to the commit under way, if it comes within `wait`.
    pub(super) fn answer(&mut self, wait: Duration) -> Option<Answer> {
        let answer = self.answers.recv_timeout(wait).ok()?;
        self.under_way = false;
        Some(answer)
    }
}

fn commit(consumer: &KafkaConsumer, watermarks: &[Watermark], metadata: &str) -> Answer {
    let entries = watermarks.iter().map(|(topic, partition, next)| (topic, *partition, *next));
    let Ok(list) = positions(entries, Some(metadata)) else { return Answer::Lost(Code::InvalidArgument) };
    match consumer.commit(&list, CommitMode::Sync).map_err(|error| error.rdkafka_error_code()) {
        Ok(()) => Answer::Stored,
        Err(Some(code)) if is_refusal(code) => Answer::Refused(code),
        Err(code) => Answer::Lost(code.unwrap_or(Code::Unknown)),
    }
}
