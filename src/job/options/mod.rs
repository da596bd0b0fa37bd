//! The options of a job file: those of its sources, and those of SET.

pub mod groups;
mod message;
pub mod set;
pub(crate) mod source;
