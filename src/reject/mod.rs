//! Dead letters: where records go that can't become rows, so that the rest of the topic can.
//!
//! Whether a record is rejected is not decided here: this stage only makes rejections durable, or visible in the log.

mod file;
mod line;
mod log;

use std::sync::Arc;

use crate::error::{Rejection, Result};
use crate::position::Position;
use crate::record::Original;
use crate::settings::DeadLetterTarget;

pub use self::log::RateLimitedLog;

/// A rejected record, with everything needed to repair and produce it again.
pub struct Letter<'a> {
    pub position: &'a Position,
    pub original: &'a Original<'a>,
    /// The sink that refused it; another sink of the same job may have taken it.
    pub sink: &'a str,
    pub rejection: &'a Rejection,
}

/// A place that keeps rejected records.
pub trait DeadLetters: Send + Sync {
    /// Returns only when all `letters` are durable, since the source's position moves past them afterwards. After a
    /// crash or an error a letter may be written again.
    fn write(&self, letters: &[Letter<'_>]) -> Result<()>;
}

/// Makes sure that `target` can be written, so that a job with a wrong one fails at its start and not at its first
/// rejected record.
pub fn open(target: &DeadLetterTarget) -> Result<Arc<dyn DeadLetters>> {
    match target {
        DeadLetterTarget::File(path) => Ok(Arc::new(file::LetterFile::open(path)?)),
    }
}

/// Whether [`open`] would succeed, found out without leaving anything behind.
pub fn check(target: &DeadLetterTarget) -> Result<()> {
    match target {
        DeadLetterTarget::File(path) => file::LetterFile::check(path),
    }
}
