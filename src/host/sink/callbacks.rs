//! Calls the host's callbacks, from a thread of their own, because a writer must not wait for the host.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::core::Core;
use crate::error::{Rejection, Result};
use crate::threads;

/// A row that was accepted and could not be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// The number that its push returned.
    pub sequence: u64,
    /// Why it could not be stored.
    pub rejection: Rejection,
}

type OnDurable = Box<dyn Fn(u64) + Send + Sync>;
type OnRejected = Box<dyn Fn(&Rejected) + Send + Sync>;

#[derive(Default)]
pub struct Calls {
    pub durable: Option<OnDurable>,
    pub rejected: Option<OnRejected>,
}

/// The running thread of the callbacks.
pub struct Callbacks(Arc<CallbacksEnd>);

/// Shared by the callback thread and the thread that ends it: the second tells the first to end, and learns that it has ended.
#[derive(Default)]
struct CallbacksEnd {
    /// The next round of calls is the last one.
    last: AtomicBool,
    /// No more calls may be made: `close` has stopped waiting for them.
    left: AtomicBool,
    ended: Mutex<bool>,
    changed: Condvar,
}

impl Callbacks {
    pub fn start(core: &Arc<Core>, calls: Calls) -> Result<Option<Callbacks>> {
        if calls.durable.is_none() && calls.rejected.is_none() {
            return Ok(None);
        }
        let told: Arc<CallbacksEnd> = Arc::default();
        let (own, its) = (Arc::clone(core), Arc::clone(&told));
        // The watermark is read here, before anything is pushed. When the new thread runs, rows may be durable already, and the
        // callback must be called for them.
        let durable = core.durable();
        let body = move || {
            // Only this thread sets it.
            let _ = own.callback_thread.set(thread::current().id());
            if catch_unwind(AssertUnwindSafe(|| run(&own, &calls, durable, &its))).is_err() {
                log::error!("{}: the thread of the callbacks failed", own.line.name());
            }
            // The host's functions and the sink are dropped before other threads learn that this one has ended.
            drop((calls, own));
            *its.ended.lock() = true;
            its.changed.notify_all();
        };
        let thread = threads::spawn("vecsink callbacks", body);
        thread.map_err(|error| threads::refused("for callbacks", &error))?;
        Ok(Some(Callbacks(told)))
    }

    /// Makes the last calls and ends the thread. A call that still runs at the deadline is the last one. If this is called by a
    /// callback itself, it doesn't wait.
    pub fn finish(self, core: &Core, deadline: Instant) {
        let CallbacksEnd { last, left, ended, changed } = &*self.0;
        last.store(true, Ordering::Release);
        core.line.shared.watch.notify();
        if core.is_callback_thread() {
            return;
        }
        let mut ended = ended.lock();
        while !*ended {
            if changed.wait_until(&mut ended, deadline).timed_out() && !*ended {
                left.store(true, Ordering::Release);
                log::warn!("{}: a callback hasn't returned in time; no more callbacks are made", core.line.name());
                return;
            }
        }
    }
}

/// Makes the calls until the end. `known`: the watermark that the host knows.
fn run(core: &Core, calls: &Calls, mut known: u64, told: &CallbacksEnd) {
    let guarded = |name: &str, call: &dyn Fn()| {
        if !told.left.load(Ordering::Acquire) && catch_unwind(AssertUnwindSafe(call)).is_err() {
            log::error!("{}: the callback {name} panicked; rows are still written", core.line.name());
        }
    };
    loop {
        let seen = core.line.shared.watch.changes();
        let last = told.last.load(Ordering::Acquire);
        // The watermark is read before the rejections, because a rejection is there before the watermark rises above its row.
        let durable = core.durable();
        for (position, rejection) in core.line.take_rejected() {
            let rejected = Rejected { sequence: position.offset as u64, rejection };
            if let Some(call) = &calls.rejected {
                guarded("on_rejected", &|| call(&rejected));
            }
            core.line.reported(&rejected.rejection);
        }
        if durable > known {
            known = durable;
            if let Some(call) = &calls.durable {
                guarded("on_durable", &|| call(durable));
            }
        }
        if last {
            return;
        }
        core.line.shared.watch.wait(seen, Instant::now() + Duration::from_secs(1));
    }
}
