//! How far the job is behind the end of its topics.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many records of the topics are not durable yet. The code that shows this figure has a clone.
#[derive(Debug, Clone, Default)]
pub struct Lag(Arc<AtomicU64>);

impl Lag {
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub fn set(&self, records: u64) {
        self.0.store(records, Ordering::Relaxed);
    }
}
