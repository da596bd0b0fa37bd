//! Finds how many transactions at once are worth it where rows are expensive. A transaction then takes about 100 ms, so a few of them
//! show what a number of writers is worth, and 20 writers are found in less than two seconds.

use std::time::{Duration, Instant};

/// A number of writers is judged by as many batches as there are writers, but at least by this many.
const LEAST_BATCHES: u32 = 4;
/// At best, the rate grows in proportion to the number of writers: 1.5 times as many writers write 1.5 times as many rows per second.
/// Additional writers are worth it if they bring at least this share of that growth.
const WORTH_IT: f64 = 0.4;
/// A number of writers is tried for at most this long, even if there weren't enough rows to judge it.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long the result of a search is used before a new search begins. The pause is short if there weren't enough rows to judge a
/// number of writers.
const PAUSE: Duration = Duration::from_secs(20);
const SHORT_PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub struct WriterSearch {
    least: usize,
    most: usize,
    /// The number of writers now.
    writers: usize,
    /// The best number of writers so far. `None` until the first one is measured.
    best: Option<Speed>,
    /// The largest number of writers that was found to be too few.
    too_few: Option<usize>,
    /// The smallest number that was found to be too many: the additional writers were not worth it.
    too_many: Option<usize>,
    /// Since when `writers` has been tried. `None` if it isn't a number to try but the one that is used.
    tried_since: Option<Instant>,
    paused_until: Option<Instant>,
    measured: Measured,
}

/// How fast a number of writers is.
#[derive(Debug, Clone, Copy)]
struct Speed {
    writers: usize,
    /// Rows per second.
    rate: f64,
}

/// The batches that began and ended while at least three quarters of the writers were busy.
#[derive(Debug, Default)]
struct Measured {
    busy_since: Option<Instant>,
    batches: u32,
    rows: usize,
    spent: Duration,
}

impl WriterSearch {
    /// Begins with `writers`, and ends with a number from `least` to `most`.
    pub fn new(writers: usize, least: usize, most: usize) -> WriterSearch {
        WriterSearch {
            least,
            most,
            writers,
            best: None,
            too_few: None,
            too_many: None,
            tried_since: None,
            paused_until: None,
            measured: Measured::default(),
        }
    }

    pub fn writers(&self) -> usize {
        self.writers
    }

    /// Learns from a batch that was written. `is_full`: the batch had about as many rows as it could have. `spent`: how long its
    /// writer was busy with it. `busy`: how many writers were busy at its end.
    pub fn observe(&mut self, now: Instant, rows: usize, is_full: bool, spent: Duration, busy: usize) {
        if let Some(until) = self.paused_until {
            if now < until {
                return;
            }
            *self = WriterSearch::new(self.writers, self.least, self.most);
        }
        if let (Some(since), Some(best)) = (self.tried_since, self.best)
            && now.duration_since(since) > PATIENCE
        {
            return self.settle(best.writers, now + SHORT_PAUSE);
        }
        // A writer that has just ended a batch counts as idle for a moment, so three quarters of the writers are enough.
        if !is_full || busy * 4 < self.writers * 3 {
            return;
        }
        let busy_since = *self.measured.busy_since.get_or_insert(now);
        if now.checked_sub(spent).is_none_or(|began| began < busy_since) {
            return;
        }
        self.measured.batches += 1;
        self.measured.rows += rows;
        self.measured.spent += spent;
        if self.measured.batches >= LEAST_BATCHES.max(self.writers as u32) {
            let Measured { rows, spent, .. } = std::mem::take(&mut self.measured);
            let rate = self.writers as f64 * rows as f64 / spent.as_secs_f64();
            self.judge(now, Speed { writers: self.writers, rate });
        }
    }

    fn judge(&mut self, now: Instant, now_at: Speed) {
        let best = match self.best {
            None => now_at,
            Some(best) if now_at.writers > best.writers => {
                if now_at.is_worth_it_over(best) {
                    self.too_few = Some(best.writers);
                    now_at
                } else {
                    self.too_many = Some(now_at.writers);
                    best
                }
            }
            Some(best) => {
                if best.is_worth_it_over(now_at) {
                    self.too_few = Some(now_at.writers);
                    best
                } else {
                    self.too_many = Some(best.writers);
                    now_at
                }
            }
        };
        self.best = Some(best);
        match self.next(best.writers) {
            Some(writers) => {
                self.writers = writers;
                self.tried_since = Some(now);
            }
            None => self.settle(best.writers, now + PAUSE),
        }
    }

    /// The number of writers to try next. Somewhat fewer are tried first, where fewer are allowed, then more, and at
    /// last a number between the best one and one that was too small or too large.
    fn next(&self, best: usize) -> Option<usize> {
        if self.too_few.is_none() && best > self.least {
            return Some((best * 3 / 4).max(self.least));
        }
        let more = match self.too_many {
            None => (best < self.most).then_some((best * 2).min(self.most)),
            Some(too_many) => between(best, too_many, best / 8),
        };
        more.or_else(|| between(self.too_few?, best, best / 4))
    }

    fn settle(&mut self, writers: usize, until: Instant) {
        self.writers = writers;
        self.tried_since = None;
        self.paused_until = Some(until);
        self.measured = Measured::default();
    }
}

impl Speed {
    /// Whether the additional writers are worth it.
    fn is_worth_it_over(self, fewer: Speed) -> bool {
        let added = self.writers.saturating_sub(fewer.writers) as f64 / fewer.writers as f64;
        self.rate >= fewer.rate * (1.0 + WORTH_IT * added)
    }
}

/// The middle of two numbers, if the difference between them is greater than `near`.
fn between(fewer: usize, more: usize, near: usize) -> Option<usize> {
    (more - fewer > near.max(1)).then(|| fewer.midpoint(more))
}
