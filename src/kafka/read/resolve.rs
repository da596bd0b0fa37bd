//! Which partitions a source has, and where each starts and ends: asked at start, and when new ones are looked for.

use std::sync::Arc;
use std::time::Duration;

use super::reader::KafkaReader;
use crate::error::{Error, Result};
use crate::kafka::Intake;
use crate::kafka::client::broker::Broker;
use crate::kafka::client::question::Aside;
use crate::kafka::start::{StartPlace, StartPosition, StartReason, StartRules};
use crate::settings::kafka::{Bounded, PartitionOffsets, Startup};
use crate::settings::topics::Topics;

/// How long brokers may be silent at start.
const START_TIMEOUT: Duration = Duration::from_secs(30);

impl KafkaReader {
    pub(in crate::kafka) fn resolve(&mut self) -> Result<()> {
        let kafka = &self.source;
        let patience = self.resume.patience.unwrap_or_default().max(START_TIMEOUT);
        let broker = Broker::new(&self.consumer, &kafka.brokers, patience, true);
        let rules = StartRules::new(&self.resume, kafka);
        let mut refused = false;
        let mut found = Vec::new();
        for topic in broker.topics(&kafka.topics)? {
            let ids = broker.partitions(&topic)?;
            self.check_offsets(&topic, &ids);
            let extents = broker.extents(&topic, &ids, kafka, &mut refused)?;
            let places = rules.resolve(&topic, &extents).map_err(Error::Source)?;
            let name: Arc<str> = Arc::from(topic.as_str());
            for (extent, place) in extents.iter().zip(places) {
                let StartPlace { start, origin, missed } = place;
                let stop = rules.stop(&topic, extent, start).map_err(Error::Source)?;
                let progress = extent.commit.as_ref().map_or(start, |commit| commit.offset);
                extent.warn_of_jump(&topic, progress, &place);
                let (topic, partition, end) = (Arc::clone(&name), extent.partition, extent.high);
                found.push(StartPosition { topic, partition, start, origin, stop, end, missed });
            }
        }
        if found.is_empty() {
            self.warn_of_no_topic()?;
        }
        if refused && self.in_group() {
            return Err(Error::Source(format!(
                "this login may not use group '{}', which 'scan.assignment' = 'group' needs; grant it READ on the group",
                self.resume.group
            )));
        }
        if refused {
            self.warn_of_no_progress();
        }
        self.starts = found;
        if !self.in_group() {
            self.starts.iter().for_each(|position| self.partitions.add(position));
        }
        self.lag.set(self.partitions.lag());
        Ok(())
    }

    /// Nothing matches the pattern. That may change while the job runs, if it looks.
    fn warn_of_no_topic(&self) -> Result<()> {
        let kafka = &self.source;
        let what = format!("no topic at {} matches 'topic-pattern' {:?}", kafka.brokers, pattern(&kafka.topics));
        match kafka.discovery_interval {
            Some(interval) => {
                log::warn!("table {}: {what} yet; the next look is in {interval:?}", self.table);
                Ok(())
            }
            None if kafka.bounded == Bounded::Unbounded => Err(Error::Source(format!(
                "{what}, and 'scan.topic-partition-discovery.interval' is 0, so none would ever be found"
            ))),
            None => Err(Error::Source(format!("{what}, and the source is bounded: there is nothing to read"))),
        }
    }

    /// An offset for a partition that isn't there is probably a mistake.
    fn check_offsets(&self, topic: &str, ids: &[i32]) {
        let warn = |option: &str, offsets: &PartitionOffsets| {
            for (id, _) in offsets.0.iter().filter(|(id, _)| !ids.contains(id)) {
                log::warn!("'{option}' names partition {id}, which topic '{topic}' doesn't have");
            }
        };
        if let Startup::SpecificOffsets(offsets) = &self.source.startup {
            warn("scan.startup.specific-offsets", offsets);
        }
        if let Bounded::SpecificOffsets(offsets) = &self.source.bounded {
            warn("scan.bounded.specific-offsets", offsets);
        }
    }

    /// Looks for partitions that came after the start. A member of a group only looks for topics: it is given the partitions.
    pub(in crate::kafka) fn look_for_partitions(&mut self) -> Result<()> {
        if self.in_group() {
            if matches!(self.source.topics, Topics::Matching(_)) && self.questions.topics.is_none() {
                self.questions.topics = Some(self.ask(|broker, kafka| broker.topics(&kafka.topics))?);
            }
        } else if self.questions.new.is_none() {
            let known: Vec<(Arc<str>, i32)> =
                self.partitions.iter().map(|partition| (Arc::clone(&partition.topic), partition.id)).collect();
            self.questions.new = Some(self.ask(move |broker, kafka| new_partitions(broker, &kafka.topics, &known))?);
        }
        Ok(())
    }

    /// Reads the partitions that were found, from their beginning.
    pub(in crate::kafka) fn add_new_partitions(&mut self, intake: &mut dyn Intake) -> Result<()> {
        let Some(answer) = self.questions.new.as_ref().and_then(Aside::answer) else { return Ok(()) };
        self.questions.new = None;
        let found = answer.unwrap_or_else(|error| {
            log::debug!("new partitions can't be looked for: {error}");
            Vec::new()
        });
        if found.is_empty() {
            return Ok(());
        }
        let first = self.partitions.iter().count();
        for position in found {
            log::info!("{position}");
            intake.assigned(&position.topic, position.partition, position.start);
            self.partitions.add(&position);
            self.starts.push(position);
        }
        self.assign(&(first..self.partitions.iter().count()).collect::<Vec<_>>())?;
        // While the intake is full nothing may come from the new ones either.
        if self.holding { self.pause() } else { Ok(()) }
    }
}

/// Partitions that aren't `known`, in old topics and new ones.
fn new_partitions(broker: &Broker<'_>, topics: &Topics, known: &[(Arc<str>, i32)]) -> Result<Vec<StartPosition>> {
    let mut found = Vec::new();
    for topic in broker.topics(topics)? {
        // A single topic may be gone, or without a leader; the next search finds what this one doesn't.
        let Ok(mut ids) = broker.partitions(&topic) else { continue };
        ids.retain(|id| !known.iter().any(|(name, known)| **name == *topic && known == id));
        let Ok(extents) = broker.bounds(&topic, &ids) else { continue };
        // All of a topic's partitions share its name.
        let name = known.iter().find(|(name, _)| **name == *topic).map(|(name, _)| Arc::clone(name));
        let name = name.unwrap_or_else(|| Arc::from(topic.as_str()));
        found.extend(extents.iter().map(|extent| StartPosition {
            topic: Arc::clone(&name),
            partition: extent.partition,
            start: extent.low,
            origin: StartReason::NewPartition,
            stop: None,
            end: extent.high,
            missed: 0,
        }));
    }
    Ok(found)
}

fn pattern(topics: &Topics) -> String {
    match topics {
        Topics::Matching(pattern) => pattern.to_string(),
        Topics::Named(names) => names.join(";"),
    }
}
