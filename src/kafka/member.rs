//! What this process is to its consumer group, for those who write the rows: the brokers take a commit only from a member
//! whose membership is valid, so one that is stored proves it.

use std::sync::{Arc, Weak};
use std::time::Duration;

use rdkafka::error::RDKafkaErrorCode as Code;

use super::client::{KafkaConsumer, is_refusal};
use super::committer::commit_again;
use crate::membership::Membership;

/// How long the cluster may take to tell its name.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) struct Member {
    /// Not owned: closing the client is the reader's.
    consumer: Weak<KafkaConsumer>,
    group: String,
}

impl Member {
    pub(super) fn new(consumer: &Arc<KafkaConsumer>, group: &str) -> Member {
        use rdkafka::consumer::Consumer;
        let cluster = consumer.client().fetch_cluster_id(PATIENCE).unwrap_or_default();
        Member { consumer: Arc::downgrade(consumer), group: format!("{cluster}/{group}") }
    }
}

impl Membership for Member {
    fn group(&self) -> &str {
        &self.group
    }

    fn confirm(&self, topic: &str, partition: i32) -> Result<(), String> {
        let Some(consumer) = self.consumer.upgrade() else { return Err("the group was left".to_owned()) };
        match commit_again(&consumer, topic, partition) {
            Some(Ok(())) => Ok(()),
            // It keeps offsets of nobody, and can't tell.
            Some(Err(code)) if keeps_no_offsets(code) => {
                log::debug!("{topic}[{partition}]: the group doesn't keep offsets ({code})");
                Ok(())
            }
            Some(Err(code)) => Err(code.to_string()),
            None => Err("it was given up".to_owned()),
        }
    }
}

/// A member whose generation has passed learns of its new partitions soon, and isn't meant.
fn keeps_no_offsets(code: Code) -> bool {
    is_refusal(code) && !matches!(code, Code::UnknownMemberId | Code::IllegalGeneration)
}
