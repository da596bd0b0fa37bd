//! Stores a named stream's position in the database, after its rows are stored.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::core::Core;
use crate::error::{Error, Result};
use crate::postgres::{OwnStream, PositionOutcome};
use crate::stop::{Phase, Stop};
use crate::threads;

/// The position is stored at most this often.
const INTERVAL: Duration = Duration::from_secs(1);
/// How often the wait for the thread's end checks whether the time is over.
const RECHECK: Duration = Duration::from_millis(50);
/// How many times the thread tries to store the last position.
const LAST_ATTEMPTS: u32 = 3;

pub struct PositionKeeper(Arc<KeeperEnd>);

/// Shared by the thread of the position and the thread that ends it: the second tells the first to end, and learns that it has ended.
#[derive(Default)]
struct KeeperEnd {
    state: Mutex<KeeperState>,
    changed: Condvar,
}

#[derive(Default)]
struct KeeperState {
    /// The thread must end.
    last: bool,
    /// The thread has ended.
    ended: bool,
}

impl PositionKeeper {
    pub fn start(core: &Arc<Core>, held: OwnStream) -> Result<PositionKeeper> {
        let told: Arc<KeeperEnd> = Arc::default();
        let (own, its) = (Arc::clone(core), Arc::clone(&told));
        let body = move || {
            if catch_unwind(AssertUnwindSafe(|| run(&own, held, &its))).is_err() {
                log::error!("{}: the thread that stores the stream's position failed", own.line.name());
            }
            // The thread drops its reference to the sink before other threads learn that it has ended.
            drop(own);
            its.state.lock().ended = true;
            its.changed.notify_all();
        };
        let thread = threads::spawn("vecsink position", body);
        thread.map_err(|error| threads::refused("for the stream's position", &error))?;
        Ok(PositionKeeper(told))
    }

    /// Stores the last position and ends the thread, but waits no longer than `is_over` allows.
    pub fn finish(self, core: &Core, is_over: impl Fn(&Stop) -> bool) {
        let KeeperEnd { state, changed } = &*self.0;
        let mut state = state.lock();
        state.last = true;
        changed.notify_all();
        while !state.ended {
            if is_over(&core.line.shared.stop) {
                log::warn!("{}: the stream's last position could not be stored in time", core.line.name());
                return;
            }
            changed.wait_for(&mut state, RECHECK);
        }
    }
}

fn run(core: &Core, mut held: OwnStream, told: &KeeperEnd) {
    let mut attempts = 0;
    loop {
        let last = {
            let mut state = told.state.lock();
            let until = Instant::now() + INTERVAL;
            while !state.last && !told.changed.wait_until(&mut state, until).timed_out() {}
            state.last
        };
        let low = core.durable() as i64;
        if low > held.low {
            match core.line.target.streams.advance(&mut held, low, &core.line.shared.stop) {
                Ok(PositionOutcome::Stored) => {}
                Ok(PositionOutcome::Fenced) => {
                    let name = core.line.name();
                    let owner = core.line.target.streams.owner_column();
                    core.line.abandon();
                    core.line.shared.fail(Error::Fenced(format!(
                        "{name}: another process has opened this stream; only one may push into it at a time; {owner} says who"
                    )));
                    return;
                }
                Err(error) => {
                    log::warn!("{error}");
                    attempts += u32::from(last);
                    let stop = &core.line.shared.stop;
                    if last && attempts < LAST_ATTEMPTS && !stop.wait(Phase::Abandoning, INTERVAL / 4) {
                        continue;
                    }
                }
            }
        }
        if last {
            return;
        }
    }
}
