//! The small tools: create a topic, fill it.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::RDKafkaErrorCode as Code;

use super::properties::java_properties::{self, Translation};
use super::properties::tuning;
use crate::error::{Error, Result};

pub use super::produce::lines::produce;

/// A topic to be created. `replication` of −1 is the broker's default.
#[derive(Debug, Clone)]
pub struct Topic<'a> {
    pub name: &'a str,
    pub partitions: i32,
    pub replication: i32,
    /// Topic settings such as `retention.ms`.
    pub config: &'a [(String, String)],
}

/// Whether [`create_topic`] had anything to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Creation {
    Created,
    AlreadyThere,
}

/// Creates a topic and waits until it is there. `properties` are those of a job file, without their prefix.
pub fn create_topic(brokers: &str, properties: &[(String, String)], topic: &Topic<'_>) -> Result<Creation> {
    let failed = |what: String| Error::Source(format!("topic '{}' at {brokers} not created: {what}", topic.name));
    let config = tuning::connection(brokers, &translated(properties))?;
    let client: AdminClient<DefaultClientContext> = config.create().map_err(|error| failed(error.to_string()))?;
    let mut new = NewTopic::new(topic.name, topic.partitions, TopicReplication::Fixed(topic.replication));
    for (key, value) in topic.config {
        new = new.set(key, value);
    }
    let timeout = Some(Duration::from_secs(30));
    let options = AdminOptions::new().operation_timeout(timeout).request_timeout(timeout);
    let results = wait(client.create_topics([&new], &options)).map_err(|error| failed(error.to_string()))?;
    match results.into_iter().next() {
        Some(Ok(_)) => Ok(Creation::Created),
        Some(Err((_, Code::TopicAlreadyExists))) => Ok(Creation::AlreadyThere),
        Some(Err((_, code))) => Err(failed(code.to_string())),
        None => Err(failed("no answer".into())),
    }
}

/// Makes sure that a topic is there: creates it with one partition, the brokers' replication and endless retention when it
/// is missing. With `only_ask` nothing is created.
pub fn ensure_topic(brokers: &str, properties: &[(String, String)], name: &str, only_ask: bool) -> Result<Creation> {
    let wrong = |what: String| {
        Error::DeadLetter(format!(
            "dead-letter topic '{name}' at {brokers} {what}; have it created (vecsink topic create {name} --brokers \
             {brokers} --config retention.ms=-1), or change 'deadletter'"
        ))
    };
    let config = tuning::connection(brokers, &translated(properties))?;
    let client: AdminClient<DefaultClientContext> =
        config.create().map_err(|error| wrong(format!("can't be looked for: {error}")))?;
    let timeout = Duration::from_secs(30);
    let metadata = client.inner().fetch_metadata(Some(name), timeout);
    let metadata = metadata.map_err(|error| wrong(format!("can't be looked for: {error}")))?;
    let found = metadata.topics().iter().find(|topic| topic.name() == name);
    if found.is_some_and(|topic| topic.error().is_none() && !topic.partitions().is_empty()) {
        return Ok(Creation::AlreadyThere);
    }
    // Rejected records wait for somebody who looks at them; the brokers' retention would not.
    let new = NewTopic::new(name, 1, TopicReplication::Fixed(-1)).set("retention.ms", "-1");
    let options =
        AdminOptions::new().operation_timeout(Some(timeout)).request_timeout(Some(timeout)).validate_only(only_ask);
    let results = wait(client.create_topics([&new], &options));
    match results.map_err(|error| wrong(format!("can't be created: {error}")))?.into_iter().next() {
        Some(Ok(_)) => Ok(Creation::Created),
        Some(Err((_, Code::TopicAlreadyExists))) => Ok(Creation::AlreadyThere),
        Some(Err((_, code))) => Err(wrong(format!("doesn't exist and can't be created: {code}"))),
        None => Err(wrong("doesn't exist and can't be created: no answer".into())),
    }
}

/// The properties as the client has them; what is wrong with them, but not enough to stop, is logged.
pub(super) fn translated(properties: &[(String, String)]) -> Translation {
    let translation = java_properties::translate(properties);
    translation.warnings.iter().for_each(|warning| log::warn!("{warning}"));
    translation
}

/// Sleeps until the future is ready. The client completes it from its own thread.
fn wait<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}
