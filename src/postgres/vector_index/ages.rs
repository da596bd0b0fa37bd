//! How long rows have been in a table. No column has the time, but each row has the number of its transaction. So the number of the next
//! transaction is noted from time to time, with the time. These samples are compared with a row's number.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The most samples that are kept. A row that is older than the first sample counts as written at the time of the first sample.
const MOST_SAMPLES: usize = 4000;
const LEAST_BETWEEN: Duration = Duration::from_secs(1);

/// Samples: a time, and the number that the next transaction would have had at that time.
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

    /// How long ago the transaction with this number ran. It counts as having run at the time of the last sample before it. If there is
    /// none, it counts as having run at the time of the first sample.
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
    fn a_transaction_is_as_old_as_the_last_sample_before_it() {
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
    fn a_limited_number_of_samples_is_kept() {
        let start = Instant::now();
        let mut ages = Ages::default();
        for second in 0..2 * MOST_SAMPLES as u64 {
            ages.note(start + Duration::from_secs(second), second);
            ages.note(start + Duration::from_secs(second), second);
        }
        assert_eq!(ages.samples.len(), MOST_SAMPLES);
    }
}
