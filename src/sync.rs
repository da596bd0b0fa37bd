//! Where threads meet: locks, what they count together, and the clock they wait by. In one place so that `tests/interleavings` can
//! run the stages over shuttle's, which tries one order of threads after another.

use std::time::Instant;

pub use std::sync::atomic::AtomicUsize;

pub use parking_lot::{Condvar, Mutex, MutexGuard};

/// How often [`lock_soon`] looks: for some 10 µs. A holder that has just woken finds nothing in its core's caches and may
/// need several of them.
const LOOKS: u32 = 250;

/// Locks what no one holds for long: looks again and again before it lies down, because being woken takes several times
/// as long as what it waits for.
pub fn lock_soon<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    for _ in 0..LOOKS {
        if let Some(guard) = mutex.try_lock() {
            return guard;
        }
        std::hint::spin_loop();
    }
    mutex.lock()
}

pub fn now() -> Instant {
    Instant::now()
}
