//! What the client fetches: the assigned partitions, how far each one has been offered, and when it ends.

use std::sync::Arc;
use std::time::Instant;

use rdkafka::Offset;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::Consumer;
use rdkafka::message::BorrowedMessage;

use super::lag::Lag;
use super::partitions::{AssignedPartition, Partitions};
use crate::error::{Error, Result};
use crate::kafka::client::broker::positions;
use crate::kafka::client::context::Seen;
use crate::kafka::client::source_client::SourceClient;
use crate::kafka::intake::{Intake, Watermark};
use crate::kafka::start::extent::{Extent, Extents, StartPlace};
use crate::kafka::start::position::StartPosition;

#[derive(Default)]
pub struct Fetching {
    partitions: Partitions,
    /// Records were polled that the intake has not taken: the client's position is beyond what was offered.
    has_waiting: bool,
    lag: Lag,
}

impl Fetching {
    /// Adds a partition; nothing is fetched yet.
    pub fn add(&mut self, start: &StartPosition) {
        self.partitions.add(start);
    }

    /// The index of the message's partition, if it is assigned.
    #[inline]
    pub fn of(&mut self, message: &BorrowedMessage<'_>) -> Option<usize> {
        self.partitions.of(message)
    }

    #[inline]
    pub fn partition(&mut self, at: usize) -> &mut AssignedPartition {
        self.partitions.get(at)
    }

    pub fn all_done(&self) -> bool {
        self.partitions.all_done()
    }

    /// Topic and id of each partition.
    pub fn known(&self) -> Vec<(Arc<str>, i32)> {
        self.partitions.iter().map(|partition| (Arc::clone(partition.topic()), partition.id())).collect()
    }

    /// Those of the partitions that are in `list`.
    pub fn known_in(&self, list: &TopicPartitionList) -> Vec<(Arc<str>, i32)> {
        let mut known = self.known();
        known.retain(|(topic, id)| list.find_partition(topic, *id).is_some());
        known
    }

    /// The next offset of each partition.
    pub fn positions(&self) -> Vec<Watermark> {
        self.partitions.iter().map(|p| (Arc::clone(p.topic()), p.id(), p.next())).collect()
    }

    /// The partitions that are still read, by topic.
    pub fn open_by_topic(&self) -> Vec<(Arc<str>, Vec<i32>)> {
        let mut open: Vec<(Arc<str>, Vec<i32>)> = Vec::new();
        for partition in self.partitions.iter().filter(|partition| !partition.is_done()) {
            match open.iter_mut().find(|(topic, _)| topic == partition.topic()) {
                Some((_, ids)) => ids.push(partition.id()),
                None => open.push((Arc::clone(partition.topic()), vec![partition.id()])),
            }
        }
        open
    }

    /// Fetches all partitions that are still to be read.
    pub fn begin(&self, client: &SourceClient) -> Result<()> {
        self.assign(client, &self.partitions.open())
    }

    /// Adds partitions that were found while others are read, and fetches them.
    pub fn begin_new(&mut self, client: &SourceClient, found: &[StartPosition]) -> Result<()> {
        let first = self.partitions.iter().count();
        found.iter().for_each(|start| self.partitions.add(start));
        self.assign(client, &(first..self.partitions.iter().count()).collect::<Vec<_>>())?;
        self.keep_paused(client)
    }

    /// Adds the partitions that the group has assigned, and fetches them: the answer to the group. It names also those that
    /// have nothing to read.
    pub fn begin_assigned(&mut self, client: &SourceClient, found: &[StartPosition]) -> Result<()> {
        found.iter().for_each(|start| self.partitions.add(start));
        client.assign(&positions(found.iter().map(|start| (&start.topic, start.partition, start.start)))?)?;
        self.keep_paused(client)
    }

    /// While polled records wait, nothing may come from new partitions either.
    fn keep_paused(&self, client: &SourceClient) -> Result<()> {
        if self.has_waiting { client.pause_all() } else { Ok(()) }
    }

    /// Forgets partitions that go to another process.
    pub fn forget(&mut self, gone: &[(Arc<str>, i32)]) {
        self.partitions.remove(|partition| gone.iter().any(|(t, id)| t == partition.topic() && *id == partition.id()));
    }

    /// Tells the client to fetch these from where they are.
    fn assign(&self, client: &SourceClient, indexes: &[usize]) -> Result<()> {
        if indexes.is_empty() {
            return Ok(());
        }
        client.assign(&positions(indexes.iter().map(|&at| self.partitions.at(at).position()))?)
    }

    /// Moves past offsets that hold no record, such as transaction markers. The client's position is beyond them; the offset of the last
    /// record that came is not.
    pub fn advance(&mut self, client: &SourceClient, intake: &mut dyn Intake) -> Result<()> {
        if self.has_waiting {
            return Ok(());
        }
        let Ok(list) = client.consumer().position() else { return Ok(()) };
        for element in list.elements() {
            let Offset::Offset(position) = element.offset() else { continue };
            let Some(at) = self.partitions.find(element.topic(), element.partition()) else { continue };
            let partition = self.partitions.get(at);
            if partition.is_done() {
                continue;
            }
            if partition.reached(position) {
                self.finish(client, at, intake)?;
            } else if position > partition.next() {
                partition.go_on_at(position);
                intake.passed(partition.topic(), partition.id(), position);
            }
        }
        Ok(())
    }

    /// A partition has been read to its stop.
    pub fn finish(&mut self, client: &SourceClient, at: usize, intake: &mut dyn Intake) -> Result<()> {
        let partition = self.partitions.get(at);
        partition.finish();
        if partition.has_stop() {
            intake.passed(partition.topic(), partition.id(), partition.next());
        }
        self.fetch_no_more(client, at)
    }

    /// The client has reached the end of the partition with this number. A partition's end is never below the stop that was
    /// fixed earlier.
    pub fn end_of_partition(&mut self, client: &SourceClient, id: i32, intake: &mut dyn Intake) -> Result<()> {
        self.advance(client, intake)?;
        match self.partitions.only(id) {
            Some(at) if !self.partitions.at(at).is_done() && self.partitions.at(at).has_stop() => {
                self.finish(client, at, intake)
            }
            _ => Ok(()),
        }
    }

    /// A record came that isn't needed: its partition is done, or it lies before an offset where reading went on.
    #[cold]
    pub fn unwanted(&mut self, client: &SourceClient, at: usize) -> Result<()> {
        if self.partitions.at(at).is_done() && client.in_group() { self.fetch_no_more(client, at) } else { Ok(()) }
    }

    /// A member of a group keeps its partition and pauses it. Giving it up would count as an answer to a rebalance.
    fn fetch_no_more(&mut self, client: &SourceClient, at: usize) -> Result<()> {
        self.partitions.forget_last_message();
        let list = positions([self.partitions.at(at).position()])?;
        if client.in_group() { client.pause(&list) } else { client.unassign(&list) }
    }

    /// The client's queue was empty: what it had fetched has been offered.
    pub fn drained(&mut self, client: &SourceClient, intake: &mut dyn Intake) -> Result<()> {
        for at in self.partitions.open() {
            if self.partitions.at(at).is_fetched() {
                self.finish(client, at, intake)?;
            }
        }
        Ok(())
    }

    /// Whether polled records wait until the intake takes them. Meanwhile nothing is fetched.
    pub fn has_waiting(&self) -> bool {
        self.has_waiting
    }

    /// The intake is full: from here on polled records wait, and nothing is fetched.
    pub fn hold(&mut self, client: &SourceClient) -> Result<()> {
        client.pause_all()?;
        self.has_waiting = true;
        Ok(())
    }

    /// The intake has taken all polled records. The pause has emptied the client's queue, so its records are fetched again.
    pub fn go_on(&mut self, client: &SourceClient) -> Result<()> {
        self.has_waiting = false;
        self.partitions.queue_emptied(Instant::now());
        let open = self.partitions.iter().filter(|partition| !partition.is_done());
        client.unpause(&positions(open.map(AssignedPartition::position))?)
    }

    /// The next record of some partition isn't there. Those that are outside of `extents` go on at their first record.
    pub fn go_on_in_range(&mut self, client: &SourceClient, extents: &Extents, intake: &mut dyn Intake) -> Result<()> {
        let mut outside = Vec::new();
        for (topic, extent) in extents {
            let Some(at) = self.partitions.find(topic, extent.partition) else { continue };
            let partition = self.partitions.get(at);
            if partition.is_done() || extent.holds(partition.next()) {
                continue;
            }
            let place = extent.go_on(partition.next());
            if client.is_assigned_elsewhere() && !client.source().may_pass_over_lost_records() {
                return Err(gone(topic, extent, partition.next(), &place));
            }
            extent.warn_of_jump(topic, partition.next(), &place);
            if place.missed > 0 {
                intake.missed(place.missed);
                intake.passed(topic, extent.partition, place.start);
            } else {
                intake.started_over(topic, extent.partition, place.start);
            }
            partition.go_on_at(place.start);
            outside.push(at);
        }
        // If none is out of range any more, any of them may be the one that the client has stopped fetching.
        let again = if outside.is_empty() { self.partitions.open() } else { outside };
        self.partitions.forget_last_message();
        // Assigned again: a seek doesn't work for one that isn't fetched.
        client.unassign(&positions(again.iter().map(|&at| self.partitions.at(at).position()))?)?;
        self.partitions.queue_emptied(Instant::now());
        self.assign(client, &again)
    }

    /// The partitions, by topic, that have stood still for so long that the brokers must be asked for their ends.
    pub fn standing_still(&mut self, now: Instant) -> Vec<(Arc<str>, Vec<i32>)> {
        let mut still: Vec<(Arc<str>, Vec<i32>)> = Vec::new();
        if self.has_waiting {
            self.partitions.excuse(now);
            return still;
        }
        for at in self.partitions.open() {
            let partition = self.partitions.get(at);
            if !partition.is_still(now) {
                continue;
            }
            let (topic, id) = (Arc::clone(partition.topic()), partition.id());
            match still.iter_mut().find(|(known, _)| *known == topic) {
                Some((_, ids)) => ids.push(id),
                None => still.push((topic, vec![id])),
            }
        }
        still
    }

    /// Assigns those partitions again that stand still and have records at their position. Says whether one is out of range.
    pub fn assign_stuck(&mut self, client: &SourceClient, extents: &Extents, now: Instant) -> Result<bool> {
        let (mut stuck, mut is_outside) = (Vec::new(), false);
        for (topic, extent) in extents {
            let Some(at) = self.partitions.find(topic, extent.partition) else { continue };
            let partition = self.partitions.get(at);
            if partition.is_done() || !partition.is_stuck(extent.high, now) {
                continue;
            }
            let next = partition.next();
            if !extent.holds(next) {
                is_outside = true;
                continue;
            }
            log::warn!(
                "{topic}[{}]: nothing was read for a while, at offset {next} of {}; the Kafka client is told again to read it",
                extent.partition,
                extent.high
            );
            stuck.push(at);
        }
        if !stuck.is_empty() {
            self.partitions.forget_last_message();
            client.unassign(&positions(stuck.iter().map(|&at| self.partitions.at(at).position()))?)?;
            self.partitions.queue_emptied(now);
            self.assign(client, &stuck)?;
        }
        Ok(is_outside)
    }

    /// Learns from statistics that came just before `now`.
    pub fn learn(&mut self, seen: &[Seen], now: Instant) {
        self.partitions.learn(seen, now);
    }

    /// How far the job is behind; any thread may read it.
    pub fn lag(&self) -> Lag {
        self.lag.clone()
    }

    /// Measures the lag again, by what is durable now.
    pub fn measure_lag(&mut self, durable: &[Watermark]) {
        self.partitions.note_durable(durable);
        self.lag.set(self.partitions.lag());
    }
}

/// With exactly-once: records that were not read are gone, or the topic is another one.
fn gone(topic: &str, extent: &Extent, next: i64, place: &StartPlace) -> Error {
    let (id, low, high) = (extent.partition, extent.low, extent.high);
    Error::Source(match place.missed {
        0 => format!(
            "{topic}[{id}]: everything before offset {next} has been read, but the partition ends at {high}: the topic was \
             deleted and created again, or the brokers lost records; delete its rows of the ledger, or give the job another \
             'pipeline.name'"
        ),
        missed => format!(
            "{topic}[{id}]: offsets {next} to {} are gone before this job read them: {missed} records are lost; to go on without \
             them set 'properties.auto.offset.reset' = 'earliest'",
            low - 1
        ),
    })
}
