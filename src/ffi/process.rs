//! What belongs to one process. After a fork the child has its own, so that nothing of the parent's is touched, not even
//! a lock that another thread held at that moment.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

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
    }
    // SAFETY: the handler does what is allowed in the child of a process with threads: it touches one atomic.
    let refused = unsafe { libc::pthread_atfork(None, None, Some(forked)) };
    if refused != 0 {
        log::warn!("forks of this process can't be noticed: a child must leave the parent's handles alone");
    }
}
