//! What belongs to one process. After a fork the child has its own, so that nothing of the parent's is touched, not even
//! a lock that another thread held at that moment.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::error::{Fault, VECSINK_FORKED};
use super::handle::Table;
use super::log::Listeners;

/// How often a process may be a fork of a fork.
pub const MOST: usize = 64;

#[derive(Default)]
pub struct Process {
    pub handles: Table,
    pub listeners: Listeners,
}

static FORKS: AtomicUsize = AtomicUsize::new(0);
/// Whether a sink or a job was ever opened, here or in a parent before the fork.
static OPENED: AtomicBool = AtomicBool::new(false);
/// Whether threads of the library may have been running when this process was forked off.
static BEREFT: AtomicBool = AtomicBool::new(false);
static PROCESSES: [OnceLock<Process>; MOST] = [const { OnceLock::new() }; MOST];

/// Which of the processes this one is.
pub fn number() -> usize {
    FORKS.load(Ordering::Relaxed)
}

/// This one; `None`: too many forks deep.
pub fn current() -> Option<&'static Process> {
    let number = number();
    PROCESSES.get(number).map(|process| {
        process.get_or_init(|| {
            // A child inherits the registration.
            if number == 0 {
                notice_forks();
            }
            Process::default()
        })
    })
}

fn notice_forks() {
    extern "C" fn forked() {
        FORKS.fetch_add(1, Ordering::Relaxed);
        BEREFT.store(OPENED.load(Ordering::Relaxed), Ordering::Relaxed);
    }
    // SAFETY: the handler does what is allowed in the child of a process with threads: it touches atomics.
    let refused = unsafe { libc::pthread_atfork(None, None, Some(forked)) };
    if refused != 0 {
        log::warn!("forks of this process can't be noticed: a child must leave the parent's handles alone");
    }
}

/// Before a sink or a job is opened. Where threads of the library were running, locks and queues still wait for them after
/// the fork, so that nothing with threads can be opened there: better an error than a call that never returns.
pub fn check_may_open() -> Result<(), Fault> {
    // Forks are noticed from here on.
    current();
    if BEREFT.load(Ordering::Relaxed) {
        let message = "this process was forked off one that had opened a sink or a job, so it can't open any: fork before, \
                       or exec";
        return Err(Fault::new(VECSINK_FORKED, message));
    }
    #[cfg(feature = "tls")]
    super::openssl::keep();
    super::trim::at_rest();
    OPENED.store(true, Ordering::Relaxed);
    Ok(())
}
