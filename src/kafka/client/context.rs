//! What the client gets from librdkafka in addition to messages: log lines, errors, statistics and rebalances.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};

use log::Level;
use parking_lot::Mutex;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode as Code};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, Statistics, TopicPartitionList};

pub type KafkaConsumer = BaseConsumer<KafkaContext>;

/// A partition in the last statistics.
#[derive(Debug, Clone)]
pub struct Seen {
    pub topic: String,
    pub partition: i32,
    /// The partition's end.
    pub end: i64,
    /// The end up to which everything has been put into the client's queue.
    pub fetched_to: i64,
}

/// A decision of the group about this member's partitions. The answer is to assign them or to give them up.
#[derive(Debug)]
pub enum Rebalance {
    Assigned(TopicPartitionList),
    Revoked(TopicPartitionList),
}

/// The client's context. Its callbacks run on the reader's own thread, inside `poll`.
#[derive(Default)]
pub struct KafkaContext {
    brokers: String,
    away: AtomicBool,
    login: Mutex<Option<String>>,
    broken: Mutex<Option<String>>,
    seen: Mutex<Vec<Seen>>,
    leaving: AtomicBool,
    rebalances: Mutex<VecDeque<Rebalance>>,
}

impl KafkaContext {
    pub fn new(brokers: &str) -> Self {
        KafkaContext { brokers: brokers.to_owned(), ..KafkaContext::default() }
    }

    /// Why the brokers refuse this client's login or certificate, if they did.
    pub fn login_refused(&self) -> Option<String> {
        self.login.lock().clone()
    }

    /// How an established connection ended, if one has: maybe the two sides don't use the same protocol.
    pub fn connection_broke(&self) -> Option<String> {
        self.broken.lock().clone()
    }

    /// To be called when nothing is read any more. From now on the callback itself answers the group's decisions. Returns the earlier
    /// decisions, which still need an answer.
    pub fn leave(&self) -> VecDeque<Rebalance> {
        self.leaving.store(true, Ordering::Relaxed);
        std::mem::take(&mut *self.rebalances.lock())
    }

    /// The oldest decision of the group that was not answered.
    pub fn take_rebalance(&self) -> Option<Rebalance> {
        self.rebalances.lock().pop_front()
    }

    /// Whether a decision of the group has no answer yet.
    pub fn has_rebalance(&self) -> bool {
        !self.rebalances.lock().is_empty()
    }

    /// The last statistics, if they have not been returned yet.
    pub fn take_statistics(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.seen.lock())
    }
}

impl ClientContext for KafkaContext {
    /// librdkafka reports every failed attempt to connect. The reader itself logs, once, what matters for the user.
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        let level = match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => Level::Error,
            RDKafkaLogLevel::Error | RDKafkaLogLevel::Warning | RDKafkaLogLevel::Notice => Level::Debug,
            RDKafkaLogLevel::Info | RDKafkaLogLevel::Debug => Level::Trace,
        };
        log::log!(target: "vecsink::kafka", level, "{facility}: {message}");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        match error.rdkafka_error_code() {
            Some(Code::AllBrokersDown) => {
                if !self.away.swap(true, Ordering::Relaxed) {
                    log::warn!("no Kafka broker of {} can be reached; reading goes on when one is back", self.brokers);
                }
            }
            Some(Code::Authentication | Code::SaslAuthenticationFailed | Code::SSL) => {
                let mut login = self.login.lock();
                if login.is_none() {
                    log::warn!("Kafka refuses the connection: {reason}");
                    *login = Some(reason.to_owned());
                }
            }
            code => {
                // If the text begins with "Connect to", there was no connection yet.
                if code == Some(Code::BrokerTransportFailure) && !reason.contains("Connect to ") {
                    *self.broken.lock() = Some(reason.to_owned());
                }
                log::debug!(target: "vecsink::kafka", "{error}: {reason}");
            }
        }
    }

    fn stats(&self, statistics: Statistics) {
        if statistics.brokers.values().any(|broker| broker.nodeid >= 0 && broker.state == "UP") {
            *self.login.lock() = None;
            if self.away.swap(false, Ordering::Relaxed) {
                log::info!("Kafka is back");
            }
        }
        let mut seen = Vec::new();
        for (name, topic) in statistics.topics {
            for partition in topic.partitions.into_values().filter(|partition| partition.partition >= 0) {
                seen.push(Seen {
                    topic: name.clone(),
                    partition: partition.partition,
                    end: partition.hi_offset,
                    fetched_to: partition.eof_offset,
                });
            }
        }
        *self.seen.lock() = seen;
    }
}

impl ConsumerContext for KafkaContext {
    /// Only notes the decision. The client waits for an answer, which only the reader can give, and the callback has no access
    /// to the reader.
    fn rebalance(&self, consumer: &BaseConsumer<Self>, error: RDKafkaRespErr, partitions: &mut TopicPartitionList) {
        let rebalance = match error {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => Rebalance::Assigned(partitions.clone()),
            _ => Rebalance::Revoked(partitions.clone()),
        };
        match self.leaving.load(Ordering::Relaxed) {
            true => decline(consumer, &rebalance),
            false => self.rebalances.lock().push_back(rebalance),
        }
    }
}

/// Answers the group without reading anything.
pub fn decline(consumer: &KafkaConsumer, rebalance: &Rebalance) {
    let answered = match rebalance {
        Rebalance::Assigned(_) => consumer.incremental_assign(&TopicPartitionList::new()),
        Rebalance::Revoked(partitions) => give_up(consumer, partitions),
    };
    if let Err(error) = answered {
        log::debug!("the answer to the group was not taken: {error}");
    }
}

/// Gives up those of the partitions that are assigned. (The client accepts no answer that names a partition that isn't assigned.)
pub fn give_up(consumer: &KafkaConsumer, partitions: &TopicPartitionList) -> KafkaResult<()> {
    let mut list = TopicPartitionList::new();
    let assigned = consumer.assignment()?;
    for element in partitions.elements() {
        if assigned.find_partition(element.topic(), element.partition()).is_some() {
            list.add_partition(element.topic(), element.partition());
        }
    }
    consumer.incremental_unassign(&list)
}

/// Whether the code means that the broker doesn't let this client keep offsets under this group, so that asking again is of no use.
pub fn is_refusal(code: Code) -> bool {
    matches!(
        code,
        Code::GroupAuthorizationFailed
            | Code::TopicAuthorizationFailed
            | Code::ClusterAuthorizationFailed
            | Code::InvalidGroupId
            | Code::UnknownMemberId
            | Code::IllegalGeneration
            | Code::OffsetMetadataTooLarge
            | Code::InvalidCommitOffsetSize
            | Code::PolicyViolation
            | Code::UnsupportedVersion
            | Code::UnsupportedFeature
    )
}
