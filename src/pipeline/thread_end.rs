//! The end of a thread that does something now and then: another thread tells it to end, and waits until it has ended.

use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

/// How often the wait for the end checks whether the time is over.
const RECHECK: Duration = Duration::from_millis(50);

#[derive(Default)]
pub(crate) struct ThreadEnd {
    state: Mutex<EndState>,
    changed: Condvar,
}

#[derive(Default)]
struct EndState {
    /// The thread must end.
    is_told: bool,
    /// The thread must do its work now.
    is_hurried: bool,
    /// The thread has ended.
    has_ended: bool,
}

impl ThreadEnd {
    /// For the thread itself: waits for so long, or until it is hurried or told to end. Returns whether it was told to end.
    pub(crate) fn wait(&self, time: Duration) -> bool {
        let mut state = self.state.lock();
        let until = Instant::now() + time;
        while !state.is_told && !state.is_hurried && !self.changed.wait_until(&mut state, until).timed_out() {}
        state.is_hurried = false;
        state.is_told
    }

    /// For the thread itself: it has ended.
    pub(crate) fn ended(&self) {
        self.state.lock().has_ended = true;
        self.changed.notify_all();
    }

    /// Has the thread do its work now.
    pub(crate) fn hurry(&self) {
        self.state.lock().is_hurried = true;
        self.changed.notify_all();
    }

    /// Tells the thread to end.
    pub(crate) fn tell(&self) {
        self.state.lock().is_told = true;
        self.changed.notify_all();
    }

    /// Tells the thread to end and waits until it has ended, or until `is_over`. Returns whether it has ended.
    pub(crate) fn finish(&self, is_over: impl Fn() -> bool) -> bool {
        self.tell();
        let mut state = self.state.lock();
        while !state.has_ended {
            if is_over() {
                return false;
            }
            self.changed.wait_for(&mut state, RECHECK);
        }
        true
    }
}
