//! Creating topics.

use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::{KafkaResult, RDKafkaErrorCode as Code};

use super::properties::{translated, tuning};
use crate::error::{Error, Result};

/// How long the brokers may take to answer.
const TIMEOUT: Duration = Duration::from_secs(30);

type Admin = AdminClient<DefaultClientContext>;

/// A topic to be created. `replication` of −1 is the broker's default.
#[derive(Debug, Clone)]
pub struct Topic<'a> {
    pub name: &'a str,
    pub partitions: i32,
    pub replication: i32,
    /// Topic settings such as `retention.ms`.
    pub config: &'a [(String, String)],
}

/// Whether there was anything to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Creation {
    Created,
    AlreadyThere,
}

/// Creates a topic and waits until it is there. `properties` are those of a job file, without their prefix. This doesn't ask first
/// whether the topic is there: such a question may make the brokers create it with their own settings.
pub fn create_topic(brokers: &str, properties: &[(String, String)], topic: &Topic<'_>) -> Result<Creation> {
    let failed = |what: String| Error::Source(format!("topic '{}' at {brokers} not created: {what}", topic.name));
    let client: Admin =
        tuning::connection(brokers, &translated(properties))?.create().map_err(|error| failed(error.to_string()))?;
    create(&client, topic, false).map_err(failed)
}

/// Creates a topic if it isn't there. If it is there, the login needs no permission to create topics. With `only_ask` nothing is
/// created. `failed` makes the error from a text that goes on after the topic's name ("can't be looked for: …").
pub fn create_if_missing(
    brokers: &str,
    properties: &[(String, String)],
    topic: &Topic<'_>,
    only_ask: bool,
    failed: impl Fn(String) -> Error,
) -> Result<Creation> {
    let config = tuning::connection(brokers, &translated(properties))?;
    let found = config.create().and_then(|client: Admin| Ok((exists(&client, topic.name)?, client)));
    match found.map_err(|error| failed(format!("can't be looked for: {error}")))? {
        (true, _) => Ok(Creation::AlreadyThere),
        (false, client) => create(&client, topic, only_ask)
            .map_err(|error| failed(format!("doesn't exist and can't be created: {error}"))),
    }
}

fn exists(client: &Admin, name: &str) -> KafkaResult<bool> {
    let metadata = client.inner().fetch_metadata(Some(name), TIMEOUT)?;
    let found = metadata.topics().iter().find(|topic| topic.name() == name);
    Ok(found.is_some_and(|topic| topic.error().is_none() && !topic.partitions().is_empty()))
}

/// Creates a topic, unless another process has just created it. With `only_ask` the brokers only say whether they would create it.
fn create(client: &Admin, topic: &Topic<'_>, only_ask: bool) -> std::result::Result<Creation, String> {
    let mut new = NewTopic::new(topic.name, topic.partitions, TopicReplication::Fixed(topic.replication));
    for (key, value) in topic.config {
        new = new.set(key, value);
    }
    let options =
        AdminOptions::new().operation_timeout(Some(TIMEOUT)).request_timeout(Some(TIMEOUT)).validate_only(only_ask);
    // The client completes the future from a thread of its own.
    let results = pollster::block_on(client.create_topics([&new], &options)).map_err(|error| error.to_string())?;
    match results.into_iter().next() {
        Some(Ok(_)) => Ok(Creation::Created),
        Some(Err((_, Code::TopicAlreadyExists))) => Ok(Creation::AlreadyThere),
        Some(Err((_, code))) => Err(code.to_string()),
        None => Err("no answer".into()),
    }
}
