//! Keeps a named stream's position in the database, after the rows.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::core::Core;
use crate::error::{Error, Result};
use crate::flush::{Held, Kept};

/// How often at most.
const INTERVAL: Duration = Duration::from_secs(1);
/// Attempts at the end.
const LAST_ATTEMPTS: u32 = 3;

pub struct PositionKeeper {
    thread: JoinHandle<()>,
    ended: Arc<(Mutex<bool>, Condvar)>,
}

impl PositionKeeper {
    pub fn start(core: &Arc<Core>, held: Held) -> Result<PositionKeeper> {
        let ended: Arc<(Mutex<bool>, Condvar)> = Arc::default();
        let (own, told) = (Arc::clone(core), Arc::clone(&ended));
        let thread = thread::Builder::new().name("vecsink position".into()).spawn(move || run(&own, held, &told));
        let thread =
            thread.map_err(|error| Error::Internal(format!("no thread for the stream's position: {error}")))?;
        Ok(PositionKeeper { thread, ended })
    }

    /// Keeps the last position and ends.
    pub fn finish(self, core: &Core) {
        *self.ended.0.lock() = true;
        self.ended.1.notify_all();
        if self.thread.join().is_err() {
            log::error!("{}: the thread that keeps the stream's position failed", core.line.name());
        }
    }
}

fn run(core: &Core, mut held: Held, (ended, told): &(Mutex<bool>, Condvar)) {
    let mut attempts = 0;
    loop {
        let last = {
            let mut ended = ended.lock();
            let until = Instant::now() + INTERVAL;
            while !*ended && !told.wait_until(&mut ended, until).timed_out() {}
            *ended
        };
        let low = core.durable() as i64;
        if low > held.low {
            match core.line.target.advance_stream(&mut held, low) {
                Ok(Kept::Yes) => {}
                Ok(Kept::Fenced) => {
                    let name = core.line.name();
                    let owner = core.line.target.stream_owner_column();
                    core.line.abandon();
                    core.line.shared.fail(Error::Fenced(format!(
                        "{name}: another process has opened this stream; only one may push into it at a time; {owner} says who"
                    )));
                    return;
                }
                Err(error) => {
                    log::warn!("{error}");
                    attempts += u32::from(last);
                    if last && attempts < LAST_ATTEMPTS {
                        thread::sleep(INTERVAL / 4);
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
