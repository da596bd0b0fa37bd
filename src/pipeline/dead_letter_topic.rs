//! Opens the dead-letter topic of a sink, with the Kafka client settings of its source.

use crate::dead_letters::dead_letter::DeadLetters;
use crate::dead_letters::{DeadLetterTopic, Publish};
use crate::error::Result;
use crate::job::settings::job::Job;
use crate::job::settings::mapping::Mapping;
use crate::kafka::Publisher;
use crate::kafka::admin::Creation;
use crate::record::Original;
use crate::settings::kafka::KafkaSource;

use super::rejects::Rejects;

impl Publish for Publisher {
    fn publish(&self, messages: &[Original<'_>]) -> Result<()> {
        Publisher::publish(self, messages)
    }
}

/// The rejects of a mapping of a job; the topic, if they go to one, is its source's neighbour.
pub fn rejects(job: &Job, mapping: &Mapping) -> Result<Rejects> {
    let source = &job.sources[mapping.source].kafka;
    let name = job.name().unwrap_or("vecsink");
    Rejects::open(&mapping.sink, &|topic| -> Result<Box<dyn DeadLetters>> {
        Ok(Box::new(DeadLetterTopic::new(Publisher::open(source, topic)?, name)))
    })
}

/// What becomes of the topic at the start, found out without making it.
pub fn check(source: &KafkaSource, topic: &str) -> Result<String> {
    Ok(match Publisher::check(source, topic)? {
        Creation::Created => format!("rejected records go to the topic {topic}, which will be made"),
        Creation::AlreadyThere => format!("rejected records go to the topic {topic}"),
    })
}
