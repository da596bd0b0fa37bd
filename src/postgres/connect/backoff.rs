//! How long to wait between attempts.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// The longest wait for a server that is away.
const LONGEST: Duration = Duration::from_secs(10);

/// Waits that double. Each but the first is shortened at random, so that writers don't try again at the same time.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    first: Duration,
}

impl Backoff {
    pub fn new(first: Duration) -> Self {
        Backoff { first: first.max(Duration::from_millis(1)) }
    }

    /// The wait that follows this many earlier ones.
    pub fn after(self, waits: u32) -> Duration {
        let whole = self.first.saturating_mul(1 << waits.min(16)).min(LONGEST.max(self.first));
        if waits == 0 {
            return whole;
        }
        // A RandomState has another seed each time: enough randomness for a jitter.
        let random = RandomState::new().hash_one(waits) % 500;
        whole * (1000 - random as u32) / 1000
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn waits_grow_from_the_first_to_ten_seconds() {
        let backoff = Backoff::new(Duration::from_millis(200));
        assert_eq!(backoff.after(0), Duration::from_millis(200));
        let second = backoff.after(1);
        assert!((200..=400).contains(&second.as_millis()), "{second:?}");
        for waits in 2..22 {
            assert!(backoff.after(waits) <= LONGEST);
        }
        assert!(backoff.after(22) >= LONGEST / 2);
    }

    #[test]
    fn each_writer_waits_for_a_different_time() {
        let backoff = Backoff::new(Duration::from_secs(1));
        let waits: HashSet<Duration> = (0..100).map(|_| backoff.after(1)).collect();
        assert!(waits.len() > 10, "{waits:?}");
    }
}
