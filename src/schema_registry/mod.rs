//! Looks up schemas by the ids in messages.

#[cfg(feature = "kafka")]
pub mod client;
pub mod schemas;
