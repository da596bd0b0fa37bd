//! Where threads meet: locks, what they count together, and the clock they wait by. In one place so that `tests/interleavings` can
//! run the stages over shuttle's, which tries one order of threads after another.

use std::time::Instant;

pub use std::sync::atomic::AtomicUsize;

pub use parking_lot::{Condvar, Mutex};

pub fn now() -> Instant {
    Instant::now()
}
