//! Finds which size of batches, and how many transactions at once, are fastest with this server. It doubles one of the two as long as
//! that is worth it. A larger batch is worth it unless it is slower, because it costs the server less: a COPY of 3000 short rows costs
//! a third more for each row than one of 12,000. One more transaction at once must make writing faster, because it takes a connection.
//!
//! Where the job leaves `batchsize` out, the first batches double it without an experiment, until a batch isn't full or takes half of the
//! longest time. So a job that has much to read doesn't spend its first seconds with small batches.

use std::time::{Duration, Instant};

/// With two, the server stays busy while one of them commits.
const FIRST_WRITERS: usize = 2;
const MOST_ROWS: usize = 48_000;
/// An experiment lasts at least this long, and at least this many batches.
const EXPERIMENT: Duration = Duration::from_millis(250);
const EXPERIMENT_BATCHES: u32 = 8;
/// The rate (rows a second) must reach so much of the rate before. Otherwise the larger value is taken back.
const WRITERS_WORTH_IT: f64 = 1.07;
const ROWS_WORTH_IT: f64 = 0.97;
/// No batch should take longer, because its rows are seen only after it.
const LONGEST: Duration = Duration::from_millis(150);
/// How long the result of the experiments is used before new ones begin.
const PAUSE: Duration = Duration::from_secs(20);

/// What the tuner decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchSetting {
    /// Transactions open at once.
    pub writers: usize,
    pub rows: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tuned {
    Writers,
    Rows,
}

#[derive(Debug)]
pub struct Tuner {
    setting: BatchSetting,
    most_writers: usize,
    /// The job leaves `batchsize` out.
    rows_are_free: bool,
    /// The first doublings without experiments are over.
    grown: bool,
    /// What was enlarged last, and the rate before that.
    experiment: Option<(Tuned, f64)>,
    next: Tuned,
    paused_until: Option<Instant>,
    since: Option<Instant>,
    batches: u32,
    full: u32,
    rows: usize,
    spent: Duration,
}

impl Tuner {
    pub fn new(rows: usize, rows_are_free: bool, most_writers: usize) -> Self {
        Tuner {
            setting: BatchSetting { writers: FIRST_WRITERS.min(most_writers), rows },
            most_writers,
            rows_are_free,
            grown: false,
            experiment: None,
            next: Tuned::Rows,
            paused_until: None,
            since: None,
            batches: 0,
            full: 0,
            rows: 0,
            spent: Duration::ZERO,
        }
    }

    pub fn setting(&self) -> BatchSetting {
        self.setting
    }

    /// Takes a batch that was written: its rows, whether more rows than one batch were waiting for it, and how long it took.
    pub fn observe(&mut self, now: Instant, rows: usize, was_full: bool, spent: Duration) {
        if self.paused_until.is_some_and(|until| now < until) {
            return;
        }
        self.paused_until = None;
        if self.rows_are_free && !self.grown {
            if was_full && spent * 2 < LONGEST && self.setting.rows * 2 <= MOST_ROWS {
                self.setting.rows *= 2;
                return;
            }
            self.grown = was_full;
        }
        let Some(since) = self.since else {
            self.since = Some(now);
            return;
        };
        self.batches += 1;
        self.full += u32::from(was_full);
        self.rows += rows;
        self.spent += spent;
        if self.batches < EXPERIMENT_BATCHES || now - since < EXPERIMENT {
            return;
        }
        let rate = self.rows as f64 / (now - since).as_secs_f64();
        let saturated = self.full * 10 >= self.batches * 9;
        let long = self.spent / self.batches > LONGEST;
        (self.since, self.batches, self.full, self.rows, self.spent) = (None, 0, 0, 0, Duration::ZERO);
        self.decide(now, rate, saturated, long);
    }

    fn decide(&mut self, now: Instant, rate: f64, saturated: bool, long: bool) {
        if let Some((tuned, before)) = self.experiment.take() {
            let is_worth_it = match tuned {
                Tuned::Rows => rate >= before * ROWS_WORTH_IT && !long,
                Tuned::Writers => rate >= before * WRITERS_WORTH_IT,
            };
            // If there was not enough to write, the rate says nothing: take it back, and try again later.
            if !saturated || !is_worth_it {
                return self.take_back(now, tuned);
            }
        }
        if saturated {
            self.enlarge(now, rate, long);
        }
    }

    /// Doubles the parameter that is next. Pauses when neither can be larger.
    fn enlarge(&mut self, now: Instant, rate: f64, long: bool) {
        if self.next == Tuned::Rows {
            if self.rows_are_free && !long && self.setting.rows * 2 <= MOST_ROWS {
                self.setting.rows *= 2;
                self.experiment = Some((Tuned::Rows, rate));
                return;
            }
            self.next = Tuned::Writers;
        }
        if self.setting.writers < self.most_writers {
            self.setting.writers = (self.setting.writers * 2).min(self.most_writers);
            self.experiment = Some((Tuned::Writers, rate));
            return;
        }
        self.pause(now);
    }

    fn take_back(&mut self, now: Instant, tuned: Tuned) {
        match tuned {
            Tuned::Rows => {
                self.setting.rows /= 2;
                self.next = Tuned::Writers;
            }
            Tuned::Writers => {
                self.setting.writers = self.setting.writers.div_ceil(2);
                self.pause(now);
            }
        }
    }

    fn pause(&mut self, now: Instant) {
        self.next = Tuned::Rows;
        self.paused_until = Some(now + PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lets a database with room for `useful` transactions at once be written to for ten seconds.
    fn settles_at(mut tuner: Tuner, useful: usize, commit: Duration, row: Duration, was_full: bool) -> BatchSetting {
        let start = Instant::now();
        let mut now = start;
        while now - start < Duration::from_secs(10) {
            let BatchSetting { writers, rows } = tuner.setting();
            let spent = commit + row * rows as u32;
            now += spent / writers.min(useful) as u32;
            tuner.observe(now, rows, was_full, spent * writers as u32 / writers.min(useful) as u32);
        }
        tuner.setting()
    }

    const MILLISECOND: Duration = Duration::from_millis(1);
    const MICROSECOND: Duration = Duration::from_micros(1);

    #[test]
    fn a_server_with_room_gets_more_transactions_at_once() {
        let setting = settles_at(Tuner::new(3000, false, 20), 64, 10 * MILLISECOND, MICROSECOND, true);
        assert_eq!(setting, BatchSetting { writers: 20, rows: 3000 });
    }

    #[test]
    fn a_server_that_is_busy_with_two_gets_no_more() {
        let setting = settles_at(Tuner::new(3000, false, 20), 2, MILLISECOND, MICROSECOND, true);
        assert_eq!(setting, BatchSetting { writers: 2, rows: 3000 });
    }

    #[test]
    fn expensive_commits_make_batches_grow_where_the_job_leaves_their_size_open() {
        let setting = settles_at(Tuner::new(3000, true, 2), 2, 20 * MILLISECOND, MICROSECOND, true);
        assert!(setting.rows >= 24_000, "{setting:?}");
    }

    #[test]
    fn where_rows_cost_most_batches_stay_short() {
        let setting = settles_at(Tuner::new(3000, true, 2), 2, MILLISECOND / 3, 20 * MICROSECOND, true);
        assert_eq!(setting, BatchSetting { writers: 2, rows: 6000 });
    }

    #[test]
    fn a_batch_never_grows_longer_than_people_wait() {
        let setting = settles_at(Tuner::new(3000, true, 2), 2, 900 * MILLISECOND, MICROSECOND, true);
        assert_eq!(setting.rows, 3000);
    }

    #[test]
    fn batches_that_went_because_of_their_age_decide_nothing() {
        let setting = settles_at(Tuner::new(3000, true, 20), 64, 20 * MILLISECOND, MICROSECOND, false);
        assert_eq!(setting, BatchSetting { writers: 2, rows: 3000 });
    }

    #[test]
    fn one_connection_means_one_writer() {
        assert_eq!(Tuner::new(3000, true, 1).setting().writers, 1);
    }
}
