//! A Kafka source of a table's options.

use std::time::Duration;

use super::options::{
    BOUNDED_MODE, BOUNDED_OFFSETS, BOUNDED_TIMESTAMP, BoundedMode, GROUP_ID, STARTUP_MODE, STARTUP_OFFSETS,
    STARTUP_TIMESTAMP, SourceOption, SourceOptions, StartupMode, TOPIC, TOPIC_PATTERN,
};
use super::{Bounded, KafkaSource, PartitionOffsets, Startup};
use crate::options::TableOptions;
use crate::options::value_types::is_topic;
use crate::settings::topics::{TopicPattern, Topics};

/// The source of options that are right one by one.
pub fn finish(options: &mut TableOptions<'_>, given: SourceOptions) -> KafkaSource {
    let topics = topic_selection(options, given.topics, given.topic_pattern);
    // One list of offsets can't be for several topics.
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
    // A source with an end reads the partitions that are there at the start.
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

/// `None`: what was given is wrong, and has been refused.
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

/// The topics of a list, each once.
pub fn topics(text: &str) -> Result<Vec<String>, String> {
    let mut topics: Vec<String> = Vec::new();
    for topic in text.split(';').map(str::trim).filter(|topic| !topic.is_empty()) {
        if !is_topic(topic) {
            return Err(match topic.contains(',') {
                true => "has a ',' in it; several topics are separated by ';'".into(),
                false => "is no topic's name: letters, digits, '.', '_' and '-' are".into(),
            });
        }
        if !topics.iter().any(|known| known == topic) {
            topics.push(topic.to_owned());
        }
    }
    if topics.is_empty() { Err("must name a topic".into()) } else { Ok(topics) }
}

/// The names of a list of columns.
pub fn key_fields(text: &str) -> Result<Vec<String>, String> {
    let names = text.split(';').map(str::trim).filter(|name| !name.is_empty());
    let names: Vec<String> = names.map(str::to_owned).collect();
    if names.is_empty() { Err("must name a column".into()) } else { Ok(names) }
}

pub fn brokers(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("must not be empty".into());
    }
    if text.contains(['<', '>']) {
        return Err("has a bracket in it; fill in your brokers' names".into());
    }
    Ok(text.to_string())
}

/// `partition:0,offset:42;partition:1,offset:300`, without blanks.
pub fn partition_offsets(text: &str) -> Result<PartitionOffsets, String> {
    let number = |text: &str, name: &str| {
        let digits = text.strip_prefix(name)?.strip_prefix(':')?;
        digits.chars().all(|c| c.is_ascii_digit()).then(|| digits.parse::<i64>().ok())?
    };
    let pair = |pair: &str| {
        let (partition, offset) = pair.split_once(',')?;
        Some((i32::try_from(number(partition, "partition")?).ok()?, number(offset, "offset")?))
    };
    let pairs = text.strip_suffix(';').unwrap_or(text).split(';');
    let offsets = pairs.map(|text| {
        pair(text).ok_or_else(|| {
            format!("must be like partition:0,offset:42;partition:1,offset:300, without blanks; '{text}' is not")
        })
    });
    offsets.collect::<Result<_, _>>().map(PartitionOffsets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_of_partitions_follow_flinks_strict_grammar() {
        let read = |text| partition_offsets(text).map(|offsets| offsets.0);
        assert_eq!(read("partition:0,offset:42;partition:1,offset:300"), Ok(vec![(0, 42), (1, 300)]));
        assert_eq!(read("partition:0,offset:42;"), Ok(vec![(0, 42)]), "one ';' may follow");
        assert_eq!(partition_offsets("partition:0,offset:1;partition:0,offset:2").map(|o| o.of(0)), Ok(Some(2)));
        for wrong in [
            "partition:0, offset:42",
            "partition:0,offset:42;;",
            "partition:0",
            "offset:42,partition:0",
            "partition:-1,offset:0",
            "partition:0,offset:+1",
            "partition:0,offset:",
            "partition:3000000000,offset:1",
            "0:42",
            "",
        ] {
            let error = read(wrong).expect_err(wrong);
            assert!(error.contains("partition:0,offset:42;partition:1,offset:300"), "{error}");
        }
    }
}
