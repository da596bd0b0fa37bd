//! Turns what the user wrote, a Flink SQL job file or the options of a sink, into checked settings. Nothing is opened;
//! all that is wrong is found at once.

mod environment;
mod jdbc_url;
#[cfg(feature = "job")]
mod job;
mod nearest;
pub mod options;
mod postgresql_url;
mod push;
mod report;
mod value_types;

#[cfg(feature = "job")]
pub use job::{Input, Override, functions, parse_job};
#[cfg(feature = "job")]
pub use options::setting::{buffer_memory, pipeline_name};
pub use push::push_sink;
pub use value_types::duration;
