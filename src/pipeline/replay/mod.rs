//! Dead letters are processed again.

mod read;
mod run;

pub use self::run::{Letters, ReplayOptions, replay};
