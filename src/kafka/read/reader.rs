//! The reader: one thread that polls the client and offers every record to the intake, in order.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::BorrowedMessage;
use rdkafka::{Message, Timestamp};

use super::headers::Headers;
use super::native;
use super::partitions::Partitions;
#[cfg(feature = "internals")]
use super::polls::LongestGap;
use super::polls::Polls;
use super::upkeep::Questions;
use crate::error::{Error, Result};
use crate::kafka::client::broker::positions;
use crate::kafka::client::context::{KafkaConsumer, KafkaContext};
use crate::kafka::commit::committer::Committer;
use crate::kafka::commit::progress::{StoredProgress, Trouble};
use crate::kafka::commit::schedule::Commits;
use crate::kafka::group::membership;
use crate::kafka::group::membership::{Answered, Releasing};
use crate::kafka::properties::java_properties;
use crate::kafka::properties::java_properties::Translation;
use crate::kafka::properties::tuning;
use crate::kafka::start::StartPosition;
use crate::kafka::{Intake, Lag, Resume, Taken, Watermark};
use crate::record::{Record, TimestampType};
use crate::settings::kafka::{Assignment, KafkaSource};
use crate::stop::Stop;
use crate::threads;

/// How long a poll waits for a message when none is there.
const WAIT: Duration = Duration::from_millis(100);
/// How long the reader waits before it offers a record again to a full intake.
const OFFER_AGAIN: Duration = Duration::from_millis(50);
/// The time is checked once for so many messages.
const RUN: u32 = 256;

/// Reads the topics of one source.
pub struct KafkaReader {
    pub(in crate::kafka) consumer: Arc<KafkaConsumer>,
    pub(in crate::kafka) table: String,
    pub(in crate::kafka) source: KafkaSource,
    pub(in crate::kafka) resume: Resume,
    /// In a group: of all partitions, whoever reads them.
    pub(in crate::kafka) starts: Vec<StartPosition>,
    pub(in crate::kafka) partitions: Partitions,
    pub(in crate::kafka) commits: Commits,
    pub(in crate::kafka) committer: Option<Committer>,
    /// Nothing is stored in the group.
    without_commits: bool,
    pub(in crate::kafka) lag: Lag,
    pub(in crate::kafka) stored_progress: StoredProgress,
    pub(in crate::kafka) trouble: Trouble,
    pub(in crate::kafka) looked_for_partitions: Instant,
    pub(in crate::kafka) looked_at_others: Instant,
    pub(in crate::kafka) upkeep_at: Instant,
    pub(in crate::kafka) last_warning: Option<(Code, Instant)>,
    /// Records were polled that the intake has not taken: the client's position is beyond what was offered.
    pub(in crate::kafka) holding: bool,
    /// The next record of a partition is out of range, and the brokers haven't been asked yet which partition it is.
    pub(in crate::kafka) out_of_range: bool,
    pub(in crate::kafka) questions: Questions,
    /// In a group: the topics that this member has subscribed to.
    pub(in crate::kafka) subscribed: Vec<Arc<str>>,
    /// In a group: how long a partition's new owner may be kept waiting.
    pub(in crate::kafka) release_patience: Duration,
    /// Partitions that the group has revoked, while transactions with their rows are open.
    pub(in crate::kafka) releasing: Option<Releasing>,
    polls: Polls,
    headers: Headers,
    wants_headers: bool,
}

impl Drop for KafkaReader {
    /// The client's binding always needs a tenth of a second to close. A job that has ended needn't wait for that, with two
    /// exceptions: the group must be told, and with TLS the process would free OpenSSL while the client still uses it.
    fn drop(&mut self) {
        let is_plain = |(name, value): &(String, String)| {
            name != "security.protocol" || value.trim().to_ascii_uppercase().ends_with("PLAINTEXT")
        };
        if self.in_group() {
            self.leave_group();
        } else if self.source.properties.iter().all(is_plain) {
            let consumer = Arc::clone(&self.consumer);
            // Without a thread it is closed here.
            let _ = threads::spawn("kafka-close", move || drop(consumer));
        }
    }
}

impl KafkaReader {
    /// Connects, checks that the topics exist, and resolves where every partition starts and, if bounded, ends.
    pub fn open(table: &str, source: &KafkaSource, resume: &Resume) -> Result<KafkaReader> {
        let translation = java_properties::translate(&source.properties);
        for warning in &translation.warnings {
            log::warn!("table {}: {warning}", table);
        }
        if source.assignment == Assignment::Manual {
            for (key, _) in &translation.membership {
                log::warn!(
                    "table {}: properties.{key} has no effect here: 'scan.assignment' is 'manual', so the group isn't joined",
                    table
                );
            }
        }
        let made = |translation: &Translation| -> Result<_> {
            let config = tuning::consumer(source, translation, &resume.group, resume.share_of_memory)?;
            Ok(config.create_with_context(KafkaContext::new(&source.brokers)))
        };
        let release_patience = membership::patience(&translation);
        let made = match made(&translation)? {
            // Values that are fine one by one may still contradict each other.
            Err(error) if translation.tunes() => {
                log::warn!("table {}: its tuning properties have no effect: {error}", table);
                made(&translation.without_tuning())?
            }
            made => made,
        };
        let consumer: KafkaConsumer = made.map_err(|error| {
            Error::Source(format!("the Kafka client doesn't take the properties of table {}: {error}", table))
        })?;
        let mut reader = KafkaReader {
            consumer: Arc::new(consumer),
            table: table.to_owned(),
            source: source.clone(),
            resume: resume.clone(),
            starts: Vec::new(),
            partitions: Partitions::default(),
            commits: Commits::default(),
            committer: None,
            without_commits: false,
            lag: Lag::default(),
            stored_progress: StoredProgress::default(),
            trouble: Trouble::default(),
            looked_for_partitions: Instant::now(),
            looked_at_others: Instant::now(),
            upkeep_at: Instant::now(),
            last_warning: None,
            holding: false,
            out_of_range: false,
            questions: Questions::default(),
            subscribed: Vec::new(),
            release_patience,
            releasing: None,
            polls: Polls::default(),
            headers: Headers::default(),
            wants_headers: true,
        };
        reader.resolve()?;
        Ok(reader)
    }

    /// Where every partition is read from; in a group, by whoever gets it.
    pub fn start_positions(&self) -> &[StartPosition] {
        &self.starts
    }

    /// Only reads; the progress isn't changed.
    pub fn without_commits(mut self) -> KafkaReader {
        self.without_commits = true;
        self
    }

    /// How far behind the reader is; any thread may read it.
    pub fn lag(&self) -> Lag {
        self.lag.clone()
    }

    /// The longest time between two polls of the client; any thread may read it.
    #[cfg(feature = "internals")]
    pub fn longest_gap(&self) -> LongestGap {
        self.polls.longest()
    }

    /// How old the progress is that the group has; any thread may read it.
    pub fn stored_progress(&self) -> StoredProgress {
        self.stored_progress.clone()
    }

    /// Reads until every partition is at its stop, or `stop` leaves [`crate::stop::Phase::Running`].
    pub fn run(&mut self, intake: &mut dyn Intake, stop: &Stop) -> Result<()> {
        // Messages borrow the client, not the reader.
        let consumer = Arc::clone(&self.consumer);
        self.wants_headers = intake.wants_headers();
        self.begin(intake)?;
        let outcome = self.read(&consumer, intake, stop);
        // Also what was taken before an error.
        intake.hand_on();
        outcome?;
        self.advance(intake)?;
        self.measure_lag(&intake.watermarks());
        Ok(())
    }

    fn read(&mut self, consumer: &KafkaConsumer, intake: &mut dyn Intake, stop: &Stop) -> Result<()> {
        while stop.is_running() && !self.is_finished()? {
            self.polls.poll();
            for _ in 0..RUN {
                match consumer.poll(Duration::ZERO) {
                    Some(message) => self.polled(consumer, message, intake, stop)?,
                    None => {
                        intake.hand_on();
                        if self.is_finished()? {
                            return Ok(());
                        }
                        let asked = Instant::now();
                        match consumer.poll(WAIT) {
                            Some(message) => self.polled(consumer, message, intake, stop)?,
                            // Less than the whole wait means that something else than a message came.
                            None if asked.elapsed() >= WAIT => self.drained(intake)?,
                            None => {}
                        }
                        break;
                    }
                }
            }
            intake.hand_on();
            self.answer_group(intake)?;
            self.answered(intake)?;
            self.upkeep(intake)?;
        }
        Ok(())
    }

    fn begin(&mut self, intake: &mut dyn Intake) -> Result<()> {
        if !self.without_commits {
            // So far the group has everything that is durable.
            self.stored_progress.complete_at(Instant::now());
            self.committer = Some(Committer::start(&self.consumer)?);
        }
        if self.in_group() {
            return self.join_group(intake);
        }
        self.starts.iter().for_each(|start| log::info!("{start}"));
        for start in &self.starts {
            intake.assigned(&start.topic, start.partition, start.start);
            if start.missed > 0 {
                intake.missed(start.missed);
            }
        }
        self.assign(&self.partitions.open())?;
        let starts: Vec<Watermark> = self.partitions.iter().map(|p| (Arc::clone(&p.topic), p.id, p.next)).collect();
        self.send_commit(&starts);
        Ok(())
    }

    /// Tells the client to fetch these from where they are.
    pub(in crate::kafka) fn assign(&self, indexes: &[usize]) -> Result<()> {
        if indexes.is_empty() {
            return Ok(());
        }
        let chosen = self.partitions.iter().enumerate().filter(|(at, _)| indexes.contains(at));
        let list = positions(chosen.map(|(_, p)| (&p.topic, p.id, p.next)))?;
        self.consumer
            .incremental_assign(&list)
            .map_err(|error| Error::Source(format!("the Kafka client can't be assigned its partitions: {error}")))
    }

    #[inline]
    fn polled<'c>(
        &mut self,
        consumer: &'c KafkaConsumer,
        message: std::result::Result<BorrowedMessage<'c>, KafkaError>,
        intake: &mut dyn Intake,
        stop: &Stop,
    ) -> Result<()> {
        match message {
            Ok(message) => match self.offer(&message, intake)? {
                Taken::Yes => Ok(()),
                Taken::Full => self.offer_again(consumer, message, intake, stop),
            },
            Err(error) => self.failed(&error, intake),
        }
    }

    #[inline]
    fn offer(&mut self, message: &BorrowedMessage<'_>, intake: &mut dyn Intake) -> Result<Taken> {
        let Some(at) = self.partitions.of(message) else { return Ok(Taken::Yes) };
        let partition = self.partitions.get(at);
        let offset = message.offset();
        if partition.done || offset < partition.next {
            return self.unwanted(at).map(|()| Taken::Yes);
        }
        if partition.reached(offset) {
            self.finish(at, intake)?;
            return Ok(Taken::Yes);
        }
        let headers = if self.wants_headers { self.headers.read(message) } else { Vec::new() };
        let taken = intake.record(&Record {
            topic: &partition.topic,
            partition: partition.id,
            offset,
            timestamp_ms: message.timestamp().to_millis(),
            timestamp_type: match message.timestamp() {
                Timestamp::NotAvailable => TimestampType::Missing,
                Timestamp::CreateTime(_) => TimestampType::Created,
                Timestamp::LogAppendTime(_) => TimestampType::Appended,
            },
            leader_epoch: native::leader_epoch(message),
            key: message.key(),
            headers: &headers,
            value: message.payload(),
        })?;
        self.headers.put_back(headers);
        if taken == Taken::Yes {
            partition.next = offset + 1;
            if partition.reached(offset + 1) {
                self.finish(at, intake)?;
            }
        }
        Ok(taken)
    }

    /// The intake is full: fetching pauses, polling goes on, and the record waits until it is taken.
    fn offer_again<'c>(
        &mut self,
        consumer: &'c KafkaConsumer,
        message: BorrowedMessage<'c>,
        intake: &mut dyn Intake,
        stop: &Stop,
    ) -> Result<()> {
        self.pause()?;
        self.holding = true;
        // What was already on its way when fetching paused; an error, such as a partition's end, keeps its place.
        let mut held = VecDeque::from([Ok(message)]);
        while let Some(next) = held.front() {
            if !stop.is_running() {
                return Ok(());
            }
            let taken = match next {
                Ok(message) => self.offer(message, intake)?,
                Err(error) => self.failed(error, intake).map(|()| Taken::Yes)?,
            };
            if taken == Taken::Yes {
                held.pop_front();
                continue;
            }
            self.polls.poll();
            held.extend(consumer.poll(OFFER_AGAIN));
            match self.answer_group(intake)? {
                Answered::Nothing => {}
                Answered::TookOn => self.pause()?,
                // Otherwise they would be offered after newer records when the partition comes back.
                Answered::LetGo => {
                    held.retain(|held| held.as_ref().map_or(true, |message| self.partitions.of(message).is_some()));
                }
            }
            self.answered(intake)?;
            self.upkeep(intake)?;
        }
        self.holding = false;
        self.unpause()
    }
}
