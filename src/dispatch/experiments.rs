//! Finds which size of batches, and how many transactions at once, are fastest while rows are cheap. It doubles one of the two as long as
//! that is worth it. A larger batch is worth it unless it is slower, because it costs the server less: a COPY of 3000 short rows costs
//! a third more for each row than one of 12,000. Twice as many transactions at once must make writing faster, because they take connections.
//!
//! Where the job leaves `batchsize` out, each of the first full batches doubles it without an experiment. This ends with a full batch that
//! takes half of the longest time, or when the size is at its limit. So a job that has much to read doesn't spend its first seconds with small batches.

use std::time::{Duration, Instant};

/// With two writers, the server stays busy while one of them commits.
pub const FIRST_WRITERS: usize = 2;
const MOST_ROWS: usize = 48_000;
/// An experiment lasts at least this long, and at least this many batches.
const EXPERIMENT: Duration = Duration::from_millis(250);
const EXPERIMENT_BATCHES: u32 = 8;
/// After a doubling, the rate (rows per second) must be at least the earlier rate times this factor. Otherwise the doubling is
/// taken back.
const WRITERS_WORTH_IT: f64 = 1.07;
const ROWS_WORTH_IT: f64 = 0.97;
/// No batch should take longer than this, because queries see its rows only after its COMMIT.
const LONGEST: Duration = Duration::from_millis(150);
/// How long the result of the experiments is used before new ones begin.
const PAUSE: Duration = Duration::from_secs(20);

/// What is tuned.
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
pub struct Experiments {
    setting: BatchSetting,
    most_writers: usize,
    /// The job leaves `batchsize` out.
    rows_are_free: bool,
    /// The batch size is no longer doubled without an experiment.
    grown: bool,
    /// What was doubled last, and the rate before the doubling.
    experiment: Option<(Tuned, f64)>,
    next: Tuned,
    paused_until: Option<Instant>,
    since: Option<Instant>,
    batches: u32,
    full: u32,
    rows: usize,
    spent: Duration,
}

impl Experiments {
    pub fn new(rows: usize, rows_are_free: bool, most_writers: usize) -> Self {
        Experiments {
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

    /// Learns from a batch that was written. `was_full`: the batch had at least 90 % of the rows that it could have, or about as many
    /// bytes as it could have. `spent`: the time from taking it to settling it.
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
            // If there were not enough rows to write, the rate says nothing: the doubling is taken back and tried again later.
            if !saturated || !is_worth_it {
                return self.take_back(now, tuned);
            }
        }
        if saturated {
            self.enlarge(now, rate, long);
        }
    }

    /// Doubles the parameter that is next. Pauses when neither of the two parameters can be larger.
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
