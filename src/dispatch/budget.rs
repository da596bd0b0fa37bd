//! The bytes that a job, or a sink that is pushed into, may hold between reading and COMMIT.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::sync::{AtomicUsize, Condvar, Mutex, now};

/// Counts the bytes that are held, up to a limit. A small row waits until there is any room, and is charged when it is in
/// its shard. A large row is charged before it is encoded, and waits until its bytes fit or nothing else is held. So a row
/// larger than the whole budget is accepted alone.
#[derive(Debug)]
pub struct Budget {
    limit: usize,
    held: AtomicUsize,
    /// The most that was held since [`Budget::take_most`].
    most: AtomicUsize,
    /// The bytes of the first large row that waits: other rows leave this much room for it.
    wanted: AtomicUsize,
    waiting: Mutex<()>,
    room: Condvar,
}

impl Budget {
    pub fn new(limit: usize) -> Self {
        Budget {
            limit,
            held: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            wanted: AtomicUsize::new(0),
            waiting: Mutex::new(()),
            room: Condvar::new(),
        }
    }

    pub fn limit(&self) -> usize {
        self.limit
    }

    pub fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// Whether a small row may be added.
    pub fn has_room(&self) -> bool {
        self.held().saturating_add(self.wanted.load(Ordering::Relaxed)) < self.limit
    }

    pub fn charge(&self, bytes: usize) {
        let held = self.held.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.note(held);
    }

    fn note(&self, held: usize) {
        if held > self.most.load(Ordering::Relaxed) {
            self.most.fetch_max(held, Ordering::Relaxed);
        }
    }

    /// The most bytes that were held since the last call.
    pub fn take_most(&self) -> usize {
        self.most.swap(0, Ordering::Relaxed)
    }

    /// Charges `bytes` if they fit. `reserved`: bytes of rows that wait for a callback and not for a writer. If only these are
    /// held, `bytes` are charged even if they don't fit.
    pub fn try_charge(&self, bytes: usize, reserved: usize) -> bool {
        let charged = |held: usize| {
            let after = held.saturating_add(bytes);
            (after <= self.limit || held <= reserved).then_some(after)
        };
        let before = self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, charged);
        before.is_ok_and(|held| {
            self.note(held.saturating_add(bytes));
            true
        })
    }

    pub fn release(&self, bytes: usize) {
        self.held.fetch_sub(bytes, Ordering::Relaxed);
        self.wake();
    }

    fn wake(&self) {
        // With the lock, this comes after the last time that a waiting thread read `held`. So the thread misses no wake-up.
        drop(self.waiting.lock());
        self.room.notify_all();
    }

    /// Waits until `ready` is true, and tries it again whenever bytes are released. Returns whether it is true.
    pub fn wait_for(&self, timeout: Duration, mut ready: impl FnMut() -> bool) -> bool {
        let deadline = now() + timeout;
        let mut guard = self.waiting.lock();
        while !ready() {
            if self.room.wait_until(&mut guard, deadline).timed_out() {
                return ready();
            }
        }
        true
    }

    /// A place among the large rows that wait, for a row of `bytes` bytes.
    pub fn large_row(&self, bytes: usize) -> LargeRow<'_> {
        LargeRow { budget: self, bytes, is_first: false }
    }
}

/// A large row that may have to wait. While it is the first to wait, small rows leave it room, so it doesn't wait for ever.
#[derive(Debug)]
pub struct LargeRow<'a> {
    budget: &'a Budget,
    bytes: usize,
    is_first: bool,
}

impl LargeRow<'_> {
    /// Charges the row's bytes if it is the first large row that waits and the bytes fit.
    pub fn try_charge(&mut self) -> bool {
        let Budget { wanted, .. } = self.budget;
        if !self.is_first {
            let first = wanted.compare_exchange(0, self.bytes, Ordering::Relaxed, Ordering::Relaxed);
            self.is_first = first.is_ok();
        }
        self.is_first && self.budget.try_charge(self.bytes, 0)
    }
}

impl Drop for LargeRow<'_> {
    fn drop(&mut self) {
        if self.is_first {
            self.budget.wanted.store(0, Ordering::Relaxed);
            self.budget.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn a_row_larger_than_the_budget_passes_when_nothing_else_is_held() {
        let budget = Budget::new(10);
        assert!(budget.large_row(1000).try_charge());
        assert!(!budget.has_room());
        assert!(!budget.large_row(1000).try_charge());
        budget.release(1000);
        assert!(budget.has_room());
        budget.charge(1);
        assert!(!budget.large_row(1000).try_charge());
        assert!(budget.try_charge(1000, 1), "only the reserved byte is held");
    }

    #[test]
    fn what_fits_is_charged_up_to_the_last_byte() {
        let budget = Budget::new(10);
        assert!(budget.large_row(6).try_charge());
        assert!(!budget.large_row(5).try_charge());
        assert!(budget.large_row(4).try_charge());
        assert_eq!(budget.held(), 10);
    }

    #[test]
    fn others_leave_room_to_the_large_row_that_is_first_in_line_until_it_has_passed_or_given_up() {
        let budget = Budget::new(10);
        budget.charge(4);
        let mut first = budget.large_row(8);
        assert!(!first.try_charge());
        assert!(!budget.has_room(), "a small row would keep it waiting");
        let mut second = budget.large_row(5);
        assert!(!second.try_charge(), "it is not its turn");
        budget.release(4);
        assert!(!second.try_charge());
        assert!(first.try_charge());
        drop(first);
        assert!(budget.has_room());
        assert!(!second.try_charge());
        assert!(!budget.has_room(), "now it is first");
        drop(second);
        assert!(budget.has_room());
    }

    #[test]
    fn a_thread_that_waits_for_room_wakes_when_bytes_are_released() {
        let budget = Arc::new(Budget::new(10));
        budget.charge(10);
        assert!(!budget.wait_for(Duration::from_millis(1), || budget.has_room()));
        let other = Arc::clone(&budget);
        let waiter = std::thread::spawn(move || other.wait_for(Duration::from_secs(60), || other.has_room()));
        budget.release(5);
        assert!(waiter.join().unwrap());
    }
}
