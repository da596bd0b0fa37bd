//! The end of a sink.

use std::time::{Duration, Instant};

use super::Sink;
use crate::error::{Error, Result};
use crate::pipeline::after;
use crate::pipeline::line::IndexEnd;
use crate::pipeline::stats::Summary;
use crate::stop::Phase;

/// How long dropping an open sink waits until the pushed rows are written.
const DROP_GRACE: Duration = Duration::from_secs(5);
/// How long the remaining threads may take to end after the deadline.
const LAST_MOMENTS: Duration = Duration::from_millis(300);

impl Sink {
    /// Accepts no more rows, writes the rows that were pushed, makes the last callbacks, and ends the library's threads. `Ok`: all rows
    /// are durable and the sink hasn't failed. [`Error::NotDurable`]: this took longer than `deadline`; the rest is abandoned, and may
    /// or may not be in the database. Closing again returns the same result. While another thread closes the sink, this waits for
    /// it, until the deadline. It can't be called from a callback, because it would wait for that callback. If a callback still
    /// runs at the deadline, this doesn't wait for it, and no more callbacks are made.
    ///
    /// With `sink.vector-index` = defer this also builds the vector indexes that were dropped when the sink was opened. If the deadline
    /// ends the build, all rows are durable, and this returns [`Error::Target`] with the statements to run. If they aren't run,
    /// the next sink of the table builds the indexes.
    pub fn close(&self, deadline: Duration) -> Result<Summary> {
        if self.core.is_callback_thread() {
            return Err(Error::Internal("a sink can't be closed from its own callback".into()));
        }
        let deadline = after(deadline);
        match self.closed.try_lock_until(deadline) {
            Some(mut closed) => closed.get_or_insert_with(|| self.end(deadline)).clone(),
            // Another thread is closing it, with a later deadline.
            None => Err(self.core.not_durable()),
        }
    }

    /// Ends a sink that is dropped while it is open.
    pub(crate) fn drop_open(&self) {
        let deadline = after(DROP_GRACE);
        let Some(mut closed) = self.closed.try_lock_until(deadline) else {
            log::error!("{}: dropped while another thread closes it", self.core.line.name());
            return;
        };
        if closed.is_some() {
            return;
        }
        let outcome = self.end(deadline);
        if let Err(error) = &outcome {
            log::error!("{}: dropped without close: {error}", self.core.line.name());
        }
        *closed = Some(outcome);
    }

    fn end(&self, deadline: Instant) -> Result<Summary> {
        let core = &self.core;
        let stop = &core.line.shared.stop;
        core.shut();
        core.line.close();
        let settled = core.wait_durable(core.next(), deadline);
        if !matches!(settled, Ok(true)) {
            core.line.abandon();
            stop.abandon();
        }
        let end = deadline;
        // Idle threads need a moment to end, even if the deadline is over.
        let deadline = deadline.max(Instant::now() + LAST_MOMENTS);
        core.line.join(stop, Some(deadline));
        if let Some(callbacks) = self.callbacks.lock().take() {
            callbacks.finish(core, deadline);
        }
        let indexed = match settled {
            Ok(true) if core.failure().is_none() => {
                core.line.finish_indexes(&|| Instant::now() >= end || stop.phase() >= Phase::Abandoning)
            }
            // Not all rows are written. The next sink of the table writes the missing rows first and builds the index after them.
            Ok(_) | Err(_) => {
                core.line.leave_indexes("rows are missing, too");
                Ok(IndexEnd::Done)
            }
        };
        core.line.target.close();
        if !settled? {
            return Err(core.not_durable());
        }
        if let Some(failure) = core.failure() {
            return Err(failure);
        }
        match (indexed?, &core.line.target.deferral) {
            (IndexEnd::Cancelled, Some(deferral)) => {
                return Err(deferral.unfinished("the time that close was given was over"));
            }
            (IndexEnd::Cancelled, None) | (IndexEnd::Done, _) => {}
        }
        Ok(Summary { counters: core.line.counted(), seconds: self.opened.elapsed().as_secs_f64(), progress_age: None })
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.drop_open();
    }
}
