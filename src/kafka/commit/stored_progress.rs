//! How old the progress is that a group has stored.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// How old a job's stored progress is. The code that shows this figure has a clone.
#[derive(Debug, Clone, Default)]
pub struct StoredProgress(Arc<Mutex<Times>>);

#[derive(Debug, Default)]
struct Times {
    /// The latest time for which this is true: the group has stored everything that was durable at that time.
    complete: Option<Instant>,
    /// The job has ended and stores nothing more.
    ended: Option<Instant>,
}

impl StoredProgress {
    /// How long ago the stored progress was complete. Rows that became durable later would be read again by the next start.
    /// Near zero while commits succeed.
    pub fn age(&self) -> Duration {
        let times = self.0.lock();
        let now = times.ended.unwrap_or_else(Instant::now);
        times.complete.map_or(Duration::ZERO, |complete| now.saturating_duration_since(complete))
    }

    pub fn complete_at(&self, at: Instant) {
        self.0.lock().complete = Some(at);
    }

    pub fn end(&self) {
        self.0.lock().ended = Some(Instant::now());
    }
}
