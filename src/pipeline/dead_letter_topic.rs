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

use super::line::rejects::Rejects;

impl Publish for Publisher {
    fn publish(&self, messages: &[Original<'_>]) -> Result<()> {
        Publisher::publish(self, messages)
    }
}

/// Opens the place where the rejected records of a mapping go. A topic is on the brokers of the mapping's source.
pub fn rejects(job: &Job, mapping: &Mapping) -> Result<Rejects> {
    let source = &job.sources[mapping.source].kafka;
    let name = job.name().unwrap_or("vecsink");
    Rejects::open(&mapping.sink, &|topic| -> Result<Box<dyn DeadLetters>> {
        Ok(Box::new(DeadLetterTopic::new(Publisher::open(source, topic)?, name)))
    })
}

/// Says what a start would do with the topic. The topic is not created here.
pub fn check(source: &KafkaSource, topic: &str) -> Result<String> {
    Ok(match Publisher::check(source, topic)? {
        Creation::Created => format!("rejected records go to the topic {topic}, which will be made"),
        Creation::AlreadyThere => format!("rejected records go to the topic {topic}"),
    })
}
