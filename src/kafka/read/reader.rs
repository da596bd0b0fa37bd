//! The reader: one thread that polls the client and offers every record to the intake, in order.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::error::KafkaError;
use rdkafka::message::BorrowedMessage;
use rdkafka::{Message, Timestamp};

use super::client_errors::{ClientErrors, ClientEvent};
use super::fetching::Fetching;
use super::headers::Headers;
use super::lag::Lag;
#[cfg(feature = "internals")]
use super::polls::LongestGap;
use super::polls::Polls;
use super::starts;
use super::upkeep::Upkeep;
use crate::error::Result;
use crate::kafka::assign::Assign;
use crate::kafka::client::context::KafkaConsumer;
use crate::kafka::client::source_client::SourceClient;
use crate::kafka::commit::stored_progress::StoredProgress;
use crate::kafka::intake::{Intake, Taken, Watermark};
use crate::kafka::native;
use crate::kafka::resume::Resume;
use crate::kafka::start::position::StartPosition;
use crate::record::{Record, TimestampType};
use crate::settings::kafka::KafkaSource;
use crate::stop::Stop;
use crate::threads::{self, PollsKafka};

/// How long a poll waits for a message when none is there.
const WAIT: Duration = Duration::from_millis(100);
/// How long the reader waits before it offers a record again to a full intake.
const OFFER_AGAIN: Duration = Duration::from_millis(50);
/// After at most this many messages the reader does its other work, which looks at the clock.
const MOST_MESSAGES: u32 = 256;

/// Reads the topics of one source.
pub struct KafkaReader {
    client: SourceClient,
    fetching: Fetching,
    upkeep: Upkeep,
    errors: ClientErrors,
    polls: Polls,
    headers: Headers,
    wants_headers: bool,
}

impl Drop for KafkaReader {
    /// The client's binding always needs a tenth of a second to close. A job that has ended needn't wait for that, with two
    /// exceptions: the group must be told, and with TLS the process would free OpenSSL while the client still uses it.
    fn drop(&mut self) {
        if self.client.in_group() {
            self.upkeep.leave_group(&self.client);
        } else if self.client.is_plaintext() {
            let consumer = Arc::clone(self.client.consumer());
            // Without a thread it is closed here.
            let _ = threads::spawn("kafka-close", move || drop(consumer));
        }
    }
}

impl KafkaReader {
    /// Connects, checks that the topics exist, and resolves where every partition starts and, if bounded, ends.
    pub fn open(table: &str, source: &KafkaSource, resume: &Resume) -> Result<KafkaReader> {
        KafkaReader::open_by(table, source, resume, None)
    }

    /// The same, where something else says where partitions are read from.
    pub fn open_by(
        table: &str,
        source: &KafkaSource,
        resume: &Resume,
        assign: Option<Arc<dyn Assign>>,
    ) -> Result<KafkaReader> {
        let client = SourceClient::open(table, source, resume)?.assigned_by(assign);
        let found = starts::resolve(&client)?;
        // In a group, whoever gets a partition takes it over then.
        let starts = if client.in_group() { found } else { client.assign_starts(found)? };
        let mut fetching = Fetching::default();
        if !client.in_group() {
            starts.iter().for_each(|start| fetching.add(start));
        }
        fetching.measure_lag(&[]);
        Ok(KafkaReader {
            upkeep: Upkeep::new(&client, starts),
            client,
            fetching,
            errors: ClientErrors::default(),
            polls: Polls::default(),
            headers: Headers::default(),
            wants_headers: true,
        })
    }

    /// Where every partition is read from; in a group, by whoever gets it.
    pub fn start_positions(&self) -> &[StartPosition] {
        self.upkeep.starts()
    }

    /// Whether reading has an end.
    pub fn is_bounded(&self) -> bool {
        self.client.is_bounded()
    }

    /// Only reads; the progress isn't changed.
    pub fn without_commits(mut self) -> KafkaReader {
        self.upkeep.without_commits();
        self
    }

    /// How far behind the reader is; any thread may read it.
    pub fn lag(&self) -> Lag {
        self.fetching.lag()
    }

    /// The longest time between two polls of the client; any thread may read it.
    #[cfg(feature = "internals")]
    pub fn longest_gap(&self) -> LongestGap {
        self.polls.longest()
    }

    /// How old the progress is that the group has; any thread may read it.
    pub fn stored_progress(&self) -> StoredProgress {
        self.upkeep.stored_progress()
    }

    /// Reads until every partition is at its stop, or `stop` leaves [`crate::stop::Phase::Running`].
    pub fn run(&mut self, intake: &mut dyn Intake, stop: &Stop) -> Result<()> {
        // Messages borrow the client, not the reader.
        let consumer = Arc::clone(self.client.consumer());
        self.wants_headers = intake.wants_headers();
        self.upkeep.begin(&self.client, &mut self.fetching, intake)?;
        let polls = PollsKafka::begin();
        let outcome = self.read(&consumer, intake, stop);
        drop(polls);
        // After an error, too: the rows of the records that were taken before it go into the shards.
        intake.push_gathered();
        outcome?;
        self.fetching.advance(&self.client, intake)?;
        self.fetching.measure_lag(&intake.watermarks());
        Ok(())
    }

    fn read(&mut self, consumer: &KafkaConsumer, intake: &mut dyn Intake, stop: &Stop) -> Result<()> {
        while stop.is_running() && !self.upkeep.is_finished(&self.client, &self.fetching)? {
            self.polls.poll();
            for _ in 0..MOST_MESSAGES {
                match consumer.poll(Duration::ZERO) {
                    Some(message) => self.polled(consumer, message, intake, stop)?,
                    None => {
                        intake.push_gathered();
                        if self.upkeep.is_finished(&self.client, &self.fetching)? {
                            return Ok(());
                        }
                        let asked = Instant::now();
                        match consumer.poll(WAIT) {
                            Some(message) => self.polled(consumer, message, intake, stop)?,
                            // Less than the whole wait means that something else than a message came.
                            None if asked.elapsed() >= WAIT => self.fetching.drained(&self.client, intake)?,
                            None => {}
                        }
                        break;
                    }
                }
            }
            intake.push_gathered();
            self.between_polls(intake)?;
        }
        Ok(())
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
        let Some(at) = self.fetching.of(message) else { return Ok(Taken::Yes) };
        let partition = self.fetching.partition(at);
        let offset = message.offset();
        if partition.is_done() || offset < partition.next() {
            return self.fetching.unwanted(&self.client, at).map(|()| Taken::Yes);
        }
        if partition.reached(offset) {
            self.fetching.finish(&self.client, at, intake)?;
            return Ok(Taken::Yes);
        }
        let headers = if self.wants_headers { self.headers.read(message) } else { Vec::new() };
        let taken = intake.record(&Record {
            topic: partition.topic(),
            partition: partition.id(),
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
            partition.go_on_at(offset + 1);
            if partition.reached(offset + 1) {
                self.fetching.finish(&self.client, at, intake)?;
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
        self.fetching.hold(&self.client)?;
        // The record, and what the client still gives after fetching has paused. An error among the messages (such as the end of a
        // partition) stays at its place, so it is handled after the messages before it.
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
            // Messages of a partition that was given up are dropped. If it came back, they would be offered after newer records.
            if self.between_polls(intake)? {
                held.retain(|held| held.as_ref().map_or(true, |message| self.fetching.of(message).is_some()));
            }
        }
        self.fetching.go_on(&self.client)
    }

    /// The client gave an error in place of a message.
    fn failed(&mut self, error: &KafkaError, intake: &mut dyn Intake) -> Result<()> {
        match self.errors.judge(error, &self.client.source().brokers, Instant::now())? {
            ClientEvent::Nothing => {}
            ClientEvent::EndOfPartition(id) => self.fetching.end_of_partition(&self.client, id, intake)?,
            ClientEvent::OutOfRange => self.upkeep.check_range(),
        }
        Ok(())
    }

    /// Does what is due besides messages. Says whether partitions were given up.
    fn between_polls(&mut self, intake: &mut dyn Intake) -> Result<bool> {
        self.upkeep.between_polls(&self.client, &mut self.fetching, intake)
    }

    /// The last commit, after everything read has become durable. Reading is over.
    pub fn commit(&mut self, watermarks: &[Watermark]) -> Result<()> {
        self.upkeep.commit_last(&self.client, &mut self.fetching, watermarks)
    }
}
