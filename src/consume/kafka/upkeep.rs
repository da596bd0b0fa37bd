//! What the reader does besides reading: commits, read positions, the end of partitions, and what goes wrong.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::{Offset, TopicPartitionList};

use super::client::decline;
use super::committer::{Answer, Committer};
use super::offsets::{Broker, positions};
use super::reader::Reader;
use super::start::{self, Rules};
use super::{Intake, Watermark};
use crate::error::{Error, Result};

/// After a crash, what was read since the last commit is read again.
const UPKEEP: Duration = Duration::from_millis(250);
/// How long the last commit may take.
const LAST_COMMIT: Duration = Duration::from_secs(10);
/// How long a running reader waits for an answer about partitions; records wait meanwhile.
const PATIENCE: Duration = Duration::from_secs(5);

impl Reader {
    /// Now and then: read positions, commits, lag, new partitions.
    #[inline]
    pub(super) fn upkeep(&mut self, intake: &mut dyn Intake) -> Result<()> {
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
        let interval = self.source.kafka.discovery_interval;
        if interval.is_none_or(|interval| now.duration_since(self.looked_for_partitions) < interval) {
            return Ok(());
        }
        self.looked_for_partitions = now;
        if self.in_group() { self.subscribe_to_new_topics() } else { self.find_new_partitions(intake) }
    }

    pub(super) fn measure_lag(&mut self, durable: &[Watermark]) {
        self.partitions.note_durable(durable);
        self.lag.set(self.partitions.lag());
    }

    /// Moves past offsets that hold no record: the client's position counts them, the last record doesn't.
    pub(super) fn advance(&mut self, intake: &mut dyn Intake) -> Result<()> {
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
    pub(super) fn finish(&mut self, at: usize, intake: &mut dyn Intake) -> Result<()> {
        let partition = self.partitions.get(at);
        partition.done = true;
        if let Some(stop) = partition.stop {
            partition.next = stop;
            intake.passed(&partition.topic, partition.id, stop);
        }
        self.fetch_no_more(at)
    }

    /// A record came that isn't read: of a partition that is done, or one from before an offset that was jumped over.
    #[cold]
    pub(super) fn unwanted(&mut self, at: usize) -> Result<()> {
        if self.partitions.at(at).done && self.in_group() { self.fetch_no_more(at) } else { Ok(()) }
    }

    /// A member keeps its partition, since letting go would be taken for an answer to the group; it pauses it.
    fn fetch_no_more(&self, at: usize) -> Result<()> {
        let partition = self.partitions.at(at);
        let list = positions([(&partition.topic, partition.id, partition.next)])?;
        let done = if self.in_group() { self.consumer.pause(&list) } else { self.consumer.incremental_unassign(&list) };
        done.map_err(|error| Error::Source(format!("the Kafka client doesn't let go of a partition: {error}")))
    }

    /// The client's queue was empty: what it had fetched has been offered.
    pub(super) fn drained(&mut self, intake: &mut dyn Intake) -> Result<()> {
        for at in self.partitions.open() {
            if self.partitions.get(at).fetched {
                self.finish(at, intake)?;
            }
        }
        Ok(())
    }

    pub(super) fn failed(&mut self, error: &KafkaError, intake: &mut dyn Intake) -> Result<()> {
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
            // Records that are held come first: they were there.
            Code::AutoOffsetReset if self.holding => {
                self.out_of_range = true;
                Ok(())
            }
            Code::AutoOffsetReset => self.out_of_range(intake),
            Code::TopicAuthorizationFailed => Err(Error::Source(format!(
                "Kafka at {} doesn't let this login read the topics any more ({code})",
                self.source.kafka.brokers
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

    /// The next record of some partition is gone (retention passed it) or never was (the topic is another one now).
    pub(super) fn out_of_range(&mut self, intake: &mut dyn Intake) -> Result<()> {
        let open = self.partitions.open();
        let mut refused = true;
        for &at in &open {
            let (topic, id, next) = {
                let partition = self.partitions.get(at);
                (Arc::clone(&partition.topic), partition.id, partition.next)
            };
            let kafka = &self.source.kafka;
            let extents = self.broker().extents(&topic, &[id], kafka, &mut refused)?;
            let Some(extent) = extents.first().filter(|extent| !(extent.low..=extent.high).contains(&next)) else {
                continue;
            };
            let rules = Rules::new(&self.resume, kafka);
            let start = rules.by_mode(&topic, extent).map_err(Error::Source)?;
            log::warn!(
                "{topic}[{id}]: the next offset is {next}, but the partition holds {} to {}; reading goes on at {start} \
                 by 'scan.startup.mode'",
                extent.low,
                extent.high
            );
            self.partitions.get(at).next = start;
            if start > next {
                intake.missed(start.abs_diff(next));
                intake.passed(&topic, id, start);
            } else {
                intake.released(&[(Arc::clone(&topic), id)], PATIENCE);
                intake.assigned(&topic, id, start);
            }
        }
        // The client has stopped fetching where it failed: assign again. A seek may not work in that state.
        let list = positions(open.iter().map(|&at| self.partitions.at(at)).map(|p| (&p.topic, p.id, p.next)))?;
        self.consumer
            .incremental_unassign(&list)
            .map_err(|error| Error::Source(format!("the Kafka client doesn't let go of its partitions: {error}")))?;
        self.partitions.queue_emptied(Instant::now());
        self.assign(&open)
    }

    fn find_new_partitions(&mut self, intake: &mut dyn Intake) -> Result<()> {
        let first = self.partitions.iter().count();
        for position in self.new_partitions() {
            log::info!("{position}");
            intake.assigned(&position.topic, position.partition, position.start);
            self.partitions.add(&position);
            self.starts.push(position);
        }
        let found = self.partitions.iter().count();
        if found == first {
            return Ok(());
        }
        self.assign(&(first..found).collect::<Vec<_>>())?;
        // While the intake is full nothing may come from the new ones either.
        if self.holding { self.pause() } else { Ok(()) }
    }

    pub(super) fn broker(&self) -> Broker<'_> {
        Broker::new(&self.consumer, &self.source.kafka.brokers, PATIENCE, false)
    }

    pub(super) fn pause(&self) -> Result<()> {
        let paused = self.consumer.assignment().and_then(|list| self.consumer.pause(&list));
        paused.map_err(|error| Error::Source(format!("the Kafka client can't pause: {error}")))
    }

    /// Goes on fetching. What the client had in its queue is gone since the pause and fetched again.
    pub(super) fn unpause(&mut self) -> Result<()> {
        self.partitions.queue_emptied(Instant::now());
        let open = self.partitions.iter().filter(|partition| !partition.done);
        let list = positions(open.map(|p| (&p.topic, p.id, p.next)))?;
        let resumed = self.consumer.resume(&list);
        resumed.map_err(|error| Error::Source(format!("the Kafka client can't go on after a pause: {error}")))
    }
}

impl Reader {
    /// The last commit, after everything read has become durable. Reading is over.
    pub fn commit(&mut self, watermarks: &[Watermark]) -> Result<()> {
        self.measure_lag(watermarks);
        if self.in_group() {
            let open = self.consumer.context().leave();
            open.iter().for_each(|rebalance| decline(&self.consumer, rebalance));
        } else {
            self.consumer.unassign().map_err(|error| {
                Error::Source(format!("the Kafka client doesn't let go of its partitions: {error}"))
            })?;
        }
        let stored = self.commit_last(watermarks);
        if let Some(committer) = self.committer.take() {
            committer.end();
        }
        if !stored {
            log::warn!("Kafka didn't confirm the last offsets; some records are read again at the next start");
        }
        Ok(())
    }

    fn commit_last(&mut self, watermarks: &[Watermark]) -> bool {
        let deadline = Instant::now() + LAST_COMMIT;
        while Instant::now() < deadline {
            // First the answer to a commit that is still under way, then this one.
            self.send_commit(watermarks);
            if !self.committer.as_ref().is_some_and(Committer::under_way) {
                return true;
            }
            if self.hear_commit(Duration::from_millis(100)) == Some(false) {
                std::thread::sleep(Duration::from_millis(100));
            }
            // Serves the client's callbacks; what is read besides is nobody's.
            self.consumer.poll(Duration::ZERO);
        }
        false
    }

    /// Sends the watermarks that the group doesn't have yet, unless an answer is still awaited.
    pub(super) fn send_commit(&mut self, watermarks: &[Watermark]) {
        if self.committer.as_ref().is_none_or(Committer::under_way) {
            return;
        }
        let due = self.commits.due(watermarks, Instant::now());
        if due.is_empty() {
            return;
        }
        match (self.offsets(&due), &mut self.committer) {
            (Ok(offsets), Some(committer)) => committer.send(offsets),
            (Err(error), _) => log::warn!("{error}"),
            (_, None) => {}
        }
    }

    /// Watermarks as they are committed: marked as this job's.
    pub(super) fn offsets(&self, watermarks: &[Watermark]) -> Result<TopicPartitionList> {
        let list = positions(watermarks.iter().map(|(topic, partition, next)| (topic, *partition, *next)))?;
        let keeps_stop = start::keeps_stop(&self.source.kafka.bounded);
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
    pub(super) fn hear_commit(&mut self, wait: Duration) -> Option<bool> {
        let answer = self.committer.as_mut()?.answer(wait)?;
        match &answer {
            Answer::Stored => {}
            Answer::Lost(code) => {
                log::debug!("commit not stored: {code}");
                self.commits.lost();
            }
            Answer::Refused(code) => self.offsets_refused(&code.to_string()),
        }
        Some(answer == Answer::Stored)
    }

    pub(super) fn offsets_refused(&mut self, why: &str) {
        log::warn!(
            "Kafka doesn't keep offsets for group '{}' ({why}): the job goes on, but its next start is by \
             'scan.startup.mode'; allow READ on the group to resume where it ended",
            self.resume.group
        );
        self.commits.refused();
    }
}
