//! The library's threads: started here and counted as long as they run, so that a fork can tell whether there are any.

use std::cell::Cell;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{Builder, JoinHandle};

use crate::error::Error;

static RUNNING: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static OURS: Cell<bool> = const { Cell::new(false) };
}

/// One that runs.
struct Counted;

impl Drop for Counted {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, Ordering::Release);
    }
}

/// Starts a thread. Err: the system gives none.
pub fn spawn<T: Send + 'static>(
    name: impl Into<String>,
    body: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    RUNNING.fetch_add(1, Ordering::Relaxed);
    let counted = Counted;
    Builder::new().name(name.into()).spawn(move || {
        let _counted = counted;
        OURS.set(true);
        // With all that it holds it is gone before the thread counts as ended.
        body()
    })
}

/// What to say where the system gave no thread.
pub fn refused(what: &str, error: &io::Error) -> Error {
    Error::Target {
        message: format!(
            "the system gives no thread {what}: {error}; raise its limits for this process (ulimit -u, pids.max of its \
             cgroup), or have fewer threads"
        ),
        sqlstate: None,
        passing: true,
    }
}

/// Whether this thread is one of them.
#[cfg(feature = "ffi")]
pub fn is_ours() -> bool {
    OURS.get()
}

/// How many run.
#[cfg(feature = "ffi")]
pub fn running() -> usize {
    RUNNING.load(Ordering::Acquire)
}

/// In the child of a fork, which has none of them.
#[cfg(feature = "ffi")]
pub fn none_in_this_process() {
    RUNNING.store(0, Ordering::Release);
}
