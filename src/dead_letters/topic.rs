//! Dead letters in a Kafka topic.

use super::message::{headers, message};
use crate::dead_letters::dead_letter::{DeadLetter, DeadLetters};
use crate::error::Result;
use crate::record::Original;

/// Sends messages to one topic.
pub trait Publish: Send + Sync {
    /// Returns when every message has been acknowledged by all replicas that must have it.
    fn publish(&self, messages: &[Original<'_>]) -> Result<()>;
}

/// A topic into which the dead letters of one job are sent.
pub struct DeadLetterTopic<P> {
    publisher: P,
    job: String,
}

impl<P: Publish> DeadLetterTopic<P> {
    pub fn new(publisher: P, job: &str) -> Self {
        DeadLetterTopic { publisher, job: job.to_owned() }
    }
}

impl<P: Publish> DeadLetters for DeadLetterTopic<P> {
    fn write(&self, dead_letters: &[DeadLetter]) -> Result<()> {
        let added: Vec<_> = dead_letters.iter().map(|dead_letter| headers(dead_letter, &self.job)).collect();
        let messages: Vec<_> =
            dead_letters.iter().zip(&added).map(|(dead_letter, added)| message(dead_letter, added)).collect();
        self.publisher.publish(&messages)
    }
}
