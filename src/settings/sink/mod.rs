//! A table that is written.

pub(crate) mod options;
pub mod push;
pub(crate) mod read;

pub use self::options::{ConflictMode, DeadLetterTarget, ExceptionMode, Sink, SinkColumn, WriteMode};
