//! Streams freshly made vectors into PostgreSQL, pgvector and AnalyticDB for PostgreSQL.
//!
//! The folders are the stages of the pipeline, in the order a row passes them; the files beside them are the nouns that
//! stages share. No stage names another: only `pipeline` wires them.

pub mod config;
pub mod consume;
pub mod decode;
pub mod dispatch;
pub mod encode;
pub mod flush;
pub mod progress;
pub mod reject;

pub mod avro_schema;
pub mod batch;
mod calendar;
pub mod change;
pub mod data_type;
pub mod error;
pub mod expression;
#[cfg(feature = "ffi")]
mod ffi;
mod fields;
mod float;
mod interval;
pub mod letter;
pub mod metrics;
pub mod pipeline;
pub mod position;
pub mod record;
pub mod schemas;
pub mod settings;
pub mod stop;
mod sync;
pub mod target;
pub mod time_zone;
pub mod topics;
pub mod value;

pub use consume::push::{Bitmap, ColumnValues, Columns, FilledRow, Offsets, Row, Strided, TimeUnit, ToValue};
pub use error::{Error, Rejection, Result};
#[cfg(feature = "kafka")]
pub use pipeline::{Attach, Pipeline, PipelineBuilder};
pub use pipeline::{BatchError, Push, PushError, Pushed, Rejected, Sink, SinkBuilder, SinkStats, Summary, Wait};
pub use settings::{ConflictMode, ExceptionMode};
pub use value::{Decimal, Value, Vector};
