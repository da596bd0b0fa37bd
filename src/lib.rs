//! Streams freshly made vectors into PostgreSQL, pgvector and AnalyticDB for PostgreSQL.
//!
//! Each folder is one subject. A folder uses only the folders above it in this list. The files directly in `src/` are the types
//! that several folders share.

pub mod batch;
pub mod error;
#[cfg(feature = "job")]
mod excerpt;
pub mod membership;
pub mod metrics;
pub mod position;
pub mod record;
pub mod stop;
mod sync;
mod threads;

pub mod types;

pub mod change;

pub mod settings;

// Pushing needs only some of what job files need.
#[cfg_attr(not(feature = "job"), allow(dead_code))]
pub mod options;

#[cfg(feature = "job")]
pub mod sql;

#[cfg(feature = "kafka")]
pub mod kafka;

#[cfg(feature = "job")]
pub mod schema_registry;

#[cfg(feature = "job")]
pub mod formats;

#[cfg(feature = "job")]
pub mod job;

pub mod dispatch;

pub mod progress;

pub mod dead_letters;

pub mod postgres;

pub mod pipeline;

pub mod host;

#[cfg(feature = "ffi")]
mod ffi;

pub use error::{Error, Rejection, Result};
pub use host::sink::{BatchError, Push, PushError, Pushed, Rejected, Sink, SinkBuilder, SinkStats, Wait};
pub use host::{Bitmap, ColumnValues, Columns, FilledRow, Offsets, Row, Strided, TimeUnit, ToValue};
pub use pipeline::Summary;
#[cfg(feature = "kafka")]
pub use pipeline::{Attach, Pipeline, PipelineBuilder};
pub use settings::{ConflictMode, ExceptionMode};
pub use types::value::{Decimal, Value, Vector};
