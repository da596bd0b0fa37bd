//! The end of a sink.

use std::time::{Duration, Instant};

use super::Sink;
use crate::error::{Error, Result};
use crate::pipeline::after;
use crate::pipeline::stats::Summary;

/// How long dropping an open sink waits for what was pushed.
const DROP_GRACE: Duration = Duration::from_secs(5);

impl Sink {
    /// Takes no more rows, writes what was pushed, makes the last callbacks, and ends the library's threads. `Ok` when
    /// everything is durable and the sink hasn't failed. [`Error::NotDurable`] when that took longer than `deadline`: the rest is abandoned, and may
    /// or may not be in the database. Closing again gives the same answer. Not from a callback, which it would wait for.
    pub fn close(&self, deadline: Duration) -> Result<Summary> {
        if self.core.is_callback_thread() {
            return Err(Error::Internal("a sink can't be closed from its own callback".into()));
        }
        let mut closed = self.closed.lock();
        closed.get_or_insert_with(|| self.end(after(deadline))).clone()
    }

    /// What dropping comes to: ends a sink that is open.
    pub(crate) fn drop_open(&self) {
        let mut closed = self.closed.lock();
        if closed.is_some() {
            return;
        }
        let outcome = self.end(after(DROP_GRACE));
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
        core.line.join(stop);
        if let Some(keeper) = self.keeper.lock().take() {
            keeper.finish(core);
        }
        if let Some(callbacks) = self.callbacks.lock().take() {
            callbacks.finish(core);
        }
        if !settled? {
            return Err(core.not_durable());
        }
        if let Some(failure) = core.line.shared.failure() {
            return Err(failure);
        }
        Ok(Summary { counters: core.line.counters().snapshot(), seconds: self.opened.elapsed().as_secs_f64() })
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.drop_open();
    }
}
