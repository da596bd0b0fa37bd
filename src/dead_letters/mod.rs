//! Dead letters: keeps the records that can't become rows, so that the job can go on with the rest of the topic.
//!
//! Whether a record is rejected is not decided here: this folder only stores rejected records, or writes them to the log. The caller
//! passes in the code that needs a driver, for the brokers or the database.

pub mod dead_letter;
mod file;
pub mod json_line;
mod log;
pub mod message;
mod spool;
mod topic;

pub use self::file::DeadLetterFile;
pub use self::log::RateLimitedLog;
pub use self::spool::{Spool, SpoolPlace};
pub use self::topic::{DeadLetterTopic, Publish};
