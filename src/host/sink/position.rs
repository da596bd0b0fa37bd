//! Stores a named stream's position in the database, after its rows are stored.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use super::core::Core;
use crate::error::{Error, Result};
use crate::pipeline::thread_end::ThreadEnd;
use crate::postgres::{OwnStream, PositionOutcome};
use crate::stop::{Phase, Stop};
use crate::threads;

/// The position is stored at most this often.
const INTERVAL: Duration = Duration::from_secs(1);
/// How many times the thread tries to store the last position.
const LAST_ATTEMPTS: u32 = 3;

pub struct PositionKeeper(Arc<ThreadEnd>);

impl PositionKeeper {
    pub fn start(core: &Arc<Core>, held: OwnStream) -> Result<PositionKeeper> {
        let end: Arc<ThreadEnd> = Arc::default();
        let (own, its) = (Arc::clone(core), Arc::clone(&end));
        let body = move || {
            if catch_unwind(AssertUnwindSafe(|| run(&own, held, &its))).is_err() {
                log::error!("{}: the thread that stores the stream's position failed", own.line.name());
            }
            // The thread drops its reference to the sink before other threads learn that it has ended.
            drop(own);
            its.ended();
        };
        let thread = threads::spawn("vecsink position", body);
        thread.map_err(|error| threads::refused("for the stream's position", &error))?;
        Ok(PositionKeeper(end))
    }

    /// Stores the last position and ends the thread, but waits no longer than `is_over` allows.
    pub fn finish(self, core: &Core, is_over: impl Fn(&Stop) -> bool) {
        if !self.0.finish(|| is_over(&core.line.shared.stop)) {
            log::warn!("{}: the stream's last position could not be stored in time", core.line.name());
        }
    }
}

fn run(core: &Core, mut held: OwnStream, end: &ThreadEnd) {
    let mut attempts = 0;
    loop {
        let last = end.wait(INTERVAL);
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
