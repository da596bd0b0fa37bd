//! What librdkafka tells besides messages: log lines, errors and statistics.

use std::sync::atomic::{AtomicBool, Ordering};

use log::Level;
use parking_lot::Mutex;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::{ClientContext, Statistics};

pub(super) type KafkaConsumer = BaseConsumer<Ears>;

/// A partition in the last statistics.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) topic: String,
    pub(super) partition: i32,
    /// The partition's end.
    pub(super) end: i64,
    /// The end up to which everything has been put into the client's queue.
    pub(super) fetched_to: i64,
}

/// The client's context. Its callbacks run on the reader's own thread, inside `poll`.
#[derive(Default)]
pub(super) struct Ears {
    brokers: String,
    away: AtomicBool,
    login: Mutex<Option<String>>,
    broken: Mutex<Option<String>>,
    seen: Mutex<Vec<Seen>>,
}

impl Ears {
    pub(super) fn new(brokers: &str) -> Self {
        Ears { brokers: brokers.to_owned(), ..Ears::default() }
    }

    /// Why the brokers refuse this client's login or certificate, if they did.
    pub(super) fn login_refused(&self) -> Option<String> {
        self.login.lock().clone()
    }

    /// How a connection that had been made ended, if one did: maybe the two sides don't speak the same protocol.
    pub(super) fn connection_broke(&self) -> Option<String> {
        self.broken.lock().clone()
    }

    /// The last statistics, once.
    pub(super) fn take_statistics(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.seen.lock())
    }
}

impl ClientContext for Ears {
    /// librdkafka reports every failed connection attempt; the reader itself says what matters, once.
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
                // What begins with "Connect to" never got as far as a connection.
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

impl ConsumerContext for Ears {}

/// Asking again won't help: the broker doesn't let this client keep offsets under this group.
pub(super) fn is_refusal(code: Code) -> bool {
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
