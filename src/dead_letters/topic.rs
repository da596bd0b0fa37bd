//! Dead letters in a Kafka topic.

use super::message::{headers, message};
use crate::dead_letters::dead_letter::{DeadLetters, Letter};
use crate::error::Result;
use crate::record::Original;

/// Sends messages to one topic.
pub trait Publish: Send + Sync {
    /// Returns when all replicas that must have a message have it, for every message.
    fn publish(&self, messages: &[Original<'_>]) -> Result<()>;
}

/// A topic that letters of one job go to.
pub struct LetterTopic<P> {
    publisher: P,
    job: String,
}

impl<P: Publish> LetterTopic<P> {
    pub fn new(publisher: P, job: &str) -> Self {
        LetterTopic { publisher, job: job.to_owned() }
    }
}

impl<P: Publish> DeadLetters for LetterTopic<P> {
    fn write(&self, letters: &[Letter]) -> Result<()> {
        let added: Vec<_> = letters.iter().map(|letter| headers(letter, &self.job)).collect();
        let messages: Vec<_> = letters.iter().zip(&added).map(|(letter, added)| message(letter, added)).collect();
        self.publisher.publish(&messages)
    }
}
