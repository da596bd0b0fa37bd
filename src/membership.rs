//! Whose partition is it? What a group of processes says of itself to those who write the rows.

/// A process's membership in the group that shares the partitions.
pub trait Membership: Send + Sync {
    /// The group's name: the same for all of its members, and no other group's.
    fn group(&self) -> &str;

    /// Asks the group whether the partition still is this process's. The error says why that isn't certain.
    fn confirm(&self, topic: &str, partition: i32) -> std::result::Result<(), String>;
}
