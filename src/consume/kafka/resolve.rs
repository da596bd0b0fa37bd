//! Which partitions a source has, and where each starts and ends: asked at start, and when new ones are looked for.

use std::sync::Arc;
use std::time::Duration;

use super::offsets::Broker;
use super::reader::Reader;
use super::start::{Origin, Rules, StartPosition};
use crate::error::{Error, Result};
use crate::settings::{Bounded, PartitionOffsets, Startup};
use crate::topics::Topics;

/// How long brokers may be silent at start.
const START_TIMEOUT: Duration = Duration::from_secs(30);

impl Reader {
    pub(super) fn resolve(&mut self) -> Result<()> {
        let kafka = &self.source.kafka;
        let broker = Broker::new(&self.consumer, &kafka.brokers, START_TIMEOUT, true);
        let rules = Rules::new(&self.resume, kafka);
        let mut refused = false;
        let mut found = Vec::new();
        for topic in broker.topics(&kafka.topics)? {
            let ids = broker.partitions(&topic)?;
            self.check_offsets(&topic, &ids);
            let extents = broker.extents(&topic, &ids, kafka, &mut refused)?;
            let starts = rules.resolve(&topic, &extents).map_err(Error::Source)?;
            let name: Arc<str> = Arc::from(topic.as_str());
            for (extent, (start, origin)) in extents.iter().zip(starts) {
                let stop = rules.stop(&topic, extent, start).map_err(Error::Source)?;
                let (topic, partition, end) = (Arc::clone(&name), extent.partition, extent.high);
                let position = StartPosition { topic, partition, start, origin, stop, end };
                rules.warn_of_jump(extent, &position);
                found.push(position);
            }
        }
        if found.is_empty() {
            self.warn_of_no_topic()?;
        }
        if refused && self.in_group() {
            return Err(Error::Source(format!(
                "Kafka doesn't let this login use group '{}', and 'scan.assignment' is 'group'; allow READ on the group",
                self.resume.group
            )));
        }
        if refused {
            self.offsets_refused("reading them is not allowed");
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
        let kafka = &self.source.kafka;
        let what = format!("no topic at {} matches 'topic-pattern' {:?}", kafka.brokers, pattern(&kafka.topics));
        match kafka.discovery_interval {
            Some(interval) => {
                log::warn!("table {}: {what} yet; the next look is in {interval:?}", self.source.table);
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
        if let Startup::SpecificOffsets(offsets) = &self.source.kafka.startup {
            warn("scan.startup.specific-offsets", offsets);
        }
        if let Bounded::SpecificOffsets(offsets) = &self.source.kafka.bounded {
            warn("scan.bounded.specific-offsets", offsets);
        }
    }

    /// Partitions that came after the start, in old topics and new ones.
    pub(super) fn new_partitions(&self) -> Vec<StartPosition> {
        let broker = self.broker();
        let mut found = Vec::new();
        for topic in broker.topics(&self.source.kafka.topics).unwrap_or_default() {
            let Ok(ids) = broker.partitions(&topic) else { continue };
            for id in ids.into_iter().filter(|&id| self.partitions.find(&topic, id).is_none()) {
                let Ok((low, end)) = broker.watermarks(&topic, id) else { continue };
                // All of a topic's partitions share its name.
                let name = self.partitions.iter().find(|p| *p.topic == *topic).map(|p| Arc::clone(&p.topic));
                let topic = name.unwrap_or_else(|| Arc::from(topic.as_str()));
                let origin = Origin::NewPartition;
                found.push(StartPosition { topic, partition: id, start: low, origin, stop: None, end });
            }
        }
        found
    }
}

fn pattern(topics: &Topics) -> String {
    match topics {
        Topics::Matching(pattern) => pattern.to_string(),
        Topics::Named(names) => names.join(";"),
    }
}
