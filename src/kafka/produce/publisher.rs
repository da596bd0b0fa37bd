//! Sends messages that must not be lost: dead letters.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use rdkafka::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, ProducerContext};

use crate::error::{Error, Result};
use crate::kafka::admin::{Creation, Topic, create_if_missing};
use crate::kafka::properties::{translated, tuning};
use crate::record::Original;
use crate::settings::kafka::KafkaSource;

/// Settings on which correctness depends. If the brokers are away, the client waits for them without end.
const FIXED: &[(&str, &str)] = &[
    ("acks", "all"),
    ("enable.idempotence", "true"),
    ("message.timeout.ms", "0"),
    ("linger.ms", "5"),
    // The broker decides which messages are too large for the topic.
    ("message.max.bytes", "100000000"),
    // Keys go to the partitions that Java's producer would choose.
    ("partitioner", "murmur2_random"),
];

/// How long a poll waits for the brokers' answers.
const WAIT: Duration = Duration::from_millis(100);

/// A producer to one topic of a source's brokers, with the source's login.
pub struct Publisher {
    producer: BaseProducer<Acknowledgements>,
    topic: String,
    brokers: String,
}

impl Publisher {
    /// Connects, and creates the topic when it is missing.
    pub fn open(source: &KafkaSource, topic: &str) -> Result<Publisher> {
        let brokers = source.brokers.clone();
        match ensure_topic(source, topic, false)? {
            Creation::Created => log::info!("topic {topic} created for dead letters"),
            Creation::AlreadyThere => {}
        }
        let config = config(source)?;
        let producer = config.create_with_context(Acknowledgements).map_err(|error| {
            Error::DeadLetter(format!("the Kafka client doesn't take the properties for topic '{topic}': {error}"))
        })?;
        Ok(Publisher { producer, topic: topic.to_owned(), brokers })
    }

    /// Checks whether [`Publisher::open`] would succeed, and creates nothing. Returns whether the topic would be created.
    pub fn check(source: &KafkaSource, topic: &str) -> Result<Creation> {
        ensure_topic(source, topic, true)
    }

    /// Returns when every message has been acknowledged by all replicas that must have it.
    pub fn publish(&self, messages: &[Original<'_>]) -> Result<()> {
        let tally = Arc::new(PublishCounts::default());
        for message in messages {
            self.send(message, &tally)?;
        }
        while tally.pending.load(Ordering::Acquire) > 0 {
            self.producer.poll(WAIT);
        }
        match tally.failure.lock().take() {
            Some(error) => Err(self.failed(&error)),
            None => Ok(()),
        }
    }

    fn send(&self, message: &Original<'_>, tally: &Arc<PublishCounts>) -> Result<()> {
        let mut headers = OwnedHeaders::new_with_capacity(message.headers.len());
        for &(key, value) in &message.headers {
            headers = headers.insert(Header { key, value });
        }
        let mut record = BaseRecord::<[u8], [u8], _>::with_opaque_to(&self.topic, Arc::clone(tally)).headers(headers);
        record.key = message.key;
        record.payload = message.value;
        record.timestamp = message.timestamp_ms;
        tally.pending.fetch_add(1, Ordering::Relaxed);
        while let Err((error, back)) = self.producer.send(record) {
            if error.rdkafka_error_code() != Some(Code::QueueFull) {
                return Err(self.failed(&error));
            }
            // The client's queue is full. A broker's answer makes room in it.
            self.producer.poll(WAIT);
            record = back;
        }
        Ok(())
    }

    fn failed(&self, error: &KafkaError) -> Error {
        let advice = match error.rdkafka_error_code() {
            Some(Code::MessageSizeTooLarge) => "raise the topic's max.message.bytes",
            Some(Code::TopicAuthorizationFailed | Code::ClusterAuthorizationFailed) => "grant this login WRITE on it",
            Some(Code::UnknownTopicOrPartition | Code::UnknownTopic) => "create it again",
            _ => "check the brokers",
        };
        Error::DeadLetter(format!(
            "dead-letter topic '{}' at {} can't be written: {error}; {advice}, or change 'deadletter'",
            self.topic, self.brokers
        ))
    }
}

/// Makes sure that the topic is there. A new one has one partition and the brokers' replication. It keeps its messages for
/// ever, because rejected records wait for somebody who looks at them. With `only_ask` nothing is created.
fn ensure_topic(source: &KafkaSource, name: &str, only_ask: bool) -> Result<Creation> {
    let config = [("retention.ms".to_owned(), "-1".to_owned())];
    let topic = Topic { name, partitions: 1, replication: -1, config: &config };
    let brokers = &source.brokers;
    create_if_missing(brokers, &source.properties, &topic, only_ask, |what| {
        Error::DeadLetter(format!(
            "dead-letter topic '{name}' at {brokers} {what}; have it created (vecsink topic create {name} --brokers \
             {brokers} --config retention.ms=-1), or change 'deadletter'"
        ))
    })
}

fn config(source: &KafkaSource) -> Result<ClientConfig> {
    let mut config = tuning::connection(&source.brokers, &translated(&source.properties))?;
    for (name, value) in FIXED {
        config.set(*name, *value);
    }
    config.remove("transactional.id");
    Ok(config)
}

/// How many messages of one call are not acknowledged yet, and the first error.
#[derive(Default)]
struct PublishCounts {
    pending: AtomicUsize,
    failure: Mutex<Option<KafkaError>>,
}

struct Acknowledgements;

impl ClientContext for Acknowledgements {
    fn log(&self, _: RDKafkaLogLevel, facility: &str, message: &str) {
        log::debug!(target: "vecsink::kafka", "{facility}: {message}");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        match error.rdkafka_error_code() {
            Some(Code::AllBrokersDown) => log::warn!("no Kafka broker can be reached; dead letters wait for one"),
            _ => log::debug!(target: "vecsink::kafka", "{error}: {reason}"),
        }
    }
}

impl ProducerContext for Acknowledgements {
    type DeliveryOpaque = Arc<PublishCounts>;

    fn delivery(&self, result: &DeliveryResult<'_>, tally: Arc<PublishCounts>) {
        if let Err((error, _)) = result {
            tally.failure.lock().get_or_insert_with(|| error.clone());
        }
        tally.pending.fetch_sub(1, Ordering::Release);
    }
}
