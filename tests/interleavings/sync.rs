//! What `src/sync.rs` gives, over shuttle.
//!
//! The clock is our own. It stands still until a wait with a deadline ends, and then it shows that deadline. The scheduler decides when
//! such a wait ends: at any step, even if other threads could run, or never. A wait of an hour or more counts as a wait without end,
//! so that a missing wake-up shows as a deadlock.

use std::cell::Cell;
use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use shuttle::rand::Rng;
pub use shuttle::sync::atomic::AtomicUsize;
use shuttle::sync::atomic::{AtomicBool, Ordering};
use shuttle::thread::{self, Thread};

const FOR_EVER: Duration = Duration::from_secs(3600);
/// On average one of this many checks finds that the deadline has come.
const PATIENCE: u32 = 3;

thread_local! {
    // All threads of one of shuttle's runs are on one thread of the operating system.
    static NOW: Cell<Instant> = Cell::new(Instant::now());
}

pub fn now() -> Instant {
    NOW.get()
}

/// Moves the clock, as if something had taken this long.
pub fn pass(time: Duration) {
    NOW.set(now() + time);
}

#[derive(Debug, Default)]
pub struct Mutex<T>(shuttle::sync::Mutex<T>);

pub struct MutexGuard<'a, T> {
    of: &'a Mutex<T>,
    /// `None` only during a wait.
    held: Option<shuttle::sync::MutexGuard<'a, T>>,
}

impl<T> Mutex<T> {
    pub fn new(value: T) -> Self {
        Mutex(shuttle::sync::Mutex::new(value))
    }

    pub fn lock(&self) -> MutexGuard<'_, T> {
        MutexGuard { of: self, held: Some(self.held()) }
    }

    fn held(&self) -> shuttle::sync::MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// In the library this spins for a while before it waits. Here it just locks, because shuttle tries all orders anyway.
pub fn lock_soon<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock()
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.held.as_ref().expect("held except during a wait")
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.held.as_mut().expect("held except during a wait")
    }
}

/// Wakes threads in the order in which they began to wait, as parking_lot's does.
#[derive(Debug, Default)]
pub struct Condvar {
    waiting: shuttle::sync::Mutex<VecDeque<Arc<Waiter>>>,
}

#[derive(Debug)]
struct Waiter {
    woken: AtomicBool,
    thread: Thread,
}

pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    pub fn timed_out(&self) -> bool {
        self.0
    }
}

impl Condvar {
    pub fn new() -> Self {
        Condvar::default()
    }

    pub fn notify_one(&self) {
        let first = self.waiting.lock().unwrap().pop_front();
        first.into_iter().for_each(wake);
    }

    pub fn notify_all(&self) {
        let all = std::mem::take(&mut *self.waiting.lock().unwrap());
        all.into_iter().for_each(wake);
    }

    pub fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        self.wait_as(guard, || {
            thread::park();
            true
        });
    }

    pub fn wait_until<T>(&self, guard: &mut MutexGuard<'_, T>, at: Instant) -> WaitTimeoutResult {
        if at.saturating_duration_since(now()) >= FOR_EVER {
            self.wait(guard);
            return WaitTimeoutResult(false);
        }
        WaitTimeoutResult(!self.wait_as(guard, || {
            thread::yield_now();
            let goes_on = shuttle::rand::thread_rng().gen_range(0..PATIENCE) > 0;
            if !goes_on {
                NOW.set(now().max(at));
            }
            goes_on
        }))
    }

    /// Waits until it is woken or `goes_on` returns false. Returns whether it was woken.
    fn wait_as<T>(&self, guard: &mut MutexGuard<'_, T>, goes_on: impl Fn() -> bool) -> bool {
        let own = Arc::new(Waiter { woken: AtomicBool::new(false), thread: thread::current() });
        self.waiting.lock().unwrap().push_back(Arc::clone(&own));
        guard.held = None;
        while !own.woken.load(Ordering::SeqCst) && goes_on() {}
        // A waiter that gives up is removed, so that it takes no later wake-up. It may have been woken already.
        self.waiting.lock().unwrap().retain(|waiter| !Arc::ptr_eq(waiter, &own));
        let woken = own.woken.load(Ordering::SeqCst);
        guard.held = Some(guard.of.held());
        woken
    }
}

fn wake(waiter: Arc<Waiter>) {
    waiter.woken.store(true, Ordering::SeqCst);
    waiter.thread.unpark();
}
