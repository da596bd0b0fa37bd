//! A fixed number of slots for sessions. A slot is lent to one thread at a time. The pool has no threads of its own.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Instant;

use parking_lot::{Condvar, Mutex};

/// A place for one `T`. The thread that borrows an empty slot fills it.
pub type Slot<T> = Option<T>;

pub struct Slots<T> {
    state: Mutex<SlotsState<T>>,
    given_back: Condvar,
    most: u32,
    /// Whether to keep the contents of a slot that is given back.
    is_kept: fn(&T) -> bool,
}

struct SlotsState<T> {
    /// The kept contents; what was given back last is lent first.
    kept: Vec<T>,
    lent: u32,
    closed: bool,
}

/// Why no slot was lent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotLent {
    Closed,
    /// None became free before the deadline.
    TimedOut,
}

impl<T> Slots<T> {
    pub fn new(most: u32, is_kept: fn(&T) -> bool) -> Arc<Slots<T>> {
        let state = SlotsState { kept: Vec::new(), lent: 0, closed: false };
        Arc::new(Slots { state: Mutex::new(state), given_back: Condvar::new(), most: most.max(1), is_kept })
    }

    /// Lends a slot: a filled one if there is one.
    pub fn lend(self: &Arc<Self>, deadline: Instant) -> Result<Loan<T>, NotLent> {
        let mut state = self.state.lock();
        loop {
            if state.closed {
                return Err(NotLent::Closed);
            }
            let kept = state.kept.pop();
            if kept.is_some() || state.lent < self.most {
                state.lent += 1;
                return Ok(Loan { slot: kept, of: Arc::clone(self) });
            }
            if Instant::now() >= deadline {
                return Err(NotLent::TimedOut);
            }
            self.given_back.wait_until(&mut state, deadline);
        }
    }

    /// Fills a slot that isn't lent.
    pub fn keep(&self, contents: T) {
        self.state.lock().kept.push(contents);
    }

    /// Drops the contents of all slots that aren't lent. The others are dropped when they are given back. From now on no slot is
    /// lent.
    pub fn close(&self) {
        let kept = {
            let mut state = self.state.lock();
            state.closed = true;
            std::mem::take(&mut state.kept)
        };
        self.given_back.notify_all();
        drop(kept);
    }
}

/// A lent slot. Dropping this gives it back.
pub struct Loan<T> {
    slot: Slot<T>,
    of: Arc<Slots<T>>,
}

impl<T> Deref for Loan<T> {
    type Target = Slot<T>;

    fn deref(&self) -> &Slot<T> {
        &self.slot
    }
}

impl<T> DerefMut for Loan<T> {
    fn deref_mut(&mut self) -> &mut Slot<T> {
        &mut self.slot
    }
}

impl<T> Drop for Loan<T> {
    fn drop(&mut self) {
        // Contents that aren't kept are dropped before the slot is free, and without the lock: a session still sends a last
        // message to the server.
        let mut kept = self.slot.take().filter(self.of.is_kept);
        let mut state = self.of.state.lock();
        if state.closed {
            drop(state);
            drop(kept.take());
            state = self.of.state.lock();
        }
        state.kept.extend(kept);
        state.lent -= 1;
        drop(state);
        self.of.given_back.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(20)
    }

    fn later() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    #[test]
    fn no_more_are_lent_than_there_are_and_what_comes_back_is_lent_again() {
        let slots = Slots::<u32>::new(2, |number| *number < 100);
        let (mut first, mut second) = (slots.lend(soon()).unwrap(), slots.lend(soon()).unwrap());
        assert!(first.is_none() && second.is_none());
        assert_eq!(slots.lend(soon()).err(), Some(NotLent::TimedOut));
        *first = Some(1);
        *second = Some(100);
        drop(first);
        assert_eq!(*slots.lend(soon()).unwrap(), Some(1));
        drop(second);
        let both = [slots.lend(soon()).unwrap(), slots.lend(soon()).unwrap()];
        assert_eq!(both.iter().filter_map(|loan| **loan).collect::<Vec<_>>(), [1], "100 isn't kept");
    }

    #[test]
    fn a_slot_that_is_given_back_is_lent_to_a_thread_that_waits() {
        let slots = Slots::<u32>::new(1, |_| true);
        let mut loan = slots.lend(soon()).unwrap();
        std::thread::scope(|scope| {
            let waiting: Vec<_> = (0..4).map(|_| scope.spawn(|| slots.lend(later()).map(|loan| *loan))).collect();
            *loan = Some(7);
            drop(loan);
            assert!(waiting.into_iter().all(|thread| thread.join().unwrap() == Ok(Some(7))));
        });
    }

    #[test]
    fn closing_drops_what_is_not_lent_and_ends_the_waits() {
        let slots = Slots::<Arc<()>>::new(2, |_| true);
        let (kept, lent) = (Arc::new(()), Arc::new(()));
        slots.keep(Arc::clone(&kept));
        let mut first = slots.lend(soon()).unwrap();
        assert!(first.is_some());
        let mut second = slots.lend(soon()).unwrap();
        *second = Some(Arc::clone(&lent));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| slots.lend(later()).err());
            drop(first.take());
            first.replace(Arc::clone(&kept));
            slots.close();
            assert_eq!(waiting.join().unwrap(), Some(NotLent::Closed));
        });
        drop((first, second));
        assert_eq!((Arc::strong_count(&kept), Arc::strong_count(&lent)), (1, 1));
        assert_eq!(slots.lend(soon()).err(), Some(NotLent::Closed));
    }
}
