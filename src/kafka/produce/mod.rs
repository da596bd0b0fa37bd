//! Producers: lines of text into a topic, and messages that must not be lost.

pub mod lines;
pub mod publisher;
