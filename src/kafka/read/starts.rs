//! Which partitions a source has when its job starts, and where each starts and ends.

use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::kafka::client::broker::Broker;
use crate::kafka::client::source_client::SourceClient;
use crate::kafka::start::extent::StartPlace;
use crate::kafka::start::position::StartPosition;
use crate::kafka::start::rules::StartRules;
use crate::settings::kafka::{Bounded, KafkaSource, PartitionOffsets, Startup};
use crate::settings::topics::Topics;

/// How long brokers may be silent at start.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// Checks that the topics exist, and asks where every partition starts and, if bounded, ends.
pub fn resolve(client: &SourceClient) -> Result<Vec<StartPosition>> {
    let (kafka, resume) = (client.source(), client.resume());
    let longest_wait = resume.longest_wait.unwrap_or_default().max(START_TIMEOUT);
    let broker = Broker::new(client.consumer(), &kafka.brokers, longest_wait, true);
    let rules = StartRules::new(resume, kafka);
    let mut refused = false;
    let mut found = Vec::new();
    for topic in broker.topics(&kafka.topics)? {
        let ids = broker.partitions(&topic)?;
        warn_of_unknown_partitions(kafka, &topic, &ids);
        let extents = broker.extents(&topic, &ids, kafka, &mut refused)?;
        let places = rules.resolve(&topic, &extents).map_err(Error::Source)?;
        let name: Arc<str> = Arc::from(topic.as_str());
        for (extent, place) in extents.iter().zip(places) {
            let StartPlace { start, origin, missed } = place;
            let stop = rules.stop(&topic, extent, start).map_err(Error::Source)?;
            let progress = extent.commit.as_ref().map_or(start, |commit| commit.offset);
            extent.warn_of_jump(&topic, progress, &place);
            let (topic, partition) = (Arc::clone(&name), extent.partition);
            let (first, end) = (extent.low, extent.high);
            found.push(StartPosition { topic, partition, start, origin, stop, first, end, missed });
        }
    }
    if found.is_empty() {
        warn_of_no_topic(client)?;
    }
    if refused && client.in_group() {
        return Err(Error::Source(format!(
            "this login may not use group '{}', which 'scan.assignment' = 'group' needs; grant it READ on the group",
            resume.group
        )));
    }
    if refused {
        log::warn!(
            "this login may not read the offsets of group '{}': the job starts by 'scan.startup.mode', whatever is stored; \
             grant it READ on the group to go on where the job ended",
            resume.group
        );
    }
    Ok(found)
}

/// Nothing matches the pattern. That may change while the job runs, if it looks.
fn warn_of_no_topic(client: &SourceClient) -> Result<()> {
    let kafka = client.source();
    let what = format!("no topic at {} matches 'topic-pattern' {:?}", kafka.brokers, pattern(&kafka.topics));
    match kafka.discovery_interval {
        Some(interval) => {
            log::warn!("table {}: {what} yet; the next search is in {interval:?}", client.table());
            Ok(())
        }
        None if kafka.bounded == Bounded::Unbounded => Err(Error::Source(format!(
            "{what}, and 'scan.topic-partition-discovery.interval' is 0, so none would ever be found"
        ))),
        None => Err(Error::Source(format!("{what}, and the source is bounded: there is nothing to read"))),
    }
}

/// An offset for a partition that isn't there is probably a mistake.
fn warn_of_unknown_partitions(kafka: &KafkaSource, topic: &str, ids: &[i32]) {
    let warn = |option: &str, offsets: &PartitionOffsets| {
        for (id, _) in offsets.0.iter().filter(|(id, _)| !ids.contains(id)) {
            log::warn!("'{option}' names partition {id}, which topic '{topic}' doesn't have");
        }
    };
    if let Startup::SpecificOffsets(offsets) = &kafka.startup {
        warn("scan.startup.specific-offsets", offsets);
    }
    if let Bounded::SpecificOffsets(offsets) = &kafka.bounded {
        warn("scan.bounded.specific-offsets", offsets);
    }
}

fn pattern(topics: &Topics) -> String {
    match topics {
        Topics::Matching(pattern) => pattern.to_string(),
        Topics::Named(names) => names.join(";"),
    }
}
