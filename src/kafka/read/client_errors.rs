//! The meaning of an error that the client gives in place of a message. Pure: the clock comes in as an argument.

use std::time::{Duration, Instant};

use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};

use crate::error::{Error, Result};

/// The same warning is logged at most once in this time.
const WARN_AGAIN: Duration = Duration::from_secs(60);

/// What the reader has to do.
#[derive(Debug, PartialEq)]
pub enum ClientEvent {
    /// The client tries again by itself.
    Nothing,
    /// The end of the partition with this number. The client doesn't name the topic.
    EndOfPartition(i32),
    /// The next record of some partition isn't there.
    OutOfRange,
}

/// The errors of one client.
#[derive(Default)]
pub struct ClientErrors {
    last_warning: Option<(Code, Instant)>,
}

impl ClientErrors {
    /// An error means that reading can't go on.
    pub fn judge(&mut self, error: &KafkaError, brokers: &str, now: Instant) -> Result<ClientEvent> {
        let code = match error {
            KafkaError::PartitionEOF(id) => return Ok(ClientEvent::EndOfPartition(*id)),
            KafkaError::MessageConsumptionFatal(code) => return Err(fatal(*code)),
            other => other.rdkafka_error_code().unwrap_or(Code::Unknown),
        };
        match code {
            Code::AutoOffsetReset => Ok(ClientEvent::OutOfRange),
            Code::TopicAuthorizationFailed => Err(Error::Source(format!(
                "Kafka at {brokers} doesn't let this login read the topics any more ({code})"
            ))),
            Code::Fatal => Err(fatal(code)),
            // Logged once per outage by the client's context.
            Code::BrokerTransportFailure | Code::AllBrokersDown | Code::Resolve | Code::OperationTimedOut => {
                Ok(ClientEvent::Nothing)
            }
            code => {
                if self.is_worth_logging(code, now) {
                    log::warn!("Kafka: {code}; the client tries again");
                }
                Ok(ClientEvent::Nothing)
            }
        }
    }

    fn is_worth_logging(&mut self, code: Code, now: Instant) -> bool {
        let was_logged = |(last, at): (Code, Instant)| last == code && now.duration_since(at) < WARN_AGAIN;
        let is_new = !self.last_warning.is_some_and(was_logged);
        if is_new {
            self.last_warning = Some((code, now));
        }
        is_new
    }
}

fn fatal(code: Code) -> Error {
    Error::Source(format!("the Kafka client can't go on: {code}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(error: KafkaError) -> Result<ClientEvent> {
        ClientErrors::default().judge(&error, "b:9092", Instant::now())
    }

    #[test]
    fn an_end_a_gap_and_an_outage_are_told_apart() {
        assert_eq!(judge(KafkaError::PartitionEOF(7)), Ok(ClientEvent::EndOfPartition(7)));
        let consumption = |code| judge(KafkaError::MessageConsumption(code));
        assert_eq!(consumption(Code::AutoOffsetReset), Ok(ClientEvent::OutOfRange));
        assert_eq!(consumption(Code::AllBrokersDown), Ok(ClientEvent::Nothing));
        assert_eq!(consumption(Code::NotCoordinator), Ok(ClientEvent::Nothing));
    }

    #[test]
    fn reading_ends_when_the_client_or_its_login_is_refused() {
        let refused = judge(KafkaError::MessageConsumption(Code::TopicAuthorizationFailed));
        assert!(refused.is_err_and(|error| error.to_string().contains("b:9092")));
        assert!(judge(KafkaError::MessageConsumption(Code::Fatal)).is_err());
        assert!(judge(KafkaError::MessageConsumptionFatal(Code::FencedInstanceId)).is_err());
    }

    #[test]
    fn the_same_error_is_logged_once_a_minute() {
        let (mut errors, start) = (ClientErrors::default(), Instant::now());
        let mut is_logged = |code, second| errors.is_worth_logging(code, start + Duration::from_secs(second));
        assert!(is_logged(Code::NotCoordinator, 0) && !is_logged(Code::NotCoordinator, 59));
        assert!(is_logged(Code::Unknown, 59) && !is_logged(Code::Unknown, 60));
        assert!(is_logged(Code::Unknown, 119));
    }
}
