//! The reader's other tasks: commits, read positions, the end of partitions, and errors.

use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::{Offset, TopicPartitionList};

use super::reader::KafkaReader;
use crate::error::{Error, Result};
use crate::kafka::client::broker::{Broker, positions};
use crate::kafka::client::context::{Rebalance, decline};
use crate::kafka::client::question::Aside;
use crate::kafka::start::{Extents, StartPosition};
use crate::kafka::{Intake, Watermark};
use crate::settings::kafka::KafkaSource;

/// After a crash, what was read since the last commit is read again.
const UPKEEP: Duration = Duration::from_millis(250);

/// The questions to the brokers that have no answer yet; at most one of each kind.
#[derive(Default)]
pub(in crate::kafka) struct Questions {
    /// Partitions that came after the start.
    pub(in crate::kafka) new: Option<Aside<Vec<StartPosition>>>,
    /// In a group: topics that match the pattern.
    pub(in crate::kafka) topics: Option<Aside<Vec<String>>>,
    /// How far the partitions reach that are being read.
    pub(in crate::kafka) range: Option<Aside<Extents>>,
    /// In a group: where to begin with the partitions assigned to this member.
    pub(in crate::kafka) given: Option<(TopicPartitionList, Aside<Extents>)>,
    /// In a group: whether the other members have read their partitions.
    pub(in crate::kafka) others: Option<Aside<bool>>,
}

impl Questions {
    /// Gives them all up.
    fn end(self) {
        let Questions { new, topics, range, given, others } = self;
        new.into_iter().for_each(Aside::end);
        topics.into_iter().for_each(Aside::end);
        range.into_iter().for_each(Aside::end);
        given.into_iter().for_each(|(_, given)| given.end());
        others.into_iter().for_each(Aside::end);
    }
}

impl KafkaReader {
    /// Asks the brokers, from another thread.
    pub(in crate::kafka) fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Broker<'_>, &KafkaSource) -> Result<T> + Send + 'static,
    ) -> Result<Aside<T>> {
        Aside::ask(&self.consumer, &self.source, question)
    }

    /// Acts on the brokers' answers.
    pub(in crate::kafka) fn answered(&mut self, intake: &mut dyn Intake) -> Result<()> {
        self.check_range(intake)?;
        self.add_new_partitions(intake)?;
        self.subscribe_to_new_topics()
    }

    /// Now and then: read positions, commits, lag, new partitions.
    #[inline]
    pub(in crate::kafka) fn upkeep(&mut self, intake: &mut dyn Intake) -> Result<()> {
        let now = Instant::now();
        if now.duration_since(self.upkeep_at) < UPKEEP {
            return Ok(());
        }
        self.upkeep_at = now;
        self.advance(intake)?;
        self.partitions.learn(&self.consumer.context().take_statistics(), now);
        self.hear_commit(Duration::ZERO);
        let watermarks = intake.watermarks();
        self.measure_lag(&watermarks);
        self.send_commit(&watermarks);
        let interval = self.source.discovery_interval;
        if interval.is_none_or(|interval| now.duration_since(self.looked_for_partitions) < interval) {
            return Ok(());
        }
        self.looked_for_partitions = now;
        self.look_for_partitions()
    }

    pub(in crate::kafka) fn measure_lag(&mut self, durable: &[Watermark]) {
        self.partitions.note_durable(durable);
        self.lag.set(self.partitions.lag());
    }

    /// Moves past offsets that hold no record: the client's position counts them, the last record doesn't.
    pub(in crate::kafka) fn advance(&mut self, intake: &mut dyn Intake) -> Result<()> {
        if self.holding {
            return Ok(());
        }
        let Ok(list) = self.consumer.position() else { return Ok(()) };
        for element in list.elements() {
            let Offset::Offset(position) = element.offset() else { continue };
            let Some(at) = self.partitions.find(element.topic(), element.partition()) else { continue };
            let partition = self.partitions.get(at);
            if partition.done {
                continue;
            }
            if partition.reached(position) {
                self.finish(at, intake)?;
            } else if position > partition.next {
                partition.next = position;
                intake.passed(&partition.topic, partition.id, position);
            }
        }
        Ok(())
    }

    /// A partition has been read to its stop.
    pub(in crate::kafka) fn finish(&mut self, at: usize, intake: &mut dyn Intake) -> Result<()> {
        let partition = self.partitions.get(at);
        partition.done = true;
        if let Some(stop) = partition.stop {
            partition.next = stop;
            intake.passed(&partition.topic, partition.id, stop);
        }
        self.fetch_no_more(at)
    }

    /// A record came that isn't needed: its partition is done, or it lies before an offset where reading went on.
    #[cold]
    pub(in crate::kafka) fn unwanted(&mut self, at: usize) -> Result<()> {
        if self.partitions.at(at).done && self.in_group() { self.fetch_no_more(at) } else { Ok(()) }
    }

    /// A member of a group keeps its partition and pauses it. Giving it up would count as an answer to a rebalance.
    fn fetch_no_more(&mut self, at: usize) -> Result<()> {
        self.partitions.let_go();
        let partition = self.partitions.at(at);
        let list = positions([(&partition.topic, partition.id, partition.next)])?;
        let done = if self.in_group() { self.consumer.pause(&list) } else { self.consumer.incremental_unassign(&list) };
        done.map_err(|error| Error::Source(format!("the Kafka client can't give up a partition: {error}")))
    }

    /// The client's queue was empty: what it had fetched has been offered.
    pub(in crate::kafka) fn drained(&mut self, intake: &mut dyn Intake) -> Result<()> {
        for at in self.partitions.open() {
            if self.partitions.get(at).fetched {
                self.finish(at, intake)?;
            }
        }
        Ok(())
    }

    pub(in crate::kafka) fn failed(&mut self, error: &KafkaError, intake: &mut dyn Intake) -> Result<()> {
        let code = match error {
            KafkaError::PartitionEOF(id) => {
                self.advance(intake)?;
                // A partition's end is never below the stop that was fixed earlier.
                return match self.partitions.only(*id) {
                    Some(at) if !self.partitions.get(at).done && self.partitions.get(at).stop.is_some() => {
                        self.finish(at, intake)
                    }
                    _ => Ok(()),
                };
            }
            KafkaError::MessageConsumptionFatal(code) => {
                return Err(Error::Source(format!("the Kafka client can't go on: {code}")));
            }
            other => other.rdkafka_error_code().unwrap_or(Code::Unknown),
        };
        match code {
            Code::AutoOffsetReset => {
                self.out_of_range = true;
                Ok(())
            }
            Code::TopicAuthorizationFailed => Err(Error::Source(format!(
                "Kafka at {} doesn't let this login read the topics any more ({code})",
                self.source.brokers
            ))),
            Code::Fatal => Err(Error::Source(format!("the Kafka client can't go on: {code}"))),
            // Told once per outage by the client's context.
            Code::BrokerTransportFailure | Code::AllBrokersDown | Code::Resolve | Code::OperationTimedOut => Ok(()),
            code => {
                let now = Instant::now();
                let told = |(last, at): &(Code, Instant)| *last == code && now.duration_since(*at).as_secs() < 60;
                if !self.last_warning.as_ref().is_some_and(told) {
                    log::warn!("Kafka: {code}; the client tries again");
                    self.last_warning = Some((code, now));
                }
                Ok(())
            }
        }
    }

    pub(in crate::kafka) fn pause(&self) -> Result<()> {
        let paused = self.consumer.assignment().and_then(|list| self.consumer.pause(&list));
        paused.map_err(|error| Error::Source(format!("the Kafka client can't pause: {error}")))
    }

    /// Goes on fetching. The pause has emptied the client's queue, so its records are fetched again.
    pub(in crate::kafka) fn unpause(&mut self) -> Result<()> {
        self.partitions.queue_emptied(Instant::now());
        let open = self.partitions.iter().filter(|partition| !partition.done);
        let list = positions(open.map(|p| (&p.topic, p.id, p.next)))?;
        let resumed = self.consumer.resume(&list);
        resumed.map_err(|error| Error::Source(format!("the Kafka client can't go on after a pause: {error}")))
    }
}

impl KafkaReader {
    /// Answers the group's last decisions when nothing is read any more.
    fn decline_all(&mut self) {
        let open = self.consumer.context().leave();
        let given = self.questions.given.as_ref().map(|(given, _)| Rebalance::Assigned(given.clone()));
        let releasing = self.releasing.take().map(|releasing| Rebalance::Revoked(releasing.partitions));
        releasing.iter().chain(&given).chain(&open).for_each(|rebalance| decline(&self.consumer, rebalance));
    }

    /// When the client is closed it leaves the group, but not if it has no partitions at that moment. Then the group would wait
    /// for it for minutes. So it unsubscribes first.
    pub(in crate::kafka) fn leave_group(&mut self) {
        self.decline_all();
        std::mem::take(&mut self.questions).end();
        self.consumer.unsubscribe();
    }

    /// The last commit, after everything read has become durable. Reading is over.
    pub fn commit(&mut self, watermarks: &[Watermark]) -> Result<()> {
        self.measure_lag(watermarks);
        if self.in_group() {
            self.decline_all();
        } else {
            self.consumer
                .unassign()
                .map_err(|error| Error::Source(format!("the Kafka client can't give up its partitions: {error}")))?;
        }
        let stored = self.commit_last(watermarks);
        self.stored_progress.end();
        std::mem::take(&mut self.questions).end();
        if let Some(committer) = self.committer.take() {
            committer.end();
        }
        if !stored {
            log::warn!(
                "Kafka didn't store the last offsets of group '{}'; the stored progress is {} s old, and later records are read \
                 again at the next start",
                self.resume.group,
                self.stored_progress.age().as_secs()
            );
        }
        Ok(())
    }
}
