//! A source's records on their way into the shards of its sinks.

pub(super) mod fan_out;
pub(super) mod guard;
pub(super) mod prepare;
pub(super) mod schemas;
mod sink;
pub(super) mod source;
