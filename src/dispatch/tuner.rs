//! Decides how many rows a transaction has, and how many transactions are open at once.
//!
//! While rows are cheap, [`Experiments`] finds both. Where they are expensive, [`RowCost`] cuts the batches, and [`WriterSearch`] finds
//! the number of writers.

use std::time::{Duration, Instant};

use super::experiments::{BatchSetting, Experiments, FIRST_WRITERS};
use super::row_cost::RowCost;
use super::shard_layout::SHARDS;
use super::writer_search::WriterSearch;

/// A batch that was written.
#[derive(Debug, Clone, Copy)]
pub struct WrittenBatch {
    pub rows: usize,
    pub bytes: usize,
    /// The batch had about as many bytes as it could have.
    pub has_all_bytes: bool,
    pub spent: Spent,
    /// How many transactions were open when the batch ended, its own included.
    pub open: usize,
}

/// How long a batch took.
#[derive(Debug, Clone, Copy)]
pub struct Spent {
    /// From taking the batch to settling it.
    pub whole: Duration,
    /// How long the server worked on the rows, without connecting, BEGIN and COMMIT. Zero if that isn't known.
    pub rows: Duration,
    /// The server has cancelled an attempt because it took too long, and the batch was written in parts.
    pub was_cancelled: bool,
}

/// All of the time was for rows.
impl From<Duration> for Spent {
    fn from(time: Duration) -> Spent {
        Spent { whole: time, rows: time, was_cancelled: false }
    }
}

/// Where tuning begins, and its bounds.
#[derive(Debug, Clone, Copy)]
pub struct TunerStart {
    pub rows: usize,
    /// The job leaves `batchsize` out.
    pub rows_are_free: bool,
    /// How many rows the first batches have at most: nobody knows yet what a row costs.
    pub first_rows: usize,
    pub most_writers: usize,
}

#[derive(Debug)]
pub struct Tuner {
    start: TunerStart,
    /// No batch was written yet.
    is_first: bool,
    cheap: Experiments,
    cost: RowCost,
    /// `None` while rows are cheap.
    search: Option<WriterSearch>,
    /// When batches were last allowed to be whole again.
    whole_since: Option<Instant>,
}

impl Tuner {
    pub fn new(start: TunerStart) -> Tuner {
        Tuner {
            start,
            is_first: true,
            cheap: experiments(start),
            cost: RowCost::default(),
            search: None,
            whole_since: None,
        }
    }

    pub fn setting(&self) -> BatchSetting {
        let whole = self.cheap.setting();
        let writers = self.search.as_ref().map_or(whole.writers, WriterSearch::writers);
        BatchSetting { writers, rows: self.most_rows().map_or(whole.rows, |most| most.min(whole.rows)) }
    }

    /// The rows of a batch that isn't cut.
    pub fn whole_rows(&self) -> usize {
        self.cheap.setting().rows
    }

    /// How long the server works on a row, if rows are expensive.
    pub fn expensive(&self) -> Option<Duration> {
        self.cost.expensive()
    }

    pub fn observe(&mut self, now: Instant, batch: WrittenBatch) {
        let WrittenBatch { rows, bytes, has_all_bytes, spent, open } = batch;
        let most = self.setting().rows;
        let was_cut = most < self.whole_rows();
        self.is_first = false;
        self.cost.observe(now, rows, bytes, spent.rows, spent.was_cancelled);
        if self.cost.expensive().is_some() {
            let TunerStart { most_writers, .. } = self.start;
            let writers = self.cheap.setting().writers;
            let new = || WriterSearch::new(writers, FIRST_WRITERS.min(most_writers), most_writers.min(SHARDS));
            let is_full = has_all_bytes || rows * 2 >= most;
            self.search.get_or_insert_with(new).observe(now, rows, is_full, spent.whole, open);
            return;
        }
        if self.search.take().is_some() {
            self.cheap = experiments(self.start);
        }
        if self.most_rows().is_some() {
            return;
        }
        if was_cut {
            self.whole_since = Some(now);
        }
        // A batch that began while batches were cut says nothing about whole batches.
        if self.whole_since.is_none_or(|since| now.checked_sub(spent.whole).is_some_and(|began| began >= since)) {
            let is_full = has_all_bytes || rows * 10 >= self.whole_rows() * 9;
            self.cheap.observe(now, rows, is_full, spent.whole);
        }
    }

    /// The most rows of a batch, if it is cut.
    fn most_rows(&self) -> Option<usize> {
        if self.is_first { Some(self.start.first_rows) } else { self.cost.most_rows() }
    }
}

fn experiments(start: TunerStart) -> Experiments {
    Experiments::new(start.rows, start.rows_are_free, start.most_writers)
}

#[cfg(test)]
#[path = "tuner_tests.rs"]
mod tests;
