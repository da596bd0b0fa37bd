//! A table that is written.

pub(crate) mod behind;
mod mode;
pub mod options;
pub mod push;
pub(crate) mod read;

pub use self::mode::{ConflictMode, DeadLetterTarget, ExceptionMode, VectorIndexMode, WriteMode};
pub use self::options::{Sink, SinkColumn};
