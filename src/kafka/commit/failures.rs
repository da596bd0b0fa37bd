//! Commits that fail: when that is logged, and what the user can do. Pure.

use std::time::{Duration, Instant};

use rdkafka::error::RDKafkaErrorCode as Code;

/// A failure that may end by itself is logged only after this time.
pub const SILENCE: Duration = Duration::from_secs(10);
/// The time between two warnings of commits that still fail.
const WARN_AGAIN: Duration = Duration::from_secs(60);

/// Since when commits have failed, and when that was last logged.
#[derive(Default)]
pub struct CommitFailures {
    since: Option<Instant>,
    logged: Option<(Code, Instant)>,
}

impl CommitFailures {
    /// Notes a failure; returns whether it is time to log it.
    pub fn note(&mut self, code: Code, now: Instant) -> bool {
        let lasts = now.duration_since(*self.since.get_or_insert(now));
        let is_due = match self.logged {
            Some((logged, at)) => logged != code && !passes(code) || now.duration_since(at) >= WARN_AGAIN,
            None => !passes(code) || lasts >= SILENCE,
        };
        if is_due {
            self.logged = Some((code, now));
        }
        is_due
    }

    /// Whether the failure that was logged last stays until somebody changes the brokers or the job.
    pub fn stays(&self) -> bool {
        self.logged.is_some_and(|(code, _)| !passes(code) && !is_of_membership(code))
    }

    /// Notes that commits are stored again. Returns whether the failure had been logged.
    pub fn end(&mut self) -> bool {
        let was_logged = self.logged.is_some();
        *self = CommitFailures::default();
        was_logged
    }
}

/// Whether the failure ends when a consumer leaves the group, or a rebalance is over.
fn is_of_membership(code: Code) -> bool {
    matches!(code, Code::UnknownMemberId | Code::IllegalGeneration | Code::RebalanceInProgress)
}

/// Whether the failure ends by itself.
fn passes(code: Code) -> bool {
    advice(code, true).is_none() && advice(code, false).is_none() || code == Code::RebalanceInProgress
}

/// What to do when commits fail with this code; `None`: nothing, commits succeed again when the brokers work again.
pub fn advice(code: Code, is_member: bool) -> Option<&'static str> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_that_needs_help_is_logged_at_once_and_then_once_a_minute() {
        let (mut failures, start) = (CommitFailures::default(), Instant::now());
        let mut says = |code, second| failures.note(code, start + Duration::from_secs(second));
        let is_logged = |second| second % 60 == 0;
        for second in 0..200 {
            assert_eq!(says(Code::GroupAuthorizationFailed, second), is_logged(second), "{second}");
        }
        assert!(says(Code::InvalidGroupId, 201), "that is another matter");
    }

    #[test]
    fn the_end_of_a_job_waits_only_for_what_may_pass() {
        let stays = |code| {
            let mut failures = CommitFailures::default();
            failures.note(code, Instant::now());
            failures.stays()
        };
        assert!(stays(Code::GroupAuthorizationFailed) && stays(Code::InvalidGroupId));
        assert!(!stays(Code::UnknownMemberId) && !stays(Code::NotCoordinator));
    }

    #[test]
    fn a_failure_that_ends_by_itself_is_logged_when_it_has_lasted() {
        let (mut failures, start) = (CommitFailures::default(), Instant::now());
        let mut says = |second| failures.note(Code::NotCoordinator, start + Duration::from_secs(second));
        assert_eq!([0, 5, 9, 10, 11, 69, 70].map(&mut says), [false, false, false, true, false, false, true]);
        assert!(failures.end());
        assert!(!failures.end());
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
