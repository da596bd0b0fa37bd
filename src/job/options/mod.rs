//! Options of a job file: of its sources, and of SET.

pub mod groups;
pub(crate) mod kafka;
mod message;
mod scan;
pub mod setting;
pub(crate) mod upsert_kafka;
