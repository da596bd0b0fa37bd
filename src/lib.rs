//! Streams freshly made vectors into PostgreSQL, pgvector and AnalyticDB for PostgreSQL.
//!
//! Each folder is one subject. A folder uses only the folders above it in this list. The files directly in `src/` are the types
//! that several folders share.
//!
//! All modules are private. What the crate offers is what this file lists with `pub use`.

// Without Kafka nothing reads messages, and some of the code for them has no caller.
#![cfg_attr(not(feature = "kafka"), allow(dead_code, unused_imports))]

mod batch;
mod error;
#[cfg(feature = "job")]
mod excerpt;
mod membership;
mod metrics;
mod position;
mod record;
mod stop;
mod sync;
mod threads;

mod types;

mod change;

mod settings;

mod options;

#[cfg(feature = "job")]
mod sql;

#[cfg(feature = "kafka")]
mod kafka;

#[cfg(feature = "job")]
mod schema_registry;

#[cfg(feature = "job")]
mod formats;

#[cfg(feature = "job")]
mod job;

mod dispatch;

mod progress;

mod dead_letters;

mod postgres;

mod pipeline;

mod host;

#[cfg(feature = "ffi")]
mod ffi;

#[cfg(feature = "cli")]
mod command;

#[cfg(feature = "internals")]
pub mod internals;

pub use error::{Error, Rejection, Result};
pub use host::sink::{BatchError, Push, PushError, Pushed, Rejected, Sink, SinkBuilder, SinkStats, Wait};
pub use host::{Bitmap, ColumnValues, Columns, FilledRow, Offsets, Row, Strided, TimeUnit, ToValue};
pub use pipeline::Summary;
#[cfg(feature = "kafka")]
pub use pipeline::{Attach, Pipeline, PipelineBuilder};
pub use settings::{ConflictMode, ExceptionMode};
pub use types::value::{Decimal, Value, Vector};

#[cfg(feature = "cli")]
#[doc(hidden)]
pub use command::main;
