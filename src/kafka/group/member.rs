//! This process's membership in its consumer group, for the code that writes rows. The brokers accept a commit only from a
//! valid member, so a commit that was stored proves the membership.

use std::sync::{Arc, Weak};
use std::time::Duration;

use rdkafka::consumer::Consumer;
use rdkafka::error::RDKafkaErrorCode as Code;

use crate::kafka::client::context::{KafkaConsumer, is_refusal};
use crate::kafka::client::source_client::SourceClient;
use crate::kafka::commit::stored_offsets::StoredOffsets;
use crate::membership::Membership;

/// How long the cluster may take to answer with its id.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

pub struct Member {
    /// Weak: the reader closes the client.
    consumer: Weak<KafkaConsumer>,
    offsets: Arc<StoredOffsets>,
    group: String,
}

impl Member {
    pub fn new(client: &SourceClient, offsets: &Arc<StoredOffsets>) -> Member {
        let consumer = client.consumer();
        let cluster = consumer.client().fetch_cluster_id(LONGEST_WAIT).unwrap_or_default();
        let group = format!("{cluster}/{}", client.resume().group);
        Member { consumer: Arc::downgrade(consumer), offsets: Arc::clone(offsets), group }
    }
}

impl Membership for Member {
    fn group(&self) -> &str {
        &self.group
    }

    fn confirm(&self, topic: &str, partition: i32) -> Result<(), String> {
        let Some(consumer) = self.consumer.upgrade() else { return Err("this process has left the group".to_owned()) };
        match self.offsets.commit_again(&consumer, topic, partition) {
            Some(Ok(())) => Ok(()),
            // The group stores no offsets at all, so no commit can prove the membership. It is taken as confirmed.
            Some(Err(code)) if keeps_no_offsets(code) => {
                log::debug!("{topic}[{partition}]: the group doesn't keep offsets ({code})");
                Ok(())
            }
            Some(Err(code)) => Err(code.to_string()),
            None => Err("the partition was given up".to_owned()),
        }
    }
}

/// Whether the refusal says nothing about the membership. (UnknownMemberId and IllegalGeneration say that this process is no valid
/// member now.)
fn keeps_no_offsets(code: Code) -> bool {
    is_refusal(code) && !matches!(code, Code::UnknownMemberId | Code::IllegalGeneration)
}
