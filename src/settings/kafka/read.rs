//! Makes a Kafka source of a table's options.

use std::time::Duration;

use super::options::{
    BOUNDED_MODE, BOUNDED_OFFSETS, BOUNDED_TIMESTAMP, BoundedMode, GROUP_ID, STARTUP_MODE, STARTUP_OFFSETS,
    STARTUP_TIMESTAMP, SourceOption, SourceOptions, StartupMode, TOPIC, TOPIC_PATTERN,
};
use super::{Bounded, KafkaSource, Startup};
use crate::options::TableOptions;
use crate::settings::topics::{TopicPattern, Topics};

/// Makes the source. Each option was checked alone; here they are checked together.
pub fn finish(options: &mut TableOptions<'_>, given: SourceOptions) -> KafkaSource {
    let topics = topic_selection(options, given.topics, given.topic_pattern);
    // A list of offsets is for the partitions of a single topic.
    let one_topic = topics.is_none() || matches!(&topics, Some(Topics::Named(names)) if names.len() == 1);
    let startup = match given.startup_mode {
        StartupMode::Earliest => Some(Startup::Earliest),
        StartupMode::Latest => Some(Startup::Latest),
        StartupMode::GroupOffsets => {
            if !options.is_set(&GROUP_ID) {
                options.error(
                    &STARTUP_MODE,
                    "= 'group-offsets' (the default) needs 'properties.group.id'; without a group use earliest-offset, \
                     latest-offset, timestamp or specific-offsets",
                );
            }
            Some(Startup::GroupOffsets)
        }
        StartupMode::Timestamp => {
            needs(options, &STARTUP_MODE, "timestamp", &STARTUP_TIMESTAMP);
            given.startup_timestamp.map(Startup::Timestamp)
        }
        StartupMode::SpecificOffsets => {
            needs_offsets(options, &STARTUP_MODE, &STARTUP_OFFSETS, one_topic);
            given.startup_offsets.map(Startup::SpecificOffsets)
        }
    };
    let bounded = match given.bounded_mode {
        BoundedMode::Unbounded => Some(Bounded::Unbounded),
        BoundedMode::Latest => Some(Bounded::Latest),
        BoundedMode::GroupOffsets => {
            if !options.is_set(&GROUP_ID) {
                options.error(&BOUNDED_MODE, "= 'group-offsets' needs 'properties.group.id'");
            }
            Some(Bounded::GroupOffsets)
        }
        BoundedMode::Timestamp => {
            needs(options, &BOUNDED_MODE, "timestamp", &BOUNDED_TIMESTAMP);
            given.bounded_timestamp.map(Bounded::Timestamp)
        }
        BoundedMode::SpecificOffsets => {
            needs_offsets(options, &BOUNDED_MODE, &BOUNDED_OFFSETS, one_topic);
            given.bounded_offsets.map(Bounded::SpecificOffsets)
        }
    };
    let mut kafka = given.kafka;
    kafka.topics = topics.unwrap_or_default();
    kafka.startup = startup.unwrap_or_default();
    kafka.bounded = bounded.unwrap_or_default();
    // A source with an end reads only the partitions that exist at the start.
    let is_unbounded = kafka.bounded == Bounded::Unbounded;
    kafka.discovery_interval = kafka.discovery_interval.filter(|interval| *interval > Duration::ZERO && is_unbounded);
    kafka
}

fn needs(options: &mut TableOptions<'_>, mode: &SourceOption, chosen: &str, needed: &SourceOption) {
    if !options.is_set(needed) {
        options.error(mode, &format!("= '{chosen}' needs '{}'", needed.name));
    }
}

fn needs_offsets(options: &mut TableOptions<'_>, mode: &SourceOption, offsets: &SourceOption, one_topic: bool) {
    needs(options, mode, "specific-offsets", offsets);
    if !one_topic {
        options.error(mode, "= 'specific-offsets' needs a single topic: the offsets are those of its partitions");
    }
}

/// `None`: the options are wrong, and an error was added.
fn topic_selection(
    options: &mut TableOptions<'_>,
    named: Option<Vec<String>>,
    pattern: Option<TopicPattern>,
) -> Option<Topics> {
    match (options.is_set(&TOPIC), options.is_set(&TOPIC_PATTERN)) {
        (true, true) => {
            options.error(&TOPIC_PATTERN, "can't be set together with 'topic'; take one of them out");
            None
        }
        (false, true) => pattern.map(Topics::Matching),
        (true, false) => named.map(Topics::Named),
        (false, false) => {
            options.error(&TOPIC, "is required, or 'topic-pattern'");
            None
        }
    }
}
