//! The bytes that may be on their way between reading and COMMIT, for the whole process.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::sync::{AtomicUsize, Condvar, Mutex, now};

/// A count of held bytes with a bound. Who adds rows first waits until there is any room, then charges what the row turns
/// out to need: a row larger than the whole budget passes when there is room, and the bound is exceeded by one row at most.
#[derive(Debug)]
pub struct Budget {
    limit: usize,
    held: AtomicUsize,
    waiting: Mutex<()>,
    room: Condvar,
}

impl Budget {
    pub fn new(limit: usize) -> Self {
        Budget { limit, held: AtomicUsize::new(0), waiting: Mutex::new(()), room: Condvar::new() }
    }

    pub fn limit(&self) -> usize {
        self.limit
    }

    pub fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    pub fn has_room(&self) -> bool {
        self.held() < self.limit
    }

    pub fn charge(&self, bytes: usize) {
        self.held.fetch_add(bytes, Ordering::Relaxed);
    }

    pub fn release(&self, bytes: usize) {
        self.held.fetch_sub(bytes, Ordering::Relaxed);
        // The lock orders this wake-up after a waiter's last look at `held`.
        drop(self.waiting.lock());
        self.room.notify_all();
    }

    /// Waits until `ready` holds, looking again whenever bytes are released; tells whether it does.
    pub fn wait_for(&self, timeout: Duration, ready: impl Fn() -> bool) -> bool {
        let deadline = now() + timeout;
        let mut guard = self.waiting.lock();
        while !ready() {
            if self.room.wait_until(&mut guard, deadline).timed_out() {
                return ready();
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn a_row_larger_than_the_budget_passes_when_nothing_else_is_held() {
        let budget = Budget::new(10);
        assert!(budget.has_room());
        budget.charge(1000);
        assert!(!budget.has_room());
        budget.release(1000);
        assert!(budget.has_room());
    }

    #[test]
    fn who_waits_for_room_wakes_when_bytes_are_released() {
        let budget = Arc::new(Budget::new(10));
        budget.charge(10);
        assert!(!budget.wait_for(Duration::from_millis(1), || budget.has_room()));
        let other = Arc::clone(&budget);
        let waiter = std::thread::spawn(move || other.wait_for(Duration::from_secs(60), || other.has_room()));
        budget.release(5);
        assert!(waiter.join().unwrap());
    }
}
