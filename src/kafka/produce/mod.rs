//! Producers: lines of text into a topic, and messages that must not be lost.

pub(super) mod lines;
pub(super) mod publisher;
