//! The client's settings that the job file doesn't give: those that delivery needs, and those that make reading fast and prompt.

use rdkafka::ClientConfig;

use super::java_properties::Translation;
use crate::error::{Diagnostic, Error, Result};
use crate::settings::kafka::{Assignment, Bounded, KafkaSource};
use crate::threads;

/// Settings that the job file's properties may override.
const PREFERRED: &[(&str, &str)] = &[
    // Java's default; librdkafka's own default is read_committed.
    ("isolation.level", "read_uncommitted"),
    ("check.crcs", "true"),
    // After its queue was full, the client fetches again soon. With the default of a second, a fast reader would have to wait.
    ("fetch.queue.backoff.ms", "2"),
    ("fetch.error.backoff.ms", "100"),
    ("fetch.wait.max.ms", "500"),
    ("fetch.min.bytes", "1"),
    ("queued.min.messages", "1000000"),
    // A topic may allow larger messages than librdkafka's default. The client could never read beyond such a message.
    ("receive.message.max.bytes", "2147483647"),
    ("socket.nagle.disable", "true"),
    ("socket.keepalive.enable", "true"),
    ("reconnect.backoff.ms", "50"),
    ("reconnect.backoff.max.ms", "2000"),
    ("client.id", "vecsink"),
];

/// Settings on which correctness depends.
const FIXED: &[(&str, &str)] = &[
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    // If the client itself chose another offset, it would skip records without telling.
    ("auto.offset.reset", "error"),
    ("allow.auto.create.topics", "false"),
    // The statistics tell how far the job lags, and when a bounded job has fetched everything.
    ("statistics.interval.ms", "1000"),
];

/// How many threads a client of librdkafka starts in addition to one for each broker: its main thread, and those for the group's
/// coordinator, its own requests and its background work.
const CLIENT_THREADS: usize = 4;

/// Brokers and login, shared by everything that talks to Kafka.
pub fn connection(brokers: &str, translation: &Translation) -> Result<ClientConfig> {
    if !translation.errors.is_empty() {
        let wrong = |message: &String| Diagnostic { location: None, message: message.clone() };
        return Err(Error::Config(translation.errors.iter().map(wrong).collect()));
    }
    threads::ask_for(CLIENT_THREADS + brokers.split(',').count(), "to the Kafka client")?;
    let mut config = ClientConfig::new();
    for (name, value) in &translation.settings {
        config.set(name, value);
    }
    if let Some(store) = &translation.trust_store {
        config.set("ssl.ca.pem", store.to_pem("properties.ssl.truststore").map_err(Error::Source)?);
    }
    config.set("bootstrap.servers", brokers);
    Ok(config)
}

/// A consumer's settings.
pub fn consumer(
    source: &KafkaSource,
    translation: &Translation,
    group: &str,
    share_of_memory: usize,
) -> Result<ClientConfig> {
    let mut config = connection(&source.brokers, translation)?;
    // The settings are added to this object. A copy of its map would not do: the map shows secrets only as placeholders.
    let mut prefer = |name: &str, value: &str| {
        if config.get(name).is_none() {
            config.set(name, value);
        }
    };
    for (name, value) in PREFERRED {
        prefer(name, value);
    }
    // One response may exceed the queue's limit. So a response may have only a quarter of that limit.
    let queue = (share_of_memory / 1024).clamp(1, 2_097_151);
    prefer("queued.max.messages.kbytes", &queue.to_string());
    prefer("fetch.max.bytes", &(share_of_memory / 4).clamp(1_000_000, 50_000_000).to_string());
    for (name, value) in FIXED {
        config.set(*name, *value);
    }
    // librdkafka makes no client whose longest wait is shorter than its first wait.
    let wait = |name| config.get(name).and_then(|text| text.parse::<u64>().ok()).unwrap_or_default();
    let longest = wait("reconnect.backoff.max.ms").max(wait("reconnect.backoff.ms"));
    config.set("reconnect.backoff.max.ms", longest.to_string());
    if source.assignment == Assignment::Group {
        for (name, value) in &translation.membership {
            config.set(name, value);
        }
        // With this strategy, partitions that stay are read while others move. That matters because each move waits for transactions.
        config.set("partition.assignment.strategy", "cooperative-sticky");
        // The client itself looks for new partitions of the topics it has subscribed to.
        if let Some(interval) = source.discovery_interval {
            config.set("topic.metadata.refresh.interval.ms", interval.as_millis().clamp(10, 3_600_000).to_string());
        }
    }
    if source.bounded != Bounded::Unbounded {
        config.set("enable.partition.eof", "true");
    }
    config.set("group.id", group);
    Ok(config)
}
