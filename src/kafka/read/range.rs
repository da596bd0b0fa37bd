//! What happens when a partition's next record isn't there: retention has deleted it, or the topic was created again.

use std::sync::Arc;
use std::time::Instant;

use rdkafka::consumer::Consumer;

use super::reader::KafkaReader;
use crate::error::{Error, Result};
use crate::kafka::Intake;
use crate::kafka::client::broker::positions;
use crate::kafka::client::question::Aside;
use crate::kafka::start::{Extent, Extents};

impl KafkaReader {
    /// Asks which partition's next record is out of range, since the client doesn't say, and goes on at its first record.
    /// Meanwhile the other partitions are read.
    pub(in crate::kafka) fn check_range(&mut self, intake: &mut dyn Intake) -> Result<()> {
        if self.out_of_range && self.questions.range.is_none() {
            self.out_of_range = false;
            self.questions.range = Some(self.ask_range()?);
        }
        // Records that are held back are processed first: they exist. And while the group waits for an answer to a rebalance, an
        // assignment made here would count as that answer.
        if self.holding || self.questions.given.is_some() || self.releasing.is_some() {
            return Ok(());
        }
        let Some(answer) = self.questions.range.as_ref().and_then(Aside::answer) else { return Ok(()) };
        self.questions.range = None;
        match answer {
            Ok(extents) => self.go_on_in_range(&extents, intake),
            Err(error) => {
                log::warn!(
                    "the next record of some partition is out of range; it isn't known yet of which one: {error}"
                );
                self.out_of_range = true;
                Ok(())
            }
        }
    }

    fn ask_range(&self) -> Result<Aside<Extents>> {
        let mut open: Vec<(Arc<str>, Vec<i32>)> = Vec::new();
        for partition in self.partitions.iter().filter(|partition| !partition.done) {
            match open.iter_mut().find(|(topic, _)| *topic == partition.topic) {
                Some((_, ids)) => ids.push(partition.id),
                None => open.push((Arc::clone(&partition.topic), vec![partition.id])),
            }
        }
        self.ask(move |broker, _| {
            let mut extents = Vec::new();
            for (topic, ids) in &open {
                extents.extend(broker.bounds(topic, ids)?.into_iter().map(|extent| (Arc::clone(topic), extent)));
            }
            Ok(extents)
        })
    }

    fn go_on_in_range(&mut self, extents: &[(Arc<str>, Extent)], intake: &mut dyn Intake) -> Result<()> {
        let mut outside = Vec::new();
        for (topic, extent) in extents {
            let Some(at) = self.partitions.find(topic, extent.partition) else { continue };
            let partition = self.partitions.get(at);
            if partition.done || extent.holds(partition.next) {
                continue;
            }
            let place = extent.go_on(partition.next);
            extent.warn_of_jump(topic, partition.next, &place);
            if place.missed > 0 {
                intake.missed(place.missed);
                intake.passed(topic, extent.partition, place.start);
            } else {
                intake.started_over(topic, extent.partition, place.start);
            }
            partition.next = place.start;
            outside.push(at);
        }
        // If none is out of range any more, any of them may be the one that the client has stopped fetching.
        let again = if outside.is_empty() { self.partitions.open() } else { outside };
        let list = positions(again.iter().map(|&at| self.partitions.at(at)).map(|p| (&p.topic, p.id, p.next)))?;
        self.partitions.let_go();
        // Assigned again: a seek doesn't work for one that isn't fetched.
        self.consumer
            .incremental_unassign(&list)
            .map_err(|error| Error::Source(format!("the Kafka client can't give up its partitions: {error}")))?;
        self.partitions.queue_emptied(Instant::now());
        self.assign(&again)
    }
}
