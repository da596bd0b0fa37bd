//! Reading: one thread polls the client and offers each record to the intake.

pub mod client_errors;
pub mod discovery;
pub mod fetching;
pub mod headers;
pub mod lag;
pub mod partitions;
pub mod polls;
pub mod range;
pub mod reader;
pub mod stall;
pub mod standstill;
pub mod starts;
pub mod upkeep;
