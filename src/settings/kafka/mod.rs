//! Which topics a source reads, where reading starts and ends, and which processes share the partitions.

pub(crate) mod options;
mod parse;
pub(crate) mod read;

pub use self::options::KafkaSource;
pub use self::parse::partition_offsets;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OffsetReset {
    Earliest,
    Latest,
    None,
}

/// `scan.startup.mode`: where a partition without stored progress is read from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Startup {
    #[default]
    Earliest,
    Latest,
    GroupOffsets,
    /// Milliseconds since the epoch.
    Timestamp(i64),
    SpecificOffsets(PartitionOffsets),
}

/// `scan.bounded.mode`: where reading ends.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Bounded {
    #[default]
    Unbounded,
    Latest,
    GroupOffsets,
    /// Milliseconds since the epoch.
    Timestamp(i64),
    SpecificOffsets(PartitionOffsets),
}

/// Offsets for some of a topic's partitions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartitionOffsets(pub Vec<(i32, i64)>);

impl PartitionOffsets {
    /// The offset of the partition. If it has several, the last one counts.
    pub fn of(&self, partition: i32) -> Option<i64> {
        self.0.iter().rev().find(|(id, _)| *id == partition).map(|(_, offset)| *offset)
    }
}

/// `scan.assignment`: who decides which partitions this process reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Assignment {
    /// This process reads all partitions.
    #[default]
    Manual,
    /// The consumer group shares the partitions among its members.
    Group,
}
