//! Sources that update and delete rows, as whole jobs.

mod random;
mod stream;
