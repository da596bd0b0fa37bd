//! Objects of which each process has its own. After a fork the child gets new ones, so that it never uses those of its parent, whose
//! locks may have been held by other threads at that moment.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Once, OnceLock};
use std::time::{Duration, Instant};

use super::call_error::CallError;
use super::code::VECSINK_FORKED;
use super::panic::log_panics;
use crate::threads;

/// How many forks may lie between the first process that uses the library and a child that uses it, too: that process, its child, its
/// child's child and so on have an object each.
pub const MOST: usize = 64;
/// How long a fork waits for the threads of a sink or job that was just closed.
const AFTER_CLOSE: Duration = Duration::from_millis(100);

/// An object of which each process has one.
pub struct PerProcess<T>([OnceLock<T>; MOST]);

impl<T: Default> PerProcess<T> {
    pub const fn new() -> Self {
        PerProcess([const { OnceLock::new() }; MOST])
    }

    /// The object of this process. `None`: there are too many forks between it and the first process (see [`MOST`]).
    pub fn get(&self) -> Option<&T> {
        notice_forks();
        self.0.get(number()).map(|own| own.get_or_init(T::default))
    }
}

static FORKS: AtomicUsize = AtomicUsize::new(0);
/// How many sinks are not closed yet, and how many jobs are not freed yet. Those that are being opened are included.
static OPEN: AtomicUsize = AtomicUsize::new(0);
/// Whether threads of the library may have been running in the parent when this process was forked.
static THREADS_WERE_RUNNING: AtomicBool = AtomicBool::new(false);

/// How many forks lie between this process and the first one that used the library.
pub fn number() -> usize {
    FORKS.load(Ordering::Relaxed)
}

/// From its first call on, the forks of this process are counted.
fn notice_forks() {
    extern "C" fn before_fork() {
        // A sink that was just closed may still have threads for a moment.
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
    // A child inherits the registration of the handlers.
    if number() > 0 {
        return;
    }
    ONCE.call_once(|| {
        // SAFETY: the handler in the child only changes atomics, which is allowed even if the parent has threads.
        let refused = unsafe { libc::pthread_atfork(Some(before_fork), None, Some(forked)) };
        if refused != 0 {
            log::warn!("forks of this process can't be noticed: a child must leave the parent's handles alone");
        }
    });
}

/// Counts a sink or a job that is open or being opened, until this is dropped.
pub struct Open(());

impl Drop for Open {
    fn drop(&mut self) {
        OPEN.fetch_sub(1, Ordering::Release);
    }
}

/// To be called before a sink or a job is opened. The returned [`Open`] is kept until the sink or job is closed. It is an error if
/// threads of the library were running in the parent at the fork: they may have held locks, which nobody releases in this process,
/// so a call could wait for ever.
pub fn check_may_open() -> Result<Open, CallError> {
    notice_forks();
    if THREADS_WERE_RUNNING.load(Ordering::Relaxed) {
        let message = "the parent of this process had a sink or a job open at the fork, so this process can't open any: fork \
                       before the first one is opened, close all before the fork, or call exec";
        return Err(CallError::new(VECSINK_FORKED, message));
    }
    #[cfg(feature = "tls")]
    super::openssl::keep();
    super::trim::at_rest();
    log_panics();
    OPEN.fetch_add(1, Ordering::Relaxed);
    Ok(Open(()))
}
