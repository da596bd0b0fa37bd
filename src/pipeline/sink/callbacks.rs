//! The host's callbacks, called from one thread of their own: a writer must not wait for the host.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::core::Core;
use crate::error::{Error, Rejection, Result};

/// A row that was accepted and could not be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// What its push returned.
    pub sequence: u64,
    pub rejection: Rejection,
}

type OnDurable = Box<dyn Fn(u64) + Send + Sync>;
type OnRejected = Box<dyn Fn(&Rejected) + Send + Sync>;

#[derive(Default)]
pub struct Calls {
    pub durable: Option<OnDurable>,
    pub rejected: Option<OnRejected>,
}

/// The running thread.
pub struct Callbacks {
    thread: JoinHandle<()>,
    ended: Arc<AtomicBool>,
}

impl Callbacks {
    pub fn start(core: &Arc<Core>, calls: Calls) -> Result<Option<Callbacks>> {
        if calls.durable.is_none() && calls.rejected.is_none() {
            return Ok(None);
        }
        let ended = Arc::new(AtomicBool::new(false));
        let (own, told_to_end) = (Arc::clone(core), Arc::clone(&ended));
        // Before anything is pushed: when the thread comes to run, rows may be durable that nobody was told of.
        let told = core.durable();
        let body = move || {
            // Nobody else sets it.
            let _ = own.callback_thread.set(thread::current().id());
            run(&own, &calls, told, &told_to_end);
        };
        let thread = thread::Builder::new().name("vecsink callbacks".into()).spawn(body);
        let thread = thread.map_err(|error| Error::Internal(format!("no thread for callbacks: {error}")))?;
        Ok(Some(Callbacks { thread, ended }))
    }

    /// Makes the last calls and ends. From a callback itself there is nothing to wait for.
    pub fn finish(self, core: &Core) {
        self.ended.store(true, Ordering::Release);
        core.line.shared.watch.notify();
        if !core.is_callback_thread() && self.thread.join().is_err() {
            log::error!("{}: the thread of the callbacks failed", core.line.name());
        }
    }
}

/// Makes the calls until the end; `told` is the watermark that the host knows of.
fn run(core: &Core, calls: &Calls, mut told: u64, ended: &AtomicBool) {
    loop {
        let seen = core.line.shared.watch.changes();
        let last = ended.load(Ordering::Acquire);
        // In this order: a rejection below the watermark is there before the watermark passes it.
        let durable = core.durable();
        for (position, rejection) in core.line.take_rejected() {
            if let Some(call) = &calls.rejected {
                let rejected = Rejected { sequence: position.offset as u64, rejection };
                guarded(core, "on_rejected", || call(&rejected));
            }
        }
        if durable > told {
            told = durable;
            if let Some(call) = &calls.durable {
                guarded(core, "on_durable", || call(durable));
            }
        }
        if last {
            return;
        }
        core.line.shared.watch.wait(seen, Instant::now() + Duration::from_secs(1));
    }
}

fn guarded(core: &Core, name: &str, call: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(call)).is_err() {
        log::error!("{}: the callback {name} panicked; rows go on", core.line.name());
    }
}
