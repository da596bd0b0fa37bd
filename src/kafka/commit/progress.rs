//! How a reader stores its progress in the group: commits while it reads, the last commit, and what is logged when they fail.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::Consumer;
use rdkafka::error::RDKafkaErrorCode as Code;

use super::committer::Committer;
use crate::error::Result;
use crate::kafka::Watermark;
use crate::kafka::client::broker::positions;
use crate::kafka::read::reader::KafkaReader;
use crate::kafka::start;

/// How long the last commit may take.
const LAST_COMMIT: Duration = Duration::from_secs(10);
/// A failure that ends by itself is logged only after this time.
const SILENCE: Duration = Duration::from_secs(10);
/// Between two warnings of commits that still fail.
const WARN_AGAIN: Duration = Duration::from_secs(60);

/// How old a job's stored progress is. Shared with the code that shows it.
#[derive(Debug, Clone, Default)]
pub struct StoredProgress(Arc<Mutex<Times>>);

#[derive(Debug, Default)]
struct Times {
    /// The latest time for which this is true: the group has stored everything that was durable at that time.
    complete: Option<Instant>,
    /// The job has ended and stores nothing more.
    ended: Option<Instant>,
}

impl StoredProgress {
    /// How long ago the stored progress was complete. Rows that became durable later would be read again by the next start.
    /// Near zero while commits succeed.
    pub fn age(&self) -> Duration {
        let times = self.0.lock();
        let now = times.ended.unwrap_or_else(Instant::now);
        times.complete.map_or(Duration::ZERO, |complete| now.saturating_duration_since(complete))
    }

    pub(in crate::kafka) fn complete_at(&self, at: Instant) {
        self.0.lock().complete = Some(at);
    }

    pub(in crate::kafka) fn end(&self) {
        self.0.lock().ended = Some(Instant::now());
    }
}

/// Since when commits have failed, and when that was last logged.
#[derive(Default)]
pub(in crate::kafka) struct Trouble {
    since: Option<Instant>,
    told: Option<(Code, Instant)>,
}

impl Trouble {
    /// Notes a failure; returns whether it is time to log it.
    fn is_worth_a_word(&mut self, code: Code, now: Instant) -> bool {
        let lasts = now.duration_since(*self.since.get_or_insert(now));
        let is_due = match self.told {
            Some((told, at)) => told != code && !passes(code) || now.duration_since(at) >= WARN_AGAIN,
            None => !passes(code) || lasts >= SILENCE,
        };
        if is_due {
            self.told = Some((code, now));
        }
        is_due
    }

    /// Whether the last failure stays until somebody changes the brokers or the job.
    fn stays(&self) -> bool {
        self.told.is_some_and(|(code, _)| !passes(code) && !is_of_membership(code))
    }

    /// Commits are stored again; returns whether the failure had been logged.
    fn end(&mut self) -> bool {
        let was_told = self.told.is_some();
        *self = Trouble::default();
        was_told
    }
}

/// Whether the failure ends when a consumer leaves the group, or a rebalance is over.
fn is_of_membership(code: Code) -> bool {
    matches!(code, Code::UnknownMemberId | Code::IllegalGeneration | Code::RebalanceInProgress)
}

/// Whether the failure ends without anybody's help.
fn passes(code: Code) -> bool {
    advice(code, true).is_none() && advice(code, false).is_none() || code == Code::RebalanceInProgress
}

/// What to do when commits fail with this code; `None`: nothing, commits succeed again when the brokers work again.
fn advice(code: Code, is_member: bool) -> Option<&'static str> {
    Some(match code {
        code if is_of_membership(code) && is_member => return None,
        code if is_of_membership(code) => {
            "another consumer has joined the group, and a group with members stores offsets for them only: \
             stop that consumer, or give this job a 'properties.group.id' of its own"
        }
        Code::FencedInstanceId => {
            "another process has the same 'properties.group.instance.id': give each process its own"
        }
        Code::GroupAuthorizationFailed => "this login may not use the group: grant it READ on the group",
        Code::TopicAuthorizationFailed => "this login may not read the topic: grant it READ on the topic",
        Code::ClusterAuthorizationFailed => {
            "this login lacks a permission on the cluster: ask the brokers' administrator"
        }
        Code::InvalidGroupId => "the brokers refuse the group's name: set another 'properties.group.id'",
        Code::OffsetMetadataTooLarge => {
            "the job's name is stored with each offset and is too long for that: shorten 'pipeline.name', or raise the \
             brokers' offset.metadata.max.bytes"
        }
        Code::InvalidCommitOffsetSize => "the commit is too large for the brokers: raise their message.max.bytes",
        Code::UnknownTopicOrPartition | Code::UnknownTopic | Code::UnknownPartition => {
            "a topic, or a partition of it, is gone: was it deleted?"
        }
        Code::PolicyViolation => "a policy of the brokers forbids it: ask their administrator",
        Code::UnsupportedVersion | Code::UnsupportedFeature => "these brokers can't store a group's offsets",
        _ => return None,
    })
}

impl KafkaReader {
    /// Sends the watermarks that the group doesn't have yet, unless an answer is still awaited.
    pub(in crate::kafka) fn send_commit(&mut self, watermarks: &[Watermark]) {
        if self.committer.as_ref().is_none_or(Committer::under_way) {
            self.warn_of_silence();
            return;
        }
        let due = self.commits.due(watermarks, Instant::now());
        self.note_complete();
        if due.is_empty() {
            return;
        }
        match (self.offsets(&due), &mut self.committer) {
            (Ok(offsets), Some(committer)) => committer.send(offsets),
            (Err(error), _) => log::warn!("{error}"),
            (_, None) => {}
        }
    }

    /// Watermarks as they are committed, with this job's name as metadata.
    pub(in crate::kafka) fn offsets(&self, watermarks: &[Watermark]) -> Result<TopicPartitionList> {
        let list = positions(watermarks.iter().map(|(topic, partition, next)| (topic, *partition, *next)))?;
        let keeps_stop = start::keeps_stop(&self.source.bounded);
        for (topic, partition, _) in watermarks {
            let at_start = || self.starts.iter().find(|start| start.topic == *topic && start.partition == *partition);
            let stop = if keeps_stop { at_start().and_then(|start| start.stop) } else { None };
            if let Some(mut element) = list.find_partition(topic, *partition) {
                element.set_metadata(start::metadata(&self.resume.job, stop));
            }
        }
        Ok(list)
    }

    /// Whether the commit under way was stored, if that is known within `wait`.
    pub(in crate::kafka) fn hear_commit(&mut self, wait: Duration) -> Option<bool> {
        let answer = self.committer.as_mut()?.answer(wait)?;
        let now = Instant::now();
        match answer {
            Ok(()) => {
                self.commits.stored();
                self.note_complete();
                if self.trouble.end() {
                    log::info!("Kafka stores the progress of group '{}' again", self.resume.group);
                }
            }
            Err(code) => {
                self.commits.failed(now);
                log::debug!("commit not stored: {code}");
                if self.trouble.is_worth_a_word(code, now) {
                    self.warn_of_trouble(code);
                }
            }
        }
        Some(answer.is_ok())
    }

    fn note_complete(&self) {
        if let Some(complete) = self.commits.complete_at() {
            self.stored_progress.complete_at(complete);
        }
    }

    /// The client waits for the group's coordinator without a deadline.
    fn warn_of_silence(&mut self) {
        let (code, now) = (Code::WaitingForCoordinator, Instant::now());
        if self.committer.is_some()
            && self.commits.sent_at().is_some_and(|sent| now.duration_since(sent) >= SILENCE)
            && self.trouble.is_worth_a_word(code, now)
        {
            self.warn_of_trouble(code);
        }
    }

    fn warn_of_trouble(&self, code: Code) {
        let advice = advice(code, self.consumer.context().is_member());
        log::warn!(
            "Kafka doesn't store the progress of group '{}' ({code}): {}; the stored progress is {} s old; the job goes on and \
             tries again",
            self.resume.group,
            advice.unwrap_or("this ends when the brokers work again"),
            self.stored_progress.age().as_secs()
        );
    }

    /// The group's offsets can't even be read.
    pub(in crate::kafka) fn warn_of_no_progress(&self) {
        log::warn!(
            "this login may not read the offsets of group '{}': the job starts by 'scan.startup.mode', whatever is stored; \
             grant it READ on the group to go on where the job ended",
            self.resume.group
        );
    }

    /// The last commit, after everything read has become durable: whether it was stored.
    pub(in crate::kafka) fn commit_last(&mut self, watermarks: &[Watermark]) -> bool {
        let deadline = Instant::now() + LAST_COMMIT;
        while Instant::now() < deadline {
            // First the answer to a commit that is still under way, then this one.
            self.commits.hurry(Instant::now());
            self.send_commit(watermarks);
            if !self.committer.as_ref().is_some_and(Committer::under_way) {
                return true;
            }
            if self.hear_commit(Duration::from_millis(100)) == Some(false) {
                if self.trouble.stays() {
                    return false;
                }
                std::thread::sleep(Duration::from_millis(100));
            }
            // Runs the client's callbacks; a record that this returns is dropped.
            self.consumer.poll(Duration::ZERO);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_that_needs_help_is_logged_at_once_and_then_once_a_minute() {
        let (mut trouble, start) = (Trouble::default(), Instant::now());
        let mut says = |code, second| trouble.is_worth_a_word(code, start + Duration::from_secs(second));
        let told = |second| second % 60 == 0;
        for second in 0..200 {
            assert_eq!(says(Code::GroupAuthorizationFailed, second), told(second), "{second}");
        }
        assert!(says(Code::InvalidGroupId, 201), "that is another matter");
    }

    #[test]
    fn the_end_of_a_job_waits_only_for_what_may_pass() {
        let stays = |code| {
            let mut trouble = Trouble::default();
            trouble.is_worth_a_word(code, Instant::now());
            trouble.stays()
        };
        assert!(stays(Code::GroupAuthorizationFailed) && stays(Code::InvalidGroupId));
        assert!(!stays(Code::UnknownMemberId) && !stays(Code::NotCoordinator));
    }

    #[test]
    fn a_failure_that_ends_by_itself_is_logged_when_it_has_lasted() {
        let (mut trouble, start) = (Trouble::default(), Instant::now());
        let mut says = |second| trouble.is_worth_a_word(Code::NotCoordinator, start + Duration::from_secs(second));
        assert_eq!([0, 5, 9, 10, 11, 69, 70].map(&mut says), [false, false, false, true, false, false, true]);
        assert!(trouble.end());
        assert!(!trouble.end());
    }

    #[test]
    fn each_refusal_has_its_advice() {
        let advised = |code, word| assert!(advice(code, false).is_some_and(|advice| advice.contains(word)), "{code}");
        advised(Code::UnknownMemberId, "has joined");
        advised(Code::GroupAuthorizationFailed, "READ on the group");
        advised(Code::TopicAuthorizationFailed, "READ on the topic");
        advised(Code::InvalidGroupId, "another 'properties.group.id'");
        advised(Code::OffsetMetadataTooLarge, "pipeline.name");
        assert_eq!(advice(Code::IllegalGeneration, true), None, "a member learns of its new partitions soon");
        assert_eq!(advice(Code::CoordinatorNotAvailable, false), None);
    }
}
