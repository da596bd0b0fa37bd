//! The C interface: include/vecsink.h is made of these files by cbindgen. What a host passes is checked and turned into
//! what the Rust API takes; nothing is decided here.

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
