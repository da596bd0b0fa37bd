//! Processes dead letters again.

mod options;
mod read;
mod run;

pub use self::options::{DeadLetterSource, ReplayOptions};
pub use self::run::replay;
