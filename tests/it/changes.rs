//! Sources that update and delete rows, as whole jobs.

mod avro;
mod filter;
mod random;
pub mod stream;
