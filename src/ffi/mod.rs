//! The C interface: cbindgen makes include/vecsink.h from these files. The functions check the host's arguments, turn them into
//! those of the Rust API, and call it; nothing is decided here.

#![allow(non_camel_case_types, reason = "the names are those of C")]

mod arrow;
mod call;
mod call_error;
mod callback;
mod code;
mod column;
mod error;
mod handle;
mod log;
mod memory;
#[cfg(feature = "tls")]
mod openssl;
mod panic;
mod pipeline;
#[cfg(feature = "kafka")]
mod pipes;
mod process;
mod push;
mod row;
mod scratch;
mod sink;
mod sink_builder;
mod sink_options;
mod stats;
mod time;
mod trim;
mod value;
mod version;

#[cfg(test)]
mod tests;
