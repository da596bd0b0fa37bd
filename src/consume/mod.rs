//! Where rows come in: from Kafka topics, read by a thread of ours, and from the host program, pushed by its own threads.

#[cfg(feature = "kafka")]
mod kafka;
pub mod push;

#[cfg(feature = "kafka")]
pub use kafka::*;
