//! Fills a topic from lines of text.

use std::io::BufRead;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};

use crate::error::{Error, Result};
use crate::kafka::properties::{translated, tuning};

/// How much the brokers have confirmed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Produced {
    pub messages: u64,
    pub bytes: u64,
}

/// Sends every line of `lines` as one message, without its line end, and waits until the brokers have them all.
/// `linger` is how long a message may wait for others; zero sends at once. `properties` are those of a job file.
pub fn produce_lines(
    brokers: &str,
    properties: &[(String, String)],
    topic: &str,
    linger: Duration,
    lines: impl BufRead,
) -> Result<Produced> {
    let mut config = tuning::connection(brokers, &translated(properties))?;
    let defaults = [
        ("compression.type", "none".to_owned()),
        ("queue.buffering.max.messages", "500000".to_owned()),
        ("queue.buffering.max.kbytes", "65536".to_owned()),
        ("batch.size", "1000000".to_owned()),
        ("batch.num.messages", "100000".to_owned()),
        ("message.timeout.ms", "60000".to_owned()),
        ("linger.ms", (linger.as_secs_f64() * 1000.0).to_string()),
        ("enable.idempotence", "true".to_owned()),
    ];
    for (name, value) in defaults {
        if config.get(name).is_none() {
            config.set(name, value);
        }
    }
    let failed = |what: String| Error::Source(format!("topic '{topic}' at {brokers}: {what}"));
    let tally = DeliveryCounts::default();
    let producer: BaseProducer<DeliveryCounts> =
        config.create_with_context(tally.clone()).map_err(|error| failed(error.to_string()))?;
    let sent = send_lines(&producer, topic, lines).map_err(&failed);
    producer.flush(Duration::from_secs(90)).map_err(|error| failed(format!("not everything was sent: {error}")))?;
    let counts = tally.0.lock();
    match (sent, &counts.first_failure) {
        (Err(error), _) => Err(error),
        (Ok(()), Some(code)) => Err(failed(format!(
            "{} messages were not delivered ({code}), {} were",
            counts.failed, counts.delivered.messages
        ))),
        (Ok(()), None) => Ok(counts.delivered),
    }
}

fn send_lines(
    producer: &BaseProducer<DeliveryCounts>,
    topic: &str,
    mut lines: impl BufRead,
) -> std::result::Result<(), String> {
    let mut line = Vec::new();
    for number in 0u64.. {
        line.clear();
        let read = lines.read_until(b'\n', &mut line);
        if read.map_err(|error| format!("line {} can't be read: {error}", number + 1))? == 0 {
            break;
        }
        if line.pop_if(|byte| *byte == b'\n').is_some() {
            line.pop_if(|byte| *byte == b'\r');
        }
        let mut record = BaseRecord::<[u8], [u8]>::to(topic).payload(&line);
        while let Err((error, back)) = producer.send(record) {
            if error.rdkafka_error_code() != Some(Code::QueueFull) {
                return Err(format!("line {}: {error}", number + 1));
            }
            // The client's queue is full. Delivery reports make room in it.
            producer.poll(Duration::from_millis(100));
            record = back;
        }
        if number % 1024 == 0 {
            producer.poll(Duration::ZERO);
        }
    }
    Ok(())
}

#[derive(Default)]
struct Counts {
    delivered: Produced,
    failed: u64,
    first_failure: Option<Code>,
}

/// Counts what the brokers answer.
#[derive(Clone, Default)]
struct DeliveryCounts(Arc<Mutex<Counts>>);

impl ClientContext for DeliveryCounts {
    fn log(&self, _: RDKafkaLogLevel, facility: &str, message: &str) {
        log::debug!(target: "vecsink::kafka", "{facility}: {message}");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        log::warn!("Kafka: {error}: {reason}");
    }
}

impl ProducerContext for DeliveryCounts {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let mut counts = self.0.lock();
        match result {
            Ok(message) => {
                counts.delivered.messages += 1;
                counts.delivered.bytes += message.payload_len() as u64;
            }
            Err((error, _)) => {
                counts.failed += 1;
                counts.first_failure = counts.first_failure.or(error.rdkafka_error_code());
            }
        }
    }
}
