//! A source's progress in its consumer group: commits while rows become durable, the last commit, and what is logged when
//! commits fail.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::TopicPartitionList;
use rdkafka::error::RDKafkaErrorCode as Code;

use super::committer::Committer;
use super::failures::{CommitFailures, SILENCE, advice};
use super::schedule::CommitSchedule;
use super::stored_offsets::{CommitAnswer, StoredOffsets};
use super::stored_progress::StoredProgress;
use crate::error::{Error, Result};
use crate::kafka::client::broker::positions;
use crate::kafka::intake::Watermark;
use crate::kafka::resume::Resume;
use crate::kafka::start::mark;
use crate::kafka::start::position::StartPosition;
use crate::kafka::start::rules::keeps_stop;
use crate::settings::kafka::Bounded;

/// How long the last commit may take.
const LAST_COMMIT: Duration = Duration::from_secs(10);
/// How long the commit of revoked partitions may take.
const RELEASE_COMMIT: Duration = Duration::from_secs(5);
/// How long the first commit of all start positions may take.
const FIRST_COMMIT: Duration = Duration::from_secs(10);

pub struct GroupProgress {
    job: String,
    group: String,
    /// This process has joined the group.
    is_member: bool,
    /// Where reading of each partition ends, if that bound is an offset of the group, which our own commits move. So each commit
    /// carries the bound in its metadata.
    kept_stops: Vec<Watermark>,
    offsets: Arc<StoredOffsets>,
    schedule: CommitSchedule,
    /// `None`: nothing is committed.
    committer: Option<Committer>,
    failures: CommitFailures,
    stored: StoredProgress,
}

impl GroupProgress {
    /// The progress of a source whose partitions are read from `starts` to the end that `bounded` says.
    pub fn new(resume: &Resume, bounded: &Bounded, starts: &[StartPosition]) -> GroupProgress {
        let stop_of = |start: &StartPosition| Some((Arc::clone(&start.topic), start.partition, start.stop?));
        let kept = keeps_stop(bounded);
        GroupProgress {
            job: resume.job.clone(),
            group: resume.group.clone(),
            is_member: false,
            kept_stops: starts.iter().filter(|_| kept).filter_map(stop_of).collect(),
            offsets: Arc::default(),
            schedule: CommitSchedule::default(),
            committer: None,
            failures: CommitFailures::default(),
            stored: StoredProgress::default(),
        }
    }

    /// From now on progress is stored. `commit` is called on a thread of its own.
    pub fn start(
        &mut self,
        mut commit: impl FnMut(&StoredOffsets, &TopicPartitionList) -> CommitAnswer + Send + 'static,
    ) -> Result<()> {
        // Nothing new is durable yet, so the group has all of the progress.
        self.stored.complete_at(Instant::now());
        let offsets = Arc::clone(&self.offsets);
        self.committer = Some(Committer::start(move |list| commit(&offsets, list))?);
        Ok(())
    }

    /// To be called when this process has joined the group.
    pub fn joined(&mut self) {
        self.is_member = true;
    }

    /// How old the progress is that the group has; any thread may read it.
    pub fn stored_progress(&self) -> StoredProgress {
        self.stored.clone()
    }

    /// The offsets that the group has.
    pub fn stored_offsets(&self) -> &Arc<StoredOffsets> {
        &self.offsets
    }

    /// To be called when these partitions begin to be read, from the offsets that the group has.
    pub fn begin_at(&self, starts: &[StartPosition]) -> Result<()> {
        self.offsets.note(&self.list(&watermarks_of(starts))?);
        Ok(())
    }

    /// To be called when these partitions belong to another process.
    pub fn forget(&mut self, partitions: &[(Arc<str>, i32)]) {
        for (topic, id) in partitions {
            self.schedule.forget(topic, *id);
            self.offsets.forget(topic, *id);
        }
    }

    /// Commits the start positions, so that all members use the same ones. Kafka accepts this commit only from a group without
    /// members; a group with members has its positions already.
    pub fn commit_starts(
        &self,
        starts: &[StartPosition],
        fresh: bool,
        mut commit: impl FnMut(&StoredOffsets, &TopicPartitionList) -> CommitAnswer,
    ) -> Result<()> {
        let list = self.list(&watermarks_of(starts))?;
        let deadline = Instant::now() + FIRST_COMMIT;
        loop {
            let Err(code) = commit(&self.offsets, &list) else { return Ok(()) };
            match code {
                Code::UnknownMemberId | Code::IllegalGeneration | Code::RebalanceInProgress if fresh => {
                    return Err(Error::Source(format!(
                        "--fresh: the consumer group '{}' has members, so its positions can't be reset; stop them first",
                        self.group
                    )));
                }
                Code::UnknownMemberId | Code::IllegalGeneration | Code::RebalanceInProgress => return Ok(()),
                code if Instant::now() >= deadline => {
                    return Err(Error::Source(format!(
                        "Kafka doesn't store offsets for group '{}' ({code}); members of a group need them",
                        self.group
                    )));
                }
                _ => std::thread::sleep(Duration::from_millis(100)),
            }
        }
    }

    /// Sends the watermarks that the group doesn't have yet, unless the answer to the last commit is still awaited.
    pub fn send(&mut self, watermarks: &[Watermark]) {
        if self.committer.as_ref().is_none_or(Committer::under_way) {
            self.warn_of_silence();
            return;
        }
        let due = self.schedule.due(watermarks, Instant::now());
        self.note_complete();
        if due.is_empty() {
            return;
        }
        match (self.list(&due), &mut self.committer) {
            (Ok(offsets), Some(committer)) => committer.send(offsets),
            (Err(error), _) => log::warn!("{error}"),
            (_, None) => {}
        }
    }

    /// Whether the commit under way was stored, if that is known within `wait`.
    pub fn hear(&mut self, wait: Duration) -> Option<bool> {
        let answer = self.committer.as_mut()?.answer(wait)?;
        let now = Instant::now();
        match answer {
            Ok(()) => {
                self.schedule.stored();
                self.note_complete();
                if self.failures.end() {
                    log::info!("Kafka stores the progress of group '{}' again", self.group);
                }
            }
            Err(code) => {
                self.schedule.failed(now);
                log::debug!("commit not stored: {code}");
                if self.failures.note(code, now) {
                    self.warn_of_failure(code);
                }
            }
        }
        Some(answer.is_ok())
    }

    /// Commits the watermarks of partitions that go to another process, and waits until they are stored, because the next owner starts
    /// there. It waits a few seconds at most, and no longer than `longest`.
    pub fn commit_released(&mut self, watermarks: &[Watermark], longest: Duration) {
        let deadline = Instant::now() + RELEASE_COMMIT.min(longest);
        loop {
            self.schedule.hurry(Instant::now());
            self.send(watermarks);
            if !self.is_under_way() {
                return;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.hear(left) {
                None => break,
                Some(true) => {}
                Some(false) => std::thread::sleep(Duration::from_millis(50).min(left)),
            }
        }
        log::warn!("Kafka didn't confirm the offsets of partitions given up; some of their records are read again");
    }

    /// Makes the last commit, after everything that was read has become durable. Returns whether it was stored. Meanwhile `serve` is
    /// called again and again, so that the client's callbacks run.
    pub fn commit_last(&mut self, watermarks: &[Watermark], mut serve: impl FnMut()) -> bool {
        let deadline = Instant::now() + LAST_COMMIT;
        while Instant::now() < deadline {
            // If a commit is still under way, `send` does nothing; then its answer is awaited first.
            self.schedule.hurry(Instant::now());
            self.send(watermarks);
            if !self.is_under_way() {
                return true;
            }
            if self.hear(Duration::from_millis(100)) == Some(false) {
                if self.failures.stays() {
                    return false;
                }
                std::thread::sleep(Duration::from_millis(100));
            }
            serve();
        }
        false
    }

    /// To be called when the job has ended and stores nothing more.
    pub fn end(&mut self) {
        self.stored.end();
        if let Some(committer) = self.committer.take() {
            committer.end();
        }
    }

    /// Logs that the last commit wasn't stored.
    pub fn warn_of_lost_end(&self) {
        log::warn!(
            "Kafka didn't store the last offsets of group '{}'; the stored progress is {} s old, and later records are read \
             again at the next start",
            self.group,
            self.stored.age().as_secs()
        );
    }

    /// Watermarks as they are committed, with this job's name as metadata.
    fn list(&self, watermarks: &[Watermark]) -> Result<TopicPartitionList> {
        let list = positions(watermarks.iter().map(|(topic, partition, next)| (topic, *partition, *next)))?;
        for (topic, partition, _) in watermarks {
            let stop = self.kept_stops.iter().find(|kept| kept.0 == *topic && kept.1 == *partition);
            if let Some(mut element) = list.find_partition(topic, *partition) {
                element.set_metadata(mark::metadata(&self.job, stop.map(|kept| kept.2)));
            }
        }
        Ok(list)
    }

    fn is_under_way(&self) -> bool {
        self.committer.as_ref().is_some_and(Committer::under_way)
    }

    fn note_complete(&self) {
        if let Some(complete) = self.schedule.complete_at() {
            self.stored.complete_at(complete);
        }
    }

    /// Warns when the answer to a commit doesn't come: the client waits for the group's coordinator without a deadline.
    fn warn_of_silence(&mut self) {
        let (code, now) = (Code::WaitingForCoordinator, Instant::now());
        if self.committer.is_some()
            && self.schedule.sent_at().is_some_and(|sent| now.duration_since(sent) >= SILENCE)
            && self.failures.note(code, now)
        {
            self.warn_of_failure(code);
        }
    }

    fn warn_of_failure(&self, code: Code) {
        let advice = advice(code, self.is_member);
        log::warn!(
            "Kafka doesn't store the progress of group '{}' ({code}): {}; the stored progress is {} s old; the job goes on and \
             tries again",
            self.group,
            advice.unwrap_or("this ends when the brokers work again"),
            self.stored.age().as_secs()
        );
    }
}

fn watermarks_of(starts: &[StartPosition]) -> Vec<Watermark> {
    starts.iter().map(|at| (Arc::clone(&at.topic), at.partition, at.start)).collect()
}

#[cfg(test)]
#[path = "progress_tests.rs"]
mod tests;
