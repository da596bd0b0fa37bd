//! A member of a consumer group, which shares the partitions among its members.

pub(super) mod member;
pub(super) mod membership;
