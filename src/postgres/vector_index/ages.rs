//! How long rows have been in a table. No column says it, but each row has the number of its transaction. So the number that the next
//! transaction gets is noted from time to time, and a row's number is compared with these.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// So many times are kept. A row from before the first of them counts as written at the first one.
const MOST_SAMPLES: usize = 4000;
const LEAST_BETWEEN: Duration = Duration::from_secs(1);

/// Times, and the number that the next transaction had then.
#[derive(Debug, Default)]
pub struct Ages {
    samples: VecDeque<(Instant, u64)>,
}

impl Ages {
    /// At `now`, the next transaction gets the number `next`.
    pub fn note(&mut self, now: Instant, next: u64) {
        if self.samples.back().is_some_and(|(at, _)| now.saturating_duration_since(*at) < LEAST_BETWEEN) {
            return;
        }
        if self.samples.len() >= MOST_SAMPLES {
            self.samples.pop_front();
        }
        self.samples.push_back((now, next));
    }

    /// How long ago the transaction with this number ran, rounded up to the next known time. A transaction before the first
    /// known time counts as having run then.
    pub fn since(&self, transaction: u64, now: Instant) -> Duration {
        let after = self.samples.partition_point(|(_, next)| *next <= transaction);
        let sample = self.samples.get(after.saturating_sub(1));
        sample.map_or(Duration::ZERO, |(at, _)| now.saturating_duration_since(*at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_is_as_old_as_the_last_time_before_it() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut ages = Ages::default();
        assert_eq!(ages.since(5, at(0)), Duration::ZERO);
        for (second, next) in [(0, 100), (1, 110), (2, 110), (3, 200)] {
            ages.note(at(second), next);
        }
        let since = |transaction| ages.since(transaction, at(10)).as_secs();
        assert_eq!([50, 100, 109, 110, 150, 200, 300].map(since), [10, 10, 10, 8, 8, 7, 7]);
    }

    #[test]
    fn only_so_many_times_are_kept() {
        let start = Instant::now();
        let mut ages = Ages::default();
        for second in 0..2 * MOST_SAMPLES as u64 {
            ages.note(start + Duration::from_secs(second), second);
            ages.note(start + Duration::from_secs(second), second);
        }
        assert_eq!(ages.samples.len(), MOST_SAMPLES);
    }
}
