//! A member of a consumer group, which shares the partitions among its members: `scan.assignment = 'group'`.

pub mod absence;
pub mod fenced;
pub mod member;
pub mod others;
pub mod rebalancing;
pub mod subscription;
pub mod takeover;
