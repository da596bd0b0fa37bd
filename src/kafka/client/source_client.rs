//! The Kafka client of one source, with the settings that it was made of.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;

use super::broker::Broker;
use super::context::{KafkaConsumer, KafkaContext};
use super::question::Question;
use crate::error::{Error, Result};
use crate::kafka::assign::{Assign, SourceIds};
use crate::kafka::native;
use crate::kafka::properties::java_properties::{self, Translation};
use crate::kafka::properties::tuning;
use crate::kafka::resume::Resume;
use crate::kafka::start::extent::Extents;
use crate::kafka::start::position::StartPosition;
use crate::settings::kafka::{Assignment, Bounded, KafkaSource};

/// `max.poll.interval.ms` when the job leaves it out.
const POLL_INTERVAL: Duration = Duration::from_secs(300);

pub struct SourceClient {
    consumer: Arc<KafkaConsumer>,
    table: String,
    source: KafkaSource,
    resume: Resume,
    max_poll_interval: Duration,
    /// With exactly-once: says where partitions are read from.
    assign: Option<Arc<dyn Assign>>,
}

/// How long the cluster may take to answer with its id, and with those of topics.
const IDS_WAIT: Duration = Duration::from_secs(5);

impl SourceClient {
    /// Makes the client. It connects by itself, later.
    pub fn open(table: &str, source: &KafkaSource, resume: &Resume) -> Result<SourceClient> {
        let translation = java_properties::translate(&source.properties);
        for warning in &translation.warnings {
            log::warn!("table {table}: {warning}");
        }
        if source.assignment == Assignment::Manual {
            for (key, _) in &translation.membership {
                log::warn!(
                    "table {table}: properties.{key} has no effect here: 'scan.assignment' is 'manual', so the group isn't \
                     joined"
                );
            }
        }
        let made = |translation: &Translation| -> Result<_> {
            let config = tuning::consumer(source, translation, &resume.group, resume.share_of_memory)?;
            Ok(config.create_with_context(KafkaContext::new(&source.brokers)))
        };
        let max_poll_interval = max_poll_interval(&translation);
        let made = match made(&translation)? {
            // Values that are right by themselves may still contradict each other.
            Err(error) if translation.tunes() => {
                log::warn!("table {table}: its tuning properties have no effect: {error}");
                made(&translation.without_tuning())?
            }
            made => made,
        };
        let consumer: KafkaConsumer = made.map_err(|error| {
            Error::Source(format!("the Kafka client doesn't take the properties of table {table}: {error}"))
        })?;
        Ok(SourceClient {
            consumer: Arc::new(consumer),
            table: table.to_owned(),
            source: source.clone(),
            resume: resume.clone(),
            max_poll_interval,
            assign: None,
        })
    }

    pub fn assigned_by(self, assign: Option<Arc<dyn Assign>>) -> SourceClient {
        SourceClient { assign, ..self }
    }

    /// Whether something else than the group says where partitions are read from.
    pub fn is_assigned_elsewhere(&self) -> bool {
        self.assign.is_some()
    }

    /// Gives the start positions that were found in Kafka to [`Assign`], and returns those from which to read. Not to be called by the
    /// thread that polls.
    pub fn assign_starts(&self, found: Vec<StartPosition>) -> Result<Vec<StartPosition>> {
        self.assigner()(found)
    }

    /// The same for another thread.
    pub fn assigner(&self) -> impl Fn(Vec<StartPosition>) -> Result<Vec<StartPosition>> + Send + 'static {
        let (assign, consumer) = (self.assign.clone(), Arc::downgrade(&self.consumer));
        move |found| {
            let Some(assign) = &assign else { return Ok(found) };
            let ids = consumer.upgrade().map(|consumer| source_ids(&consumer, &found)).unwrap_or_default();
            assign.assign(found, &ids)
        }
    }

    /// `--fresh` in a group: whoever gets one of these partitions begins there. Not to be called by a thread that polls.
    pub fn start_over(&self, starts: &[StartPosition]) -> Result<()> {
        let Some(assign) = &self.assign else { return Ok(()) };
        assign.start_over(starts, &source_ids(&self.consumer, starts))
    }

    /// Whether the database answers that says where partitions are read from. For another thread.
    pub fn pinger(&self) -> impl FnOnce() -> Result<()> + Send + 'static {
        let assign = self.assign.clone();
        move || assign.map_or(Ok(()), |assign| assign.answers())
    }

    /// Asks the brokers for the first offset and the end of each of these partitions.
    pub fn ask_bounds(&self, partitions: Vec<(Arc<str>, Vec<i32>)>) -> Result<Question<Extents>> {
        self.ask(move |broker, _| {
            let mut extents = Vec::new();
            for (topic, ids) in &partitions {
                extents.extend(broker.bounds(topic, ids)?.into_iter().map(|extent| (topic.clone(), extent)));
            }
            Ok(extents)
        })
    }

    pub fn consumer(&self) -> &Arc<KafkaConsumer> {
        &self.consumer
    }

    pub fn context(&self) -> &KafkaContext {
        self.consumer.context()
    }

    /// The name of the source's table.
    pub fn table(&self) -> &str {
        &self.table
    }

    pub fn source(&self) -> &KafkaSource {
        &self.source
    }

    pub fn resume(&self) -> &Resume {
        &self.resume
    }

    /// Whether a group says which partitions are read.
    pub fn in_group(&self) -> bool {
        self.source.assignment == Assignment::Group
    }

    /// Whether reading ends at some offset of each partition.
    pub fn is_bounded(&self) -> bool {
        self.source.bounded != Bounded::Unbounded
    }

    /// Whether no connection of the client uses TLS.
    pub fn is_plaintext(&self) -> bool {
        self.source.properties.iter().all(|(name, value)| {
            name != "security.protocol" || value.trim().to_ascii_uppercase().ends_with("PLAINTEXT")
        })
    }

    /// After so long without a poll the group removes a member.
    pub fn max_poll_interval(&self) -> Duration {
        self.max_poll_interval
    }

    /// Asks the brokers, from another thread.
    pub fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Broker<'_>, &KafkaSource) -> Result<T> + Send + 'static,
    ) -> Result<Question<T>> {
        Question::ask(&self.consumer, &self.source, question)
    }

    /// Fetches these partitions, from the offsets in the list.
    pub fn assign(&self, partitions: &TopicPartitionList) -> Result<()> {
        self.consumer.incremental_assign(partitions).map_err(|error| failed("be assigned its partitions", &error))
    }

    /// Stops fetching these partitions.
    pub fn unassign(&self, partitions: &TopicPartitionList) -> Result<()> {
        self.consumer.incremental_unassign(partitions).map_err(|error| failed("give up its partitions", &error))
    }

    /// Stops fetching.
    pub fn unassign_all(&self) -> Result<()> {
        self.consumer.unassign().map_err(|error| failed("give up its partitions", &error))
    }

    /// Gives up those of the partitions that are assigned: the answer to a revoke.
    pub fn give_up(&self, partitions: &TopicPartitionList) -> Result<()> {
        super::context::give_up(&self.consumer, partitions).map_err(|error| failed("give up its partitions", &error))
    }

    /// Stops fetching these partitions; they stay assigned.
    pub fn pause(&self, partitions: &TopicPartitionList) -> Result<()> {
        self.consumer.pause(partitions).map_err(|error| failed("pause", &error))
    }

    /// Stops fetching. What was fetched is thrown away.
    pub fn pause_all(&self) -> Result<()> {
        let paused = self.consumer.assignment().and_then(|list| self.consumer.pause(&list));
        paused.map_err(|error| failed("pause", &error))
    }

    /// Fetches these partitions again.
    pub fn unpause(&self, partitions: &TopicPartitionList) -> Result<()> {
        self.consumer.resume(partitions).map_err(|error| failed("go on after a pause", &error))
    }

    /// Leaves the group. Its partitions are revoked before that.
    pub fn unsubscribe(&self) {
        self.consumer.unsubscribe();
    }

    /// Asks the group for partitions of these topics.
    pub fn subscribe(&self, topics: &[&str]) -> Result<()> {
        let subscribed = self.consumer.subscribe(topics);
        subscribed.map_err(|error| Error::Source(format!("the Kafka client doesn't subscribe to {topics:?}: {error}")))
    }
}

/// The ids of the cluster and of these partitions' topics.
fn source_ids(consumer: &KafkaConsumer, found: &[StartPosition]) -> SourceIds {
    let mut topics: Vec<&str> = found.iter().map(|own| &*own.topic).collect();
    topics.sort_unstable();
    topics.dedup();
    SourceIds {
        cluster: consumer.client().fetch_cluster_id(IDS_WAIT).unwrap_or_default(),
        topics: native::topic_ids(consumer.client(), &topics, IDS_WAIT),
    }
}

fn failed(what: &str, error: &KafkaError) -> Error {
    Error::Source(format!("the Kafka client can't {what}: {error}"))
}

fn max_poll_interval(translation: &Translation) -> Duration {
    let given = translation.membership.iter().rev().find(|(key, _)| key == "max.poll.interval.ms");
    given.and_then(|(_, value)| value.parse().ok()).map_or(POLL_INTERVAL, Duration::from_millis)
}
