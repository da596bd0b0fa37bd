//! Finds how many transactions at once are worth it where rows are expensive. A transaction then takes about 100 ms, so a few of them
//! show what a number of writers is worth, and 20 writers are found in less than two seconds.

use std::time::{Duration, Instant};

/// A number of writers is judged by as many batches as there are writers, but at least by this many.
const LEAST_BATCHES: u32 = 4;
/// If all writers are busy, half as many more could at best make writing half as fast again. Additional writers are worth it if they
/// bring at least this share of what they could bring at best.
const WORTH_IT: f64 = 0.4;
/// A trial ends after this time, even if there wasn't enough to write.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long the result of a search is used before a new one begins, and how long to wait after a trial without enough to write.
const PAUSE: Duration = Duration::from_secs(20);
const SHORT_PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub struct WriterSearch {
    least: usize,
    most: usize,
    /// The number of writers now.
    writers: usize,
    /// The best number so far, once it was measured.
    best: Option<Speed>,
    /// The largest number of writers that was found to be too few.
    too_few: Option<usize>,
    /// The smallest number that was found to be too many: the additional writers were not worth it.
    too_many: Option<usize>,
    /// When the trial of `writers` began. `None`: they aren't only tried.
    tried_since: Option<Instant>,
    paused_until: Option<Instant>,
    measured: Measured,
}

/// How fast a number of writers is.
#[derive(Debug, Clone, Copy)]
struct Speed {
    writers: usize,
    /// Rows a second.
    rate: f64,
}

/// The batches that began while all writers were busy.
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

    /// Takes a batch that was written: its rows, how long its writer was busy with it, and how many writers were busy at the end.
    /// `is_full`: the batch had about as many rows as it may have.
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
        // A writer that has just ended a batch isn't busy for a moment.
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

    /// The number to try next: after a pause first somewhat fewer, then more, and at last between those that were too few and the best.
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

/// The middle of two numbers if they are further apart than `near`.
fn between(fewer: usize, more: usize, near: usize) -> Option<usize> {
    (more - fewer > near.max(1)).then(|| fewer.midpoint(more))
}
