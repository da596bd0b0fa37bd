//! Starts the library's threads and counts those that run, so that the child of a fork knows whether its parent had any.

use std::cell::Cell;
use std::io;
#[cfg(feature = "kafka")]
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{Builder, JoinHandle};

#[cfg(feature = "kafka")]
use parking_lot::Mutex;

use crate::error::Error;

static RUNNING: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static OURS: Cell<bool> = const { Cell::new(false) };
    static POLLS_KAFKA: Cell<bool> = const { Cell::new(false) };
}

/// Counts one running thread, until it is dropped.
struct Counted;

impl Drop for Counted {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, Ordering::Release);
    }
}

/// Starts a thread. The error: the system couldn't create one.
pub fn spawn<T: Send + 'static>(
    name: impl Into<String>,
    body: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    RUNNING.fetch_add(1, Ordering::Relaxed);
    let counted = Counted;
    Builder::new().name(name.into()).spawn(move || {
        let _counted = counted;
        OURS.set(true);
        // `body` and all that it owns are dropped before the thread counts as ended.
        body()
    })
}

/// Checks that the system can create `count` threads at once. librdkafka starts its own threads while a client is made, and
/// crashes when the system can't create them.
#[cfg(feature = "kafka")]
pub fn ask_for(count: usize, what: &str) -> Result<(), Error> {
    let gate = Arc::new(Mutex::new(()));
    let closed = gate.lock();
    let mut running = Vec::new();
    let mut asked = Ok(());
    for _ in 0..count {
        let gate = Arc::clone(&gate);
        match spawn("asked-for", move || drop(gate.lock())) {
            Ok(thread) => running.push(thread),
            Err(error) => {
                asked = Err(refused(what, &error));
                break;
            }
        }
    }
    drop(closed);
    // The threads only wait and end, so none of them panics.
    running.into_iter().for_each(|thread| drop(thread.join()));
    asked
}

/// The error when the system couldn't create a thread.
pub fn refused(what: &str, error: &io::Error) -> Error {
    Error::Target {
        message: format!(
            "the system couldn't create a thread {what}: {error}; raise its limits for this process (ulimit -u, pids.max of its \
             cgroup), or have fewer threads"
        ),
        sqlstate: None,
        passing: true,
    }
}

/// As long as this lives, the thread that made it polls Kafka. It must not wait for a server's answer, because a group removes a
/// member that polls too seldom. Our tests check that: see [`waits_for`].
#[cfg(any(test, feature = "kafka"))]
pub struct PollsKafka {
    /// This makes the type belong to its thread: it can't be sent to another one.
    _not_send: std::marker::PhantomData<*const ()>,
}

#[cfg(any(test, feature = "kafka"))]
impl PollsKafka {
    pub fn begin() -> PollsKafka {
        POLLS_KAFKA.set(true);
        PollsKafka { _not_send: std::marker::PhantomData }
    }
}

#[cfg(any(test, feature = "kafka"))]
impl Drop for PollsKafka {
    fn drop(&mut self) {
        POLLS_KAFKA.set(false);
    }
}

/// Called before each wait for an answer of `server`. With the feature `internals`, which our tests have, it panics on a thread
/// that polls Kafka.
#[inline]
pub fn waits_for(server: &str) {
    if cfg!(any(test, feature = "internals")) {
        assert!(!POLLS_KAFKA.get(), "the thread that polls Kafka waits for {server}");
    }
}

/// Whether the calling thread is one of the library's.
#[cfg(feature = "ffi")]
pub fn is_ours() -> bool {
    OURS.get()
}

/// How many of the library's threads run.
#[cfg(feature = "ffi")]
pub fn running() -> usize {
    RUNNING.load(Ordering::Acquire)
}

/// Called in the child of a fork, where none of these threads runs.
#[cfg(feature = "ffi")]
pub fn none_in_this_process() {
    RUNNING.store(0, Ordering::Release);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_polls_kafka_may_not_wait_for_a_server_until_it_has_ended_polling() {
        waits_for("a server");
        let polling = PollsKafka::begin();
        assert!(std::panic::catch_unwind(|| waits_for("a server")).is_err());
        assert!(std::thread::spawn(|| waits_for("a server")).join().is_ok(), "other threads may wait");
        drop(polling);
        waits_for("a server");
    }
}
