//! What all threads of a job, or of a sink that is pushed into, share.

use std::sync::Arc;

use parking_lot::Mutex;

use super::watch::Watch;
use crate::dispatch::Budget;
use crate::error::Error;
use crate::stop::Stop;

pub struct Shared {
    pub stop: Stop,
    pub budget: Arc<Budget>,
    /// Notified whenever rows are settled, and when the job fails.
    pub watch: Watch,
    failure: Mutex<Option<Error>>,
}

impl Shared {
    pub fn new(buffer_memory: usize) -> Shared {
        Shared {
            stop: Stop::default(),
            budget: Arc::new(Budget::new(buffer_memory)),
            watch: Watch::default(),
            failure: Mutex::new(None),
        }
    }

    /// Keeps the first failure and ends the job. Rows that were accepted before it are still written where that is possible.
    pub fn fail(&self, error: Error) {
        log::debug!("failed: {error}");
        self.failure.lock().get_or_insert(error);
        self.stop.drain();
        self.watch.notify();
    }

    /// The first failure.
    pub fn failure(&self) -> Option<Error> {
        self.failure.lock().clone()
    }
}
