//! Reading: one thread polls the client and offers each record to the intake.

pub(super) mod headers;
pub(super) mod native;
pub(super) mod partitions;
pub(super) mod polls;
pub(super) mod range;
pub(super) mod reader;
pub(super) mod resolve;
pub(super) mod upkeep;
