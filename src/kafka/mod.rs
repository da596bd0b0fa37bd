//! Reads Kafka topics partition by partition, gives each record to an intake, and stores the job's progress in its consumer group. All
//! of the project's Kafka code is here.
//!
//! A folder uses only those before it: `properties`, `start`, `client`, `commit`, `group`, `read`, `produce`. The reader is
//! a loop (`read/reader`). Between two polls it calls parts, each of which owns its state: what is fetched (`read/fetching`),
//! the progress in the group (`commit/progress`), the group's decisions (`group/rebalancing`), new partitions
//! (`read/discovery`), offsets that are gone (`read/range`).

pub mod admin;
mod assign;
mod client;
mod commit;
mod group;
mod intake;
mod native;
mod offsets;
mod produce;
pub(crate) mod properties;
mod read;
mod resume;
mod start;

pub use self::assign::{Assign, SourceIds};
pub use self::commit::stored_progress::StoredProgress;
pub use self::intake::{Intake, Taken, Watermark};
pub use self::offsets::{GroupOffsets, GroupPartition};
pub use self::produce::lines::produce_lines;
pub use self::produce::publisher::Publisher;
pub use self::properties::check_properties;
pub use self::read::lag::Lag;
#[cfg(feature = "internals")]
pub use self::read::polls::LongestGap;
pub use self::read::reader::KafkaReader;
pub use self::resume::{Resume, derived_group};
pub use self::start::position::{StartPosition, StartReason};
