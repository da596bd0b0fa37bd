//! Sources that update and delete rows, as whole jobs.

mod filter;
mod random;
mod stream;
