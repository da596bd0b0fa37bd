//! How long the reader took between two polls of its client. A group removes a member that polls too seldom, so the reader must
//! not wait for an answer between two polls.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
#[cfg(feature = "internals")]
use std::time::Duration;
use std::time::Instant;

/// The longest time between two polls. The code that reads this figure has a clone.
#[derive(Debug, Clone, Default)]
pub struct LongestGap(Arc<AtomicU64>);

impl LongestGap {
    #[cfg(feature = "internals")]
    pub fn get(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::Relaxed))
    }
}

#[derive(Default)]
pub struct Polls {
    last: Option<Instant>,
    longest: LongestGap,
}

impl Polls {
    /// To be called when the client is about to be polled, maybe many times without a pause.
    #[inline]
    pub fn poll(&mut self) {
        let now = Instant::now();
        if let Some(last) = self.last.replace(now) {
            let gap = now.duration_since(last).as_micros() as u64;
            self.longest.0.fetch_max(gap, Ordering::Relaxed);
        }
    }

    #[cfg(feature = "internals")]
    pub fn longest(&self) -> LongestGap {
        self.longest.clone()
    }
}
