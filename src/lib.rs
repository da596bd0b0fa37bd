//! Streams freshly made vectors into PostgreSQL, pgvector and AnalyticDB for PostgreSQL.
//!
//! - [`Sink`]: a program pushes its rows into a table, from any number of threads.
//! - `Pipeline`, with the feature `kafka`: a Flink SQL job, or a topic and
//!   its columns, runs on threads of the library.
//!
//! A pushed row needs no more work when its number is below [`Sink::durable`]: then it is committed, or was ignored or rejected. No
//! method needs an async runtime; each may block.
//!
//! ```no_run
//! use std::time::Duration;
//! use vecsink::Sink;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sink = Sink::open("postgresql://me:secret@db:5432/shop", "public.items")?;
//! sink.push(&(7, "lamp", &[0.1_f32, 0.2, 0.3]))?;
//! sink.close(Duration::from_secs(30))?;
//! # Ok(())
//! # }
//! ```

// Each folder is one subject. A folder uses only the folders above it in this list. The files directly in src/ are the types that
// several folders share. All modules are private: the list of `pub use` below is the whole API.

// Without the feature `kafka` nothing reads messages, so some of the code for messages has no caller.
#![cfg_attr(not(feature = "kafka"), allow(dead_code, unused_imports))]
// Every public item is documented, and every type that the API mentions can be imported.
#![cfg_attr(not(feature = "internals"), deny(missing_docs, unnameable_types))]

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

mod options;

mod settings;

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

pub use error::{Diagnostic, Error, Location, Rejection, Result, Stage};
#[cfg(feature = "arrow")]
pub use host::Scattered;
pub use host::sink::{BatchError, Push, PushError, Pushed, Rejected, Sink, SinkBuilder, SinkStats, Wait};
pub use host::{Bitmap, ColumnValues, Columns, FilledRow, Offsets, Row, Scratch, Strided, TimeUnit, ToValue};
pub use metrics::Snapshot;
pub use pipeline::Summary;
#[cfg(feature = "kafka")]
pub use pipeline::{Attach, CheckedColumn, CheckedSink, Pipeline, PipelineBuilder, Stats};
pub use position::Position;
pub use settings::{ConflictMode, DeliveryGuarantee, ExceptionMode, VectorIndexMode};
#[cfg(feature = "kafka")]
pub use stop::{Phase, Stop};
pub use types::value::{Decimal, Value, Vector};

#[cfg(feature = "cli")]
#[doc(hidden)]
pub use command::main;
