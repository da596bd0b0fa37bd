//! Where rows come in: from Kafka topics, read by a thread of ours, and from the host program, pushed by its own threads.
//! And where their schemas come from: a registry.

#[cfg(feature = "kafka")]
mod jaas;
#[cfg(feature = "kafka")]
mod kafka;
pub mod push;
#[cfg(feature = "kafka")]
pub mod registry;
#[cfg(feature = "kafka")]
mod stores;

#[cfg(feature = "kafka")]
pub use kafka::*;
