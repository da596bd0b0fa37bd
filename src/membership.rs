//! Lets `postgres/`, which knows nothing of Kafka, ask the consumer group whether this process still owns a partition.

/// A process's membership in the group that shares the partitions.
pub trait Membership: Send + Sync {
    /// The group's name: the same for all of its members, different from every other group's.
    fn group(&self) -> &str;

    /// Asks the group whether the partition still belongs to this process. The error says why that isn't certain.
    fn confirm(&self, topic: &str, partition: i32) -> std::result::Result<(), String>;
}
