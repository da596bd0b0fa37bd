//! Locks, condition variables, atomic counters and the clock of the dispatcher, the budget and progress. They are in one place so that
//! `tests/interleavings` can replace them with those of shuttle, which tries one order of threads after another.

use std::time::Instant;

pub use std::sync::atomic::AtomicUsize;

pub use parking_lot::{Condvar, Mutex, MutexGuard};

/// How often [`lock_soon`] tries, which takes some 10 µs. A thread that has just woken holds the lock for several µs,
/// because its core's caches are cold.
const TRIES: u32 = 250;

/// Locks a mutex that no thread holds for long. It tries many times before it sleeps, because being woken takes several times
/// as long as the lock is held.
pub fn lock_soon<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    for _ in 0..TRIES {
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
