//! Streams freshly made vectors into PostgreSQL, pgvector and AnalyticDB for PostgreSQL.
//!
//! The folders are the stages of the pipeline, in the order a row passes them; the files beside them are the nouns that
//! stages share. No stage names another: only `pipeline` wires them.

// Pushing needs only some of what job files need.
#[cfg_attr(not(feature = "job"), allow(dead_code))]
pub mod config;
pub mod consume;
#[cfg(feature = "job")]
pub mod decode;
pub mod dispatch;
pub mod encode;
pub mod flush;
pub mod progress;
pub mod reject;

#[cfg(feature = "job")]
pub mod avro_schema;
pub mod batch;
mod calendar;
pub mod change;
pub mod data_type;
pub mod error;
#[cfg(feature = "job")]
pub mod expression;
#[cfg(feature = "ffi")]
mod ffi;
mod fields;
#[cfg_attr(not(feature = "job"), allow(dead_code, unused_imports))]
mod float;
mod interval;
pub mod letter;
pub mod membership;
pub mod metrics;
pub mod pipeline;
pub mod position;
pub mod record;
#[cfg(feature = "job")]
pub mod schemas;
pub mod settings;
pub mod stop;
mod sync;
pub mod target;
#[cfg(feature = "job")]
pub mod time_zone;
#[cfg(feature = "job")]
pub mod topics;
pub mod value;

pub use consume::push::{Bitmap, ColumnValues, Columns, FilledRow, Offsets, Row, Strided, TimeUnit, ToValue};
pub use error::{Error, Rejection, Result};
#[cfg(feature = "kafka")]
pub use pipeline::{Attach, Pipeline, PipelineBuilder};
pub use pipeline::{BatchError, Push, PushError, Pushed, Rejected, Sink, SinkBuilder, SinkStats, Summary, Wait};
pub use settings::{ConflictMode, ExceptionMode};
pub use value::{Decimal, Value, Vector};
