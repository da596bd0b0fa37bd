//! What belongs to one process. After a fork the child has its own, so that nothing of the parent's is touched, not even
//! a lock that another thread held at that moment.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Once, OnceLock};
use std::time::{Duration, Instant};

use super::call_error::CallError;
use super::code::VECSINK_FORKED;
use super::panic::log_panics;
use crate::threads;

/// How often a process may be a fork of a fork.
pub const MOST: usize = 64;
/// How long a fork waits for threads of what was closed.
const AFTER_CLOSE: Duration = Duration::from_millis(100);

/// What each process has one of.
pub struct PerProcess<T>([OnceLock<T>; MOST]);

impl<T: Default> PerProcess<T> {
    pub const fn new() -> Self {
        PerProcess([const { OnceLock::new() }; MOST])
    }

    /// That of this process; `None`: it is the fork of a fork of a fork …, more than [`MOST`] deep.
    pub fn get(&self) -> Option<&T> {
        notice_forks();
        self.0.get(number()).map(|own| own.get_or_init(T::default))
    }
}

static FORKS: AtomicUsize = AtomicUsize::new(0);
/// Sinks that are not closed and jobs that are not freed, those that are being opened among them.
static OPEN: AtomicUsize = AtomicUsize::new(0);
/// Whether threads of the library may have been running when this process was forked off.
static THREADS_WERE_RUNNING: AtomicBool = AtomicBool::new(false);

/// Which of the processes this one is.
pub fn number() -> usize {
    FORKS.load(Ordering::Relaxed)
}

/// From the first call on the forks of this process are counted.
fn notice_forks() {
    extern "C" fn before_fork() {
        // What was closed just now may still have threads for a moment.
        let until = Instant::now() + AFTER_CLOSE;
        while OPEN.load(Ordering::Acquire) == 0 && threads::running() > 0 && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    extern "C" fn forked() {
        FORKS.fetch_add(1, Ordering::Relaxed);
        if OPEN.swap(0, Ordering::Relaxed) > 0 || threads::running() > 0 {
            THREADS_WERE_RUNNING.store(true, Ordering::Relaxed);
        }
        threads::none_in_this_process();
    }
    static ONCE: Once = Once::new();
    // A child inherits the registration.
    if number() > 0 {
        return;
    }
    ONCE.call_once(|| {
        // SAFETY: the handler in the child does what is allowed there when its parent has threads: it touches atomics.
        let refused = unsafe { libc::pthread_atfork(Some(before_fork), None, Some(forked)) };
        if refused != 0 {
            log::warn!("forks of this process can't be noticed: a child must leave the parent's handles alone");
        }
    });
}

/// A sink or a job that is open, or about to be.
pub struct Open(());

impl Drop for Open {
    fn drop(&mut self) {
        OPEN.fetch_sub(1, Ordering::Release);
    }
}

/// Before a sink or a job is opened; what is given is kept until it is closed. Where threads of the library were running,
/// locks and queues still wait for them after the fork, so that nothing with threads can be opened there: better an error
/// than a call that never returns.
pub fn check_may_open() -> Result<Open, CallError> {
    notice_forks();
    if THREADS_WERE_RUNNING.load(Ordering::Relaxed) {
        let message = "this process was forked off one that had a sink or a job open, so it can't open any: fork before, \
                       close all before the fork, or exec";
        return Err(CallError::new(VECSINK_FORKED, message));
    }
    #[cfg(feature = "tls")]
    super::openssl::keep();
    super::trim::at_rest();
    log_panics();
    OPEN.fetch_add(1, Ordering::Relaxed);
    Ok(Open(()))
}
