//! Questions to the brokers: which partitions there are, how far they reach, what the group has committed.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode as Code};
use rdkafka::metadata::Metadata;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{Offset, TopicPartitionList};

use super::context::{KafkaConsumer, is_refusal};
use crate::error::{Error, Result};
use crate::kafka::start::extent::Extent;
use crate::kafka::start::mark::CommittedOffset;
use crate::settings::kafka::{Bounded, KafkaSource, Startup};
use crate::settings::topics::{TopicPattern, Topics};
use crate::threads;

/// Asks about partitions on behalf of a reader.
pub struct Broker<'a> {
    consumer: &'a KafkaConsumer,
    brokers: &'a str,
    deadline: Instant,
    /// Nothing is assigned yet, so polling can't lose a message, and a user waits for the start.
    unassigned: bool,
    /// Becomes true when nobody waits for the answer any more.
    given_up: Option<&'a AtomicBool>,
    asked: Instant,
    told: Cell<bool>,
}

/// How long one wait for metadata takes. After each wait, errors of the connection are checked.
const SLICE: Duration = Duration::from_secs(1);
/// A wait as long as this counts as endless.
const NO_END: Duration = Duration::from_secs(365 * 24 * 3600);
/// How long a start waits before it logs what it waits for.
const SILENCE: Duration = Duration::from_secs(3);

impl<'a> Broker<'a> {
    pub fn new(consumer: &'a KafkaConsumer, brokers: &'a str, wait: Duration, unassigned: bool) -> Self {
        threads::waits_for("the brokers");
        let asked = Instant::now();
        Broker { consumer, brokers, deadline: asked + wait, unassigned, given_up: None, asked, told: Cell::new(false) }
    }

    /// The same, but it stops asking when `given_up` becomes true.
    pub fn unless(self, given_up: &'a AtomicBool) -> Self {
        Broker { given_up: Some(given_up), ..self }
    }

    /// The topics that a source reads: the names that it gives, or the topics that match its pattern now.
    pub fn topics(&self, topics: &Topics) -> Result<Vec<String>> {
        match topics {
            Topics::Named(names) => Ok(names.clone()),
            Topics::Matching(pattern) => self.matching(pattern),
        }
    }

    fn matching(&self, pattern: &TopicPattern) -> Result<Vec<String>> {
        self.metadata(None, |metadata| {
            let names = metadata.topics().iter().filter(|topic| topic.error().is_none()).map(|topic| topic.name());
            let is_read = |name: &&str| !is_internal(name) && pattern.matches(name);
            let mut names: Vec<String> = names.filter(is_read).map(str::to_owned).collect();
            names.sort_unstable();
            Ok(Ok(names))
        })
    }

    /// The partitions of `topic`, ascending.
    pub fn partitions(&self, topic: &str) -> Result<Vec<i32>> {
        self.metadata(Some(topic), |metadata| {
            let Some(found) = metadata.topics().iter().find(|found| found.name() == topic) else {
                return Ok(Err(None));
            };
            match found.error() {
                None if !found.partitions().is_empty() => {
                    let mut ids: Vec<i32> = found.partitions().iter().map(|p| p.id()).collect();
                    ids.sort_unstable();
                    Ok(Ok(ids))
                }
                None => Ok(Err(None)),
                Some(RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) => Err(self.missing(topic)),
                Some(error) => Ok(Err(Some(Code::from(error)))),
            }
        })
    }

    /// Asks for metadata until `answer` finds in it what is looked for.
    fn metadata<T>(
        &self,
        topic: Option<&str>,
        answer: impl Fn(&Metadata) -> Result<std::result::Result<T, Option<Code>>>,
    ) -> Result<T> {
        loop {
            let metadata = self.consumer.fetch_metadata(topic, SLICE.min(self.left()));
            self.serve();
            let error = match metadata {
                Ok(metadata) => match answer(&metadata)? {
                    Ok(found) => return Ok(found),
                    Err(code) => code,
                },
                Err(error) => error.rdkafka_error_code(),
            };
            let topic = topic.unwrap_or("*");
            match error {
                Some(Code::TopicAuthorizationFailed) => {
                    return Err(Error::Source(format!(
                        "topic '{topic}' at {}: this login may not read it; grant it READ and DESCRIBE",
                        self.brokers
                    )));
                }
                Some(Code::UnknownTopicOrPartition | Code::UnknownTopic) => return Err(self.missing(topic)),
                _ => {}
            }
            if let Some(reason) = self.consumer.context().login_refused() {
                return Err(Error::Source(format!(
                    "Kafka at {} refuses the connection: {reason}; look at properties.security.protocol, \
                     sasl.mechanism, sasl.jaas.config and the ssl.* properties",
                    self.brokers
                )));
            }
            if self.left().is_zero() {
                let why = error.map(|code| format!(" ({code})")).unwrap_or_default();
                if let Some(reason) = self.consumer.context().connection_broke() {
                    return Err(Error::Source(format!(
                        "no answer from Kafka at {}{why}; its connections break: {reason}; do \
                         properties.security.protocol and sasl.mechanism fit this port, and is it a port of Kafka?",
                        self.brokers
                    )));
                }
                return Err(Error::Source(format!(
                    "no answer from Kafka at {}{why}; is 'properties.bootstrap.servers' right, and the broker's \
                     advertised address reachable from here?",
                    self.brokers
                )));
            }
            self.mention_wait();
            std::thread::sleep(Duration::from_millis(100).min(self.left()));
        }
    }

    /// Logs what the start waits for.
    fn mention_wait(&self) {
        if self.unassigned && self.asked.elapsed() >= SILENCE && !self.told.replace(true) {
            let end = match self.left() {
                left if left >= NO_END => "the start goes on waiting".to_owned(),
                left => format!("the start gives up in {} s", left.as_secs()),
            };
            log::warn!("waiting for Kafka at {}: no answer yet; {end}", self.brokers);
        }
    }

    fn missing(&self, topic: &str) -> Error {
        Error::Source(format!(
            "topic '{topic}' doesn't exist at {}; create it with: vecsink topic create {topic} --brokers {}",
            self.brokers, self.brokers
        ))
    }

    /// Extents of `partitions` of `topic`. `group_refused`: the brokers have refused to tell the group's offsets. Then the offsets aren't
    /// asked for, and each commit is `None`. It becomes true here when the brokers refuse.
    pub fn extents(
        &self,
        topic: &str,
        partitions: &[i32],
        kafka: &KafkaSource,
        group_refused: &mut bool,
    ) -> Result<Vec<Extent>> {
        let commits = self.commits(topic, partitions, group_refused)?;
        let times = match kafka.startup {
            Startup::Timestamp(at) => self.at_timestamp(topic, partitions, at)?,
            _ => vec![None; partitions.len()],
        };
        let bounds = match kafka.bounded {
            Bounded::Timestamp(at) => self.at_timestamp(topic, partitions, at)?,
            _ => vec![None; partitions.len()],
        };
        let bare = self.bounds(topic, partitions)?;
        let rest = commits.into_iter().zip(times).zip(bounds);
        let extent = |(extent, ((commit, at_timestamp), at_bound))| Extent { commit, at_timestamp, at_bound, ..extent };
        Ok(bare.into_iter().zip(rest).map(extent).collect())
    }

    /// First and end offsets only; with `read_committed` the end is the last stable offset. Each broker gets one request for all
    /// of its partitions, because each request may wait as long as the client's own fetch.
    pub fn bounds(&self, topic: &str, partitions: &[i32]) -> Result<Vec<Extent>> {
        if partitions.is_empty() {
            return Ok(Vec::new());
        }
        let at = |what: &str, offset: Offset| {
            self.ask(&format!("the {what} offsets of '{topic}'"), |timeout| {
                self.consumer.offsets_for_times(list(topic, partitions, offset)?, timeout)
            })
        };
        let (first, end) = (at("first", Offset::Beginning)?, at("end", Offset::End)?);
        let extent = |&partition: &i32| {
            let of = |list| offset_in(list, topic, partition).map(|(offset, _)| offset);
            let (low, high) = of(&first).zip(of(&end)).ok_or_else(|| {
                Error::Source(format!("Kafka at {} answered without the offsets of {topic}[{partition}]", self.brokers))
            })?;
            Ok(Extent { partition, low, high, commit: None, at_timestamp: None, at_bound: None })
        };
        partitions.iter().map(extent).collect()
    }

    /// First offset with a timestamp of at least `at`, `None` where there is no such record.
    pub fn at_timestamp(&self, topic: &str, partitions: &[i32], at: i64) -> Result<Vec<Option<i64>>> {
        let found = self.ask(&format!("the offsets of '{topic}' at timestamp {at}"), |timeout| {
            self.consumer.offsets_for_times(list(topic, partitions, Offset::Offset(at.max(0)))?, timeout)
        })?;
        Ok(partitions.iter().map(|&partition| offset_in(&found, topic, partition).map(|(offset, _)| offset)).collect())
    }

    pub fn commits(&self, topic: &str, partitions: &[i32], refused: &mut bool) -> Result<Vec<Option<CommittedOffset>>> {
        if *refused {
            return Ok(vec![None; partitions.len()]);
        }
        let mut answer = Err(KafkaError::NoMessageReceived);
        while !self.left().is_zero() {
            let list = list(topic, partitions, Offset::Invalid).map_err(|error| self.failed("the offsets", &error))?;
            answer = self.consumer.committed_offsets(list, SLICE.max(Duration::from_secs(5)).min(self.left()));
            self.serve();
            let code = match &answer {
                Ok(found) => found.elements().iter().find_map(|element| element.error().err()?.rdkafka_error_code()),
                Err(error) => error.rdkafka_error_code(),
            };
            match code {
                None => break,
                Some(code) if is_refusal(code) => {
                    *refused = true;
                    return Ok(vec![None; partitions.len()]);
                }
                // A broker that has just started answers NotCoordinator or LoadInProgress for a while.
                Some(_) => std::thread::sleep(Duration::from_millis(50)),
            }
        }
        let found = answer.map_err(|error| self.failed("the group's committed offsets", &error))?;
        let commit = |&partition: &i32| {
            offset_in(&found, topic, partition).map(|(offset, metadata)| CommittedOffset { offset, metadata })
        };
        Ok(partitions.iter().map(commit).collect())
    }

    /// Repeats a question until it is answered or time is up. A try can fail because a partition's leader has just changed.
    fn ask<T>(&self, what: &str, question: impl Fn(Duration) -> KafkaResult<T>) -> Result<T> {
        loop {
            match question(Duration::from_secs(5).min(self.left())) {
                Ok(answer) => return Ok(answer),
                Err(error) if self.left().is_zero() => return Err(self.failed(what, &error)),
                Err(_) => {
                    self.serve();
                    self.mention_wait();
                    std::thread::sleep(Duration::from_millis(50));
                }
            }
        }
    }

    fn failed(&self, what: &str, error: &KafkaError) -> Error {
        Error::Source(format!("Kafka at {} doesn't tell {what}: {error}; is the broker healthy?", self.brokers))
    }

    fn left(&self) -> Duration {
        if self.given_up.is_some_and(|given_up| given_up.load(Ordering::Relaxed)) {
            return Duration::ZERO;
        }
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Lets the client's callbacks run. A poll that has run a callback looks like a poll that has found nothing, and the client's log
    /// lines come before the error that they are about. So it polls many times.
    fn serve(&self) {
        for _ in 0..if self.unassigned { 1000 } else { 0 } {
            self.consumer.poll(Duration::ZERO);
        }
    }
}

/// Whether a topic is one of those that Kafka's brokers call internal. A job that reads the topic with the groups' offsets would
/// read its own commits without end.
fn is_internal(topic: &str) -> bool {
    matches!(topic, "__consumer_offsets" | "__transaction_state" | "__share_group_state" | "__cluster_metadata")
}

/// All `partitions` of `topic` with one offset.
fn list(topic: &str, partitions: &[i32], offset: Offset) -> KafkaResult<TopicPartitionList> {
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for &partition in partitions {
        list.add_partition_offset(topic, partition, offset)?;
    }
    Ok(list)
}

fn offset_in(list: &TopicPartitionList, topic: &str, partition: i32) -> Option<(i64, String)> {
    let element = list.find_partition(topic, partition)?;
    match element.offset() {
        Offset::Offset(offset) => Some((offset, element.metadata().to_owned())),
        _ => None,
    }
}

/// Offsets for `assign`.
pub fn positions<'a>(entries: impl IntoIterator<Item = (&'a Arc<str>, i32, i64)>) -> Result<TopicPartitionList> {
    let mut list = TopicPartitionList::new();
    for (topic, partition, offset) in entries {
        list.add_partition_offset(topic, partition, Offset::Offset(offset)).map_err(|error| {
            Error::Internal(format!("offset {offset} of {topic}[{partition}] can't be used: {error}"))
        })?;
    }
    Ok(list)
}
