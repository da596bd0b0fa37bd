//! Lets threads wait until rows are settled.

use std::time::Instant;

use crate::sync::{Condvar, Mutex};

/// Counts changes. A waiting thread says which count it has seen.
#[derive(Debug, Default)]
pub struct Watch {
    changes: Mutex<u64>,
    changed: Condvar,
}

impl Watch {
    pub fn changes(&self) -> u64 {
        *self.changes.lock()
    }

    pub fn notify(&self) {
        *self.changes.lock() += 1;
        self.changed.notify_all();
    }

    /// Waits until there are more changes than `seen`, or until the deadline.
    pub fn wait(&self, seen: u64, deadline: Instant) {
        let mut changes = self.changes.lock();
        while *changes == seen && !self.changed.wait_until(&mut changes, deadline).timed_out() {}
    }
}
