//! Options of a job file: of its sources, and of SET.

pub mod groups;
mod message;
pub mod set;
pub(crate) mod source;
