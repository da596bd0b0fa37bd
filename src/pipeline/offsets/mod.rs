//! A job's progress for people: what the ledger and the consumer groups have, and how it is set to other offsets.

mod reset;
mod running;
mod same;
mod show;

pub use self::reset::{PlannedReset, ResetOptions, ResetTo, plan_reset};
pub use self::show::{StreamOffsets, show_offsets};
