//! Dead letters: where records go that can't become rows, so that the rest of the topic can.
//!
//! Whether a record is rejected is not decided here: this stage only makes rejections durable, or visible in the log. What
//! needs a driver (the brokers, the database) is handed in by who has it.

pub mod dead_letter;
mod file;
pub mod line;
mod log;
pub mod message;
mod spool;
mod topic;

pub use self::file::DeadLetterFile;
pub use self::log::RateLimitedLog;
pub use self::spool::{Spool, SpoolPosition};
pub use self::topic::{DeadLetterTopic, Publish};
