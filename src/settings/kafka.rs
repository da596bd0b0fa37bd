//! Which topics are read, from where to where, and by whom.

use std::fmt;
use std::time::Duration;

use crate::settings::topics::Topics;

#[derive(Clone, PartialEq)]
pub struct KafkaSource {
    /// `host:port,…`
    pub brokers: String,
    pub topics: Topics,
    pub group_id: Option<String>,
    pub startup: Startup,
    pub bounded: Bounded,
    pub assignment: Assignment,
    /// How often to look for new topics and partitions. `None`: never.
    pub discovery_interval: Option<Duration>,
    /// `properties.auto.offset.reset`, only meaningful with [`Startup::GroupOffsets`].
    pub auto_offset_reset: Option<OffsetReset>,
    /// `properties.*` without the prefix, as the job file has them (Java client names), in its order.
    pub properties: Vec<(String, String)>,
}

impl fmt::Debug for KafkaSource {
    /// The properties' values hold logins and keys, so only their names are shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let properties: Vec<&str> = self.properties.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("KafkaSource")
            .field("brokers", &self.brokers)
            .field("topics", &self.topics)
            .field("group_id", &self.group_id)
            .field("startup", &self.startup)
            .field("bounded", &self.bounded)
            .field("assignment", &self.assignment)
            .field("discovery_interval", &self.discovery_interval)
            .field("auto_offset_reset", &self.auto_offset_reset)
            .field("properties", &properties)
            .finish()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OffsetReset {
    Earliest,
    Latest,
    None,
}

/// `scan.startup.mode`: where a partition without stored progress is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Startup {
    Earliest,
    Latest,
    GroupOffsets,
    /// Milliseconds since the epoch.
    Timestamp(i64),
    SpecificOffsets(PartitionOffsets),
}

/// `scan.bounded.mode`: where reading ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bounded {
    Unbounded,
    Latest,
    GroupOffsets,
    /// Milliseconds since the epoch.
    Timestamp(i64),
    SpecificOffsets(PartitionOffsets),
}

/// An offset for some of a topic's partitions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartitionOffsets(pub Vec<(i32, i64)>);

impl PartitionOffsets {
    /// The last one given for the partition.
    pub fn of(&self, partition: i32) -> Option<i64> {
        self.0.iter().rev().find(|(id, _)| *id == partition).map(|(_, offset)| *offset)
    }
}

/// `scan.assignment`: who decides which partitions this process reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assignment {
    /// It reads all of them.
    Manual,
    /// The consumer group shares them among its members.
    Group,
}
