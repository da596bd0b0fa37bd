//! A member of the consumer group: `scan.assignment = 'group'`. The group says which partitions this process reads. Rows of a
//! revoked partition are written and committed first, so that the next owner repeats as little as possible.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::TopicPartitionList;
use rdkafka::consumer::Consumer;
use rdkafka::error::RDKafkaErrorCode as Code;

use super::member::Member;
use crate::error::{Error, Result};
use crate::kafka::client::broker::{Broker, positions};
use crate::kafka::client::context::{Rebalance, let_go};
use crate::kafka::client::question::Aside;
use crate::kafka::commit::committer;
use crate::kafka::commit::committer::Committer;
use crate::kafka::properties::java_properties::Translation;
use crate::kafka::read::reader::KafkaReader;
use crate::kafka::start::{Extent, StartPosition, StartReason, StartRules};
use crate::kafka::{Intake, Resume, Watermark};
use crate::settings::kafka::{Assignment, Bounded, KafkaSource};

/// The longest wait until the rows of revoked partitions are written.
const LONGEST_RELEASE: Duration = Duration::from_secs(10);
/// How long the commit of revoked partitions may take.
const RELEASE_COMMIT: Duration = Duration::from_secs(5);
/// `max.poll.interval.ms` when the job leaves it out.
const POLL_INTERVAL: Duration = Duration::from_secs(300);
/// How long the first commit of all start positions may take.
const FIRST_COMMIT: Duration = Duration::from_secs(10);
/// How often the log says that open transactions are waited for.
const TELL_AGAIN: Duration = Duration::from_secs(60);
/// How often a member that has read its partitions checks whether the others have read theirs.
const LOOK_AT_OTHERS: Duration = Duration::from_secs(1);

/// What the check for decisions of the group found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::kafka) enum Answered {
    Nothing,
    TookOn,
    LetGo,
}

/// How long to wait until the rows of revoked partitions are written: well below the time after which the group removes a
/// member that doesn't poll.
pub(in crate::kafka) fn patience(translation: &Translation) -> Duration {
    let given = translation.membership.iter().rev().find(|(key, _)| key == "max.poll.interval.ms");
    let interval = given.and_then(|(_, value)| value.parse().ok()).map_or(POLL_INTERVAL, Duration::from_millis);
    (interval / 4).min(LONGEST_RELEASE)
}

/// Partitions that go to another process as soon as the transactions with their rows have ended.
pub(in crate::kafka) struct Releasing {
    pub(in crate::kafka) partitions: TopicPartitionList,
    since: Instant,
    told: Instant,
}

impl Default for Releasing {
    fn default() -> Self {
        Releasing::of(&TopicPartitionList::new())
    }
}

impl Releasing {
    fn of(partitions: &TopicPartitionList) -> Releasing {
        let now = Instant::now();
        Releasing { partitions: partitions.clone(), since: now, told: now }
    }

    /// Logs once a minute what the group waits for.
    fn tell(&mut self, group: &str) {
        if self.told.elapsed() >= TELL_AGAIN {
            self.told = Instant::now();
            log::warn!(
                "group '{group}' has waited for {1} s until this process gives up {0} partitions: a transaction with their rows is \
                 still open",
                self.partitions.count(),
                self.since.elapsed().as_secs()
            );
        }
    }
}

impl KafkaReader {
    pub(in crate::kafka) fn in_group(&self) -> bool {
        self.source.assignment == Assignment::Group
    }

    /// Fixes where the job starts, if it has no progress, and joins.
    pub(in crate::kafka) fn join_group(&mut self, intake: &mut dyn Intake) -> Result<()> {
        self.commit_starts()?;
        intake.joined(Arc::new(Member::new(&self.consumer, &self.resume.group)));
        self.consumer.context().join();
        log::info!(
            "table {}: joining group '{}', which shares {} partitions among its members",
            self.table,
            self.resume.group,
            self.starts.len()
        );
        self.subscribed = self.starts.iter().map(|position| Arc::clone(&position.topic)).collect();
        self.subscribed.dedup();
        self.subscribe()
    }

    fn subscribe(&self) -> Result<()> {
        let topics: Vec<&str> = self.subscribed.iter().map(|topic| &**topic).collect();
        if topics.is_empty() {
            return Ok(());
        }
        let subscribed = self.consumer.subscribe(&topics);
        subscribed.map_err(|error| Error::Source(format!("the Kafka client doesn't subscribe to {topics:?}: {error}")))
    }

    /// Commits the start positions, so that all members use the same ones. Kafka accepts this commit only from a group without
    /// members; a group with members has its positions already.
    fn commit_starts(&mut self) -> Result<()> {
        let first_run = self.starts.iter().all(|position| position.origin == StartReason::StartupMode);
        if !first_run || self.starts.is_empty() {
            return Ok(());
        }
        let starts: Vec<Watermark> =
            self.starts.iter().map(|start| (Arc::clone(&start.topic), start.partition, start.start)).collect();
        let offsets = self.offsets(&starts)?;
        let deadline = Instant::now() + FIRST_COMMIT;
        loop {
            let Err(code) = committer::commit(&self.consumer, &offsets) else { return Ok(()) };
            match code {
                Code::UnknownMemberId | Code::IllegalGeneration | Code::RebalanceInProgress if self.resume.fresh => {
                    return Err(Error::Source(format!(
                        "--fresh: the consumer group '{}' has members, so its positions can't be reset; stop them first",
                        self.resume.group
                    )));
                }
                Code::UnknownMemberId | Code::IllegalGeneration | Code::RebalanceInProgress => return Ok(()),
                code if Instant::now() >= deadline => {
                    return Err(Error::Source(format!(
                        "Kafka doesn't store offsets for group '{}' ({code}); members of a group need them",
                        self.resume.group
                    )));
                }
                _ => std::thread::sleep(Duration::from_millis(100)),
            }
        }
    }

    /// Answers a decision of the group, if there is one. For new partitions the brokers are first asked where to begin. Until
    /// then the group waits for this member, and the reader reads on.
    pub(in crate::kafka) fn answer_group(&mut self, intake: &mut dyn Intake) -> Result<Answered> {
        if let Some(releasing) = &mut self.releasing {
            if intake.is_releasing() {
                releasing.tell(&self.resume.group);
                return Ok(Answered::Nothing);
            }
            let Releasing { partitions, .. } = self.releasing.take().unwrap_or_default();
            self.let_go(&partitions)?;
        }
        if let Some((given, question)) = self.questions.given.take() {
            return match question.answer() {
                None => {
                    self.questions.given = Some((given, question));
                    Ok(Answered::Nothing)
                }
                Some(Ok(extents)) => self.take_on(&extents, intake).map(|()| Answered::TookOn),
                Some(Err(error)) => {
                    log::warn!("the partitions assigned to this process can't be read yet: {error}");
                    self.ask_for_places(given).map(|()| Answered::Nothing)
                }
            };
        }
        match self.consumer.context().take_rebalance() {
            None => Ok(Answered::Nothing),
            Some(Rebalance::Assigned(partitions)) => self.ask_for_places(partitions).map(|()| Answered::Nothing),
            Some(Rebalance::Revoked(partitions)) => {
                self.give_up(&partitions, intake)?;
                Ok(Answered::LetGo)
            }
        }
    }

    fn ask_for_places(&mut self, given: TopicPartitionList) -> Result<()> {
        let mut ids: Vec<(String, Vec<i32>)> = Vec::new();
        for element in given.elements() {
            match ids.iter_mut().find(|(topic, _)| topic == element.topic()) {
                Some((_, ids)) => ids.push(element.partition()),
                None => ids.push((element.topic().to_owned(), vec![element.partition()])),
            }
        }
        let question = self.ask(move |broker, kafka| {
            let mut found = Vec::new();
            for (topic, ids) in ids {
                let extents = broker.extents(&topic, &ids, kafka, &mut false)?;
                let topic: Arc<str> = Arc::from(topic);
                found.extend(extents.into_iter().map(|extent| (Arc::clone(&topic), extent)));
            }
            Ok(found)
        })?;
        self.questions.given = Some((given, question));
        Ok(())
    }

    fn take_on(&mut self, extents: &[(Arc<str>, Extent)], intake: &mut dyn Intake) -> Result<()> {
        let found: Vec<StartPosition> = extents.iter().map(|(topic, extent)| self.place(topic, extent)).collect();
        let list = positions(found.iter().map(|position| (&position.topic, position.partition, position.start)))?;
        let starts: Vec<Watermark> = found.iter().map(|at| (Arc::clone(&at.topic), at.partition, at.start)).collect();
        committer::note(&mut self.consumer.context().places(), &self.offsets(&starts)?);
        for position in &found {
            log::info!("{position}");
            intake.assigned(&position.topic, position.partition, position.start);
            if position.missed > 0 {
                intake.missed(position.missed);
            }
            self.partitions.add(position);
        }
        self.consumer
            .incremental_assign(&list)
            .map_err(|error| Error::Source(format!("the Kafka client can't be assigned its partitions: {error}")))
    }

    fn place(&self, topic: &str, extent: &Extent) -> StartPosition {
        let known = self.starts.iter().find(|known| *known.topic == *topic && known.partition == extent.partition);
        let place = StartRules::new(&self.resume, &self.source).take_over(extent, known);
        let progress = extent.commit.as_ref().map(|commit| commit.offset).or(known.map(|known| known.start));
        extent.warn_of_jump(topic, progress.unwrap_or(place.start), &place);
        let bounded = self.source.bounded != Bounded::Unbounded;
        StartPosition {
            topic: known.map_or_else(|| Arc::from(topic), |known| Arc::clone(&known.topic)),
            partition: extent.partition,
            start: place.start,
            origin: place.origin,
            // A source with an end reads the partitions that were there at the start.
            stop: known.map_or(bounded.then_some(place.start), |known| known.stop),
            end: extent.high,
            missed: place.missed,
        }
    }

    fn give_up(&mut self, partitions: &TopicPartitionList, intake: &mut dyn Intake) -> Result<()> {
        let lost = self.consumer.assignment_lost();
        let is_given_up = |topic: &str, id: i32| partitions.find_partition(topic, id).is_some();
        let gone: Vec<(Arc<str>, i32)> = self
            .partitions
            .iter()
            .filter(|partition| is_given_up(&partition.topic, partition.id))
            .map(|partition| (Arc::clone(&partition.topic), partition.id))
            .collect();
        // Lost partitions have another owner already.
        let patience = if lost { Duration::ZERO } else { self.release_patience };
        let watermarks = intake.released(&gone, patience);
        if lost {
            log::warn!(
                "group '{}' has removed this process, which was silent for too long; its {} partitions go to others",
                self.resume.group,
                gone.len()
            );
        } else {
            self.commit_at_once(&watermarks);
            for (topic, partition, next) in &watermarks {
                log::info!("{topic}[{partition}] goes to another process at offset {next}");
            }
        }
        for (topic, id) in &gone {
            self.commits.forget(topic, *id);
            self.consumer.context().places().remove(&(topic.to_string(), *id));
        }
        self.partitions.remove(|partition| is_given_up(&partition.topic, partition.id));
        // An older row must not be written after a newer one of the next owner. Lost partitions have that owner already.
        if !lost && intake.is_releasing() {
            self.releasing = Some(Releasing::of(partitions));
            return Ok(());
        }
        self.let_go(partitions)
    }

    fn let_go(&self, partitions: &TopicPartitionList) -> Result<()> {
        let_go(&self.consumer, partitions)
            .map_err(|error| Error::Source(format!("the Kafka client can't give up its partitions: {error}")))
    }

    /// Waits, a few seconds at most, until these offsets are stored: the next owner starts there.
    fn commit_at_once(&mut self, watermarks: &[Watermark]) {
        // With a short max.poll.interval.ms a longer wait would end this member's membership.
        let deadline = Instant::now() + RELEASE_COMMIT.min(self.release_patience);
        loop {
            self.commits.hurry(Instant::now());
            self.send_commit(watermarks);
            if !self.committer.as_ref().is_some_and(Committer::under_way) {
                return;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.hear_commit(left) {
                None => break,
                Some(true) => {}
                Some(false) => std::thread::sleep(Duration::from_millis(50).min(left)),
            }
        }
        log::warn!("Kafka didn't confirm the offsets of partitions given up; some of their records are read again");
    }

    /// Whether there is nothing left to read. A member stays until the others are done too, so that it can take over partitions
    /// of one that fails.
    pub(in crate::kafka) fn is_finished(&mut self) -> Result<bool> {
        if !self.partitions.all_done() {
            return Ok(false);
        }
        if !self.in_group() {
            return Ok(self.source.bounded != Bounded::Unbounded);
        }
        if self.source.bounded == Bounded::Unbounded {
            return Ok(false);
        }
        match self.questions.others.take().map(|others| (others.answer(), others)) {
            Some((None, others)) => self.questions.others = Some(others),
            Some((Some(Ok(true)), _)) => return Ok(true),
            // Asked again until the answer is yes.
            Some((Some(_), _)) => {}
            None if self.looked_at_others.elapsed() < LOOK_AT_OTHERS => {}
            None => {
                self.looked_at_others = Instant::now();
                let (starts, resume) = (self.starts.clone(), self.resume.clone());
                self.questions.others = Some(self.ask(move |broker, kafka| all_read(broker, kafka, &resume, &starts))?);
            }
        }
        Ok(false)
    }

    /// Subscribes to topics that match the pattern and are new since the last check. Then the group assigns their partitions.
    pub(in crate::kafka) fn subscribe_to_new_topics(&mut self) -> Result<()> {
        let Some(answer) = self.questions.topics.as_ref().and_then(Aside::answer) else { return Ok(()) };
        self.questions.topics = None;
        let before = self.subscribed.len();
        for topic in answer.unwrap_or_default() {
            if !self.subscribed.iter().any(|known| **known == *topic) {
                log::info!("new topic '{topic}'");
                self.subscribed.push(Arc::from(topic));
            }
        }
        if self.subscribed.len() > before { self.subscribe() } else { Ok(()) }
    }
}

/// Whether the group has read all partitions to their stops.
fn all_read(broker: &Broker<'_>, kafka: &KafkaSource, resume: &Resume, starts: &[StartPosition]) -> Result<bool> {
    let rules = StartRules::new(resume, kafka);
    for of_topic in starts.chunk_by(|one, other| one.topic == other.topic) {
        let ids: Vec<i32> = of_topic.iter().map(|start| start.partition).collect();
        let commits = broker.commits(&of_topic[0].topic, &ids, &mut false)?;
        let is_read = |(start, commit): (&StartPosition, _)| {
            let reached = rules.progress(&commit).unwrap_or(start.start);
            start.stop.is_none_or(|stop| reached >= stop)
        };
        if !of_topic.iter().zip(commits).all(is_read) {
            return Ok(false);
        }
    }
    Ok(true)
}
