//! Looks up the schemas that messages name by a number.

#[cfg(feature = "kafka")]
pub mod client;
pub mod schemas;
