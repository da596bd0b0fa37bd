//! The types of values: Flink's, in which a row arrives, and the target's, in which it is written.

pub(crate) mod calendar;
#[cfg(feature = "job")]
pub mod column;
pub mod column_types;
pub mod data_type;
pub mod encode;
pub(crate) mod fields;
#[cfg_attr(not(feature = "job"), allow(dead_code, unused_imports))]
pub(crate) mod float;
pub(crate) mod interval;
#[cfg(feature = "job")]
pub(crate) mod java;
mod number;
mod refusal;
mod room;
pub mod target;
pub(crate) mod text;
#[cfg(feature = "job")]
pub mod time_zone;
pub mod value;
pub mod vector_encoding;
pub(crate) mod vectors;
