//! Progress against a group that answers as it is told.

use parking_lot::Mutex;

use super::*;
use crate::kafka::start::position::StartReason;

fn resume() -> Resume {
    Resume { job: "cars".into(), group: "g".into(), fresh: false, share_of_memory: 1 << 20, longest_wait: None }
}

fn start(partition: i32, start: i64, stop: Option<i64>) -> StartPosition {
    let (topic, origin) = (Arc::from("t"), StartReason::StartupMode);
    StartPosition { topic, partition, start, origin, stop, first: 0, end: 100, missed: 0 }
}

fn mark(partition: i32, next: i64) -> Watermark {
    (Arc::from("t"), partition, next)
}

/// Progress whose group answers with `answers`, one after another, and then stores everything. Commits are noted.
fn progress(bounded: Bounded, answers: Vec<CommitAnswer>) -> (GroupProgress, Arc<Mutex<Vec<String>>>) {
    let mut progress = GroupProgress::new(&resume(), &bounded, &[start(0, 5, Some(50)), start(1, 7, None)]);
    let commits = Arc::new(Mutex::new(Vec::new()));
    let (noted, mut answers) = (Arc::clone(&commits), answers.into_iter());
    let commit = move |_: &StoredOffsets, list: &TopicPartitionList| {
        let shown = |e: &rdkafka::topic_partition_list::TopicPartitionListElem<'_>| {
            format!("{}[{}] {:?} {:?}", e.topic(), e.partition(), e.offset().to_raw().unwrap_or(-1), e.metadata())
        };
        noted.lock().push(list.elements().iter().map(shown).collect::<Vec<_>>().join(", "));
        answers.next().unwrap_or(Ok(()))
    };
    progress.start(commit).unwrap();
    (progress, commits)
}

#[test]
fn each_commit_carries_the_job_and_the_bound_that_commits_would_move() {
    let (mut progress, commits) = progress(Bounded::GroupOffsets, Vec::new());
    assert!(progress.commit_last(&[mark(0, 6), mark(1, 8)], || {}));
    assert_eq!(*commits.lock(), [r#"t[0] 6 "vecsink cars\tto 50", t[1] 8 "vecsink cars""#]);
}

#[test]
fn a_commit_waits_for_the_answer_to_the_one_before() {
    let (mut progress, commits) = progress(Bounded::Unbounded, Vec::new());
    progress.send(&[mark(0, 6)]);
    progress.send(&[mark(0, 7)]);
    assert_eq!(progress.hear(Duration::from_secs(10)), Some(true));
    assert_eq!(commits.lock().len(), 1);
    progress.send(&[mark(0, 7)]);
    assert_eq!(progress.hear(Duration::from_secs(10)), Some(true));
    assert_eq!(*commits.lock(), [r#"t[0] 6 "vecsink cars""#, r#"t[0] 7 "vecsink cars""#]);
}

#[test]
fn the_last_commit_is_repeated_when_it_fails_in_passing() {
    let (mut progress, commits) = progress(Bounded::Unbounded, vec![Err(Code::NotCoordinator); 2]);
    let mut served = 0;
    assert!(progress.commit_last(&[mark(0, 9)], || served += 1));
    assert_eq!(commits.lock().len(), 3);
    assert!(served >= 2, "callbacks run meanwhile");
}

#[test]
fn the_last_commit_is_given_up_when_the_failure_stays() {
    let (mut progress, commits) = progress(Bounded::Unbounded, vec![Err(Code::GroupAuthorizationFailed); 100]);
    assert!(!progress.commit_last(&[mark(0, 9)], || {}));
    assert_eq!(commits.lock().len(), 1);
}

#[test]
fn the_commit_of_released_partitions_is_repeated_until_it_is_stored_or_time_is_up() {
    let (mut passing, commits) = progress(Bounded::Unbounded, vec![Err(Code::RebalanceInProgress); 2]);
    passing.commit_released(&[mark(0, 9)], Duration::from_secs(10));
    assert_eq!(commits.lock().len(), 3);
    let (mut silent, commits) = progress(Bounded::Unbounded, vec![Err(Code::NotCoordinator); 10_000]);
    let begun = Instant::now();
    silent.commit_released(&[mark(0, 9)], Duration::from_millis(200));
    assert!(begun.elapsed() < Duration::from_secs(3) && commits.lock().len() > 1);
}

#[test]
fn a_partition_that_was_given_up_is_committed_again_when_it_comes_back() {
    let (mut progress, commits) = progress(Bounded::Unbounded, Vec::new());
    assert!(progress.commit_last(&[mark(0, 9)], || {}));
    assert!(progress.commit_last(&[mark(0, 9)], || {}), "the group has it");
    assert_eq!(commits.lock().len(), 1);
    progress.forget(&[(Arc::from("t"), 0)]);
    assert!(progress.commit_last(&[mark(0, 9)], || {}));
    assert_eq!(commits.lock().len(), 2);
}

#[test]
fn start_positions_are_left_to_the_members_a_group_has_unless_the_start_is_fresh() {
    let (progress, _) = progress(Bounded::Unbounded, Vec::new());
    let commit = |_: &StoredOffsets, _: &TopicPartitionList| Err(Code::UnknownMemberId);
    assert!(progress.commit_starts(&[start(0, 5, None)], false, commit).is_ok());
    let refused = progress.commit_starts(&[start(0, 5, None)], true, commit);
    assert!(refused.is_err_and(|error| error.to_string().contains("has members")));
}
