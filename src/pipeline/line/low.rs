//! With exactly-once: a thread that stores `low` of each stream in the ledger, after the rows, and notices when another process has
//! taken a stream over.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::state::LineState;
use crate::error::{Error, Result};
use crate::pipeline::is_over;
use crate::pipeline::thread_end::ThreadEnd;
use crate::postgres::PositionOutcome;
use crate::progress::ledger::StoredLow;
use crate::stop::{Phase, Stop};
use crate::threads;

/// `low` is stored at most this often.
const INTERVAL: Duration = Duration::from_secs(1);
/// How often the epoch is checked while there is nothing to store.
const LOOK: Duration = Duration::from_secs(30);
/// Attempts at the end.
const LAST_ATTEMPTS: u32 = 3;

pub struct LowKeeper(Arc<ThreadEnd>);

impl LowKeeper {
    pub fn start(line: &Arc<LineState>) -> Result<LowKeeper> {
        let end: Arc<ThreadEnd> = Arc::default();
        let (own, its) = (Arc::downgrade(line), Arc::clone(&end));
        let body = move || {
            if catch_unwind(AssertUnwindSafe(|| run(&own, &its))).is_err() {
                log::error!("the thread that stores how far streams are written failed");
            }
            its.ended();
        };
        let thread = threads::spawn("low", body);
        thread.map_err(|error| threads::refused("for the ledger", &error))?;
        Ok(LowKeeper(end))
    }

    /// Has `low` stored now.
    pub fn hurry(&self) {
        self.0.hurry();
    }

    /// Stores the last positions and ends, unless the wait for that is over.
    pub fn finish(&self, line: &LineState, stop: &Stop, deadline: Option<Instant>) {
        if !self.0.finish(|| is_over(stop, deadline)) {
            log::warn!("{}: how far the streams are written could not be stored in time", line.name());
        }
    }
}

impl Drop for LowKeeper {
    fn drop(&mut self) {
        self.0.tell();
    }
}

fn run(line: &Weak<LineState>, end: &ThreadEnd) {
    let mut looked = Instant::now();
    let mut attempts = 0;
    loop {
        let last = end.wait(INTERVAL);
        let Some(line) = line.upgrade() else { return };
        let looks = looked.elapsed() >= LOOK;
        if looks {
            looked = Instant::now();
        }
        let mut failed = false;
        for stored in line.target.ledger.streams.lows() {
            match store(&line, stored, looks) {
                Ok(PositionOutcome::Stored) => {}
                Ok(PositionOutcome::Fenced) if line.target.ledger.streams.is_shared() => {
                    line.target.ledger.streams.fence(stored.index, stored.epoch);
                }
                Ok(PositionOutcome::Fenced) => return fenced(&line),
                Err(error) => {
                    failed = true;
                    // The outage has been logged already.
                    match line.in_outage() {
                        true => log::debug!("{error}"),
                        false => log::warn!("{error}"),
                    }
                    break;
                }
            }
        }
        attempts += u32::from(failed && last);
        let again = failed && attempts < LAST_ATTEMPTS && !line.shared.stop.wait(Phase::Abandoning, INTERVAL / 4);
        if last && !again {
            return;
        }
    }
}

fn store(line: &LineState, stored: StoredLow, looks: bool) -> Result<PositionOutcome> {
    let StoredLow { index, low, .. } = stored;
    let watermark = line.progress.watermark(index).unwrap_or(low);
    if watermark <= low && !looks {
        return Ok(PositionOutcome::Stored);
    }
    let ledger = &line.target.ledger;
    let outcome = ledger.advance(stored, watermark, &line.shared.stop)?;
    if outcome == PositionOutcome::Stored {
        ledger.streams.low_stored(StoredLow { low: watermark, ..stored });
    }
    Ok(outcome)
}

fn fenced(line: &LineState) {
    let ledger = &line.target.ledger;
    line.abandon();
    let said = line.settings.origin.fenced(&ledger.owner_column());
    line.shared.fail(Error::Fenced(format!("{}: {said}", line.name())));
}
