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

use super::java_properties::{self, Translation};
use super::tuning;
use crate::error::{Error, Result};

pub use super::produce::{Produced, produce};

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
