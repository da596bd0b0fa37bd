//! Puts rows into shards and hands out batches.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::budget::Budget;
use super::queue::{ChunkLimits, QueuedRow};
use super::shard_layout::SHARDS;
use super::shards::{BatchLimits, OwnQueues, Shards};
use super::spare::SpareChunks;
use super::tuner::{Spent, Tuner, TunerStart, WrittenBatch};
use crate::batch::{Batch, Chunk};
use crate::sync::{Condvar, Mutex, lock_soon, now};

/// When a batch is written.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// `batchsize`, or where tuning begins.
    pub rows: usize,
    /// The most rows of the first batches.
    pub first_rows: usize,
    pub tune_rows: bool,
    /// The most transactions at once.
    pub writers: usize,
    pub bytes: usize,
    /// How long a row waits for other rows while no transaction is open (or only one, where transactions are slow): long enough for
    /// rows that arrive together, and too short to be noticed.
    pub linger: Duration,
    /// How long a row waits for other rows while more transactions are open: a writer returns soon and takes the row at less cost.
    pub busy_linger: Duration,
    /// `batchwritetimeoutms`: the upper bound of `linger` and `busy_linger`.
    pub timeout: Duration,
}

/// A batch takes whole chunks, the oldest ones of all shards. One chunk of each shard fills it.
fn chunk_limits(rows: usize, bytes: usize) -> ChunkLimits {
    ChunkLimits { rows: (rows / SHARDS).max(1), bytes: (bytes / SHARDS).clamp(1, 256 << 10) }
}

/// Where rows are expensive, a batch leaves shards to other writers if the server would work longer than this on its rows. A
/// transaction without rows takes a fraction of this time.
const SHARE: Duration = Duration::from_millis(10);

/// For this long after a batch, an idle writer checks for rows by itself. So the next push needs no system call to wake a writer.
/// A check takes a few microseconds, and there is one for each linger time in this period.
const TRAFFIC: Duration = Duration::from_millis(50);

/// Memory is freed when there was nothing to do for this long, which is longer than the time between two batches.
const IDLE: Duration = Duration::from_millis(300);

/// All threads share the budget, so bytes are charged to it only when this many have been gathered.
const CHARGE: usize = 16 << 10;

/// The largest emptied chunk that is kept.
const LARGEST_SPARE: usize = 1 << 20;
/// An emptied chunk isn't kept either if its rows had this many bytes on average.
const LARGE_ROW: usize = 32 << 10;
/// Writers are too slow if this many rows wait, or if a row waits for longer than this many transactions take.
const MANY: usize = 500;
const SEVERAL: u32 = 3;
/// The emptied chunks that are kept may have this part of the budget's bytes (one half), in addition to the budget.
const SPARE_SHARE: usize = 2;

/// The shards of one sink.
#[derive(Debug)]
pub struct Dispatcher {
    state: Mutex<DispatcherState>,
    work: Condvar,
    budget: Arc<Budget>,
}

#[derive(Debug)]
struct DispatcherState {
    limits: Limits,
    chunk_limits: ChunkLimits,
    tuner: Tuner,
    shards: Shards,
    /// Bytes that are not charged to the budget yet.
    uncharged: usize,
    batches_out: usize,
    /// Writers that are inside `take`, and writers that were started and will soon be inside it.
    idle: usize,
    /// When idle writers will check for rows again by themselves. Usually one writer checks for all of them.
    watches: Vec<Instant>,
    /// When a batch was last taken or given back.
    last_batch: Option<Instant>,
    /// How long the last transaction took.
    last_spent: Duration,
    /// A batch was taken since memory was last freed.
    worked: bool,
    urgent: bool,
    closed: bool,
    abandoned: bool,
    spare: SpareChunks,
}

/// What a writer gets.
#[derive(Debug)]
pub struct TakenBatch {
    pub batch: Batch,
    /// Another writer must be started: rows are left, all writers are in open transactions, and it may take long until a push
    /// starts a writer.
    pub needs_another_writer: bool,
}

/// What an idle writer does next.
enum Next {
    Write,
    WaitUntil(Instant),
    Wait,
    /// There has been nothing to do for a while.
    FreeMemory,
    End,
}

impl Dispatcher {
    pub fn new(limits: Limits, budget: Arc<Budget>) -> Self {
        let Limits { rows, first_rows, tune_rows, writers, bytes, .. } = limits;
        let tuner = Tuner::new(TunerStart { rows, rows_are_free: tune_rows, first_rows, most_writers: writers });
        let state = DispatcherState {
            limits: Limits { rows: tuner.setting().rows, ..limits },
            chunk_limits: chunk_limits(rows, bytes),
            tuner,
            shards: Shards::default(),
            uncharged: 0,
            batches_out: 0,
            idle: 0,
            watches: Vec::new(),
            last_batch: None,
            last_spent: Duration::ZERO,
            worked: false,
            urgent: false,
            closed: false,
            abandoned: false,
            spare: SpareChunks::new(budget.limit() / SPARE_SHARE),
        };
        Dispatcher { state: Mutex::new(state), work: Condvar::new(), budget }
    }

    #[cfg(test)]
    /// Appends a row to its shard, and charges it to the budget. Returns whether another writer must be started.
    pub fn push(&self, shard: usize, row: QueuedRow<'_>) -> bool {
        self.push_all(std::iter::once((shard, row)))
    }

    /// Appends rows to their shards, and charges them to the budget. The shards are locked once for all rows. Returns whether another
    /// writer must be started.
    pub fn push_all<'a>(&self, rows: impl IntoIterator<Item = (usize, QueuedRow<'a>)>) -> bool {
        self.put(|DispatcherState { shards, spare, chunk_limits, uncharged, .. }, now| {
            for (shard, row) in rows {
                *uncharged += shards.push(shard, row, chunk_limits, now, || spare.take());
            }
            if *uncharged >= CHARGE {
                self.budget.charge(std::mem::take(uncharged));
            }
        })
    }

    /// Adds a large row as a chunk of its own, so it isn't copied. Its bytes are charged already.
    pub fn push_chunk(&self, shard: usize, chunk: Chunk) -> bool {
        self.put(|state, now| state.shards.push_chunk(shard, chunk, now))
    }

    #[inline]
    fn put(&self, put: impl FnOnce(&mut DispatcherState, Instant)) -> bool {
        let now = now();
        let mut state = lock_soon(&self.state);
        let (before, was_full) = (state.shards.available().rows, state.is_full());
        put(&mut state, now);
        if state.shards.available().rows == before || !state.may_begin() {
            return false;
        }
        let (was_empty, is_full) = (before == 0, state.is_full());
        // A writer is woken when a batch has become full, and for a first row that no writer will find by itself.
        if state.idle > 0 && (is_full && !was_full || was_empty && !state.is_watched(now)) {
            self.work.notify_one();
        }
        // Another writer is started for the first row that waits while all writers are in transactions, which may take long.
        state.idle == 0 && (was_empty || state.batches_out < state.wanted())
    }

    /// To be called before a writer is started. The writer counts as idle from now on, so that no second one is started for the
    /// same rows.
    pub fn expect_writer(&self) {
        self.state.lock().idle += 1;
    }

    /// To be called when the writer of [`Dispatcher::expect_writer`] could not be started.
    pub fn miss_writer(&self) {
        self.state.lock().idle -= 1;
    }

    /// Lets writers take all rows at once, because the budget is used up.
    pub fn hurry(&self) {
        let mut state = self.state.lock();
        state.urgent = true;
        self.work.notify_all();
    }

    /// Drops those rows of a stream that no writer has taken, and returns their number.
    pub fn forget(&self, stream: u32) -> usize {
        let mut state = self.state.lock();
        // Bytes must be charged before they are released.
        self.budget.charge(std::mem::take(&mut state.uncharged));
        let (rows, bytes) = state.shards.forget(stream);
        self.budget.release(bytes);
        // If the dispatcher is closed, a writer may have waited for these rows, and ends now.
        self.work.notify_all();
        rows
    }

    /// No more rows come. The rows that are there are written; after that `take` returns `None`.
    pub fn close(&self) {
        self.state.lock().closed = true;
        self.work.notify_all();
    }

    /// Drops the rows that wait. They are not settled, so they are read again at the next start.
    pub fn abandon(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        state.abandoned = true;
        self.work.notify_all();
    }

    /// Whether the writers can't keep up with the rows: a row has waited for longer than `allowed`, and either many rows wait or
    /// this row has waited for several transactions. (Where COMMIT is slow, a few rows always wait for the end of one transaction.)
    pub fn writers_are_too_slow(&self, allowed: Duration) -> bool {
        let now = now();
        let state = self.state.lock();
        let waited = state.shards.oldest().map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        waited > allowed && (state.shards.rows() >= MANY || waited > state.last_spent * SEVERAL)
    }

    /// Rows waiting in shards.
    #[cfg(test)]
    fn waiting_rows(&self) -> usize {
        self.state.lock().shards.rows()
    }

    /// Waits for the next batch. Before each call, the calling writer was announced by `expect_writer` or gave a batch back. When
    /// there has been nothing to do for a while, one of the writers calls `at_rest`.
    pub fn take(&self, own: &mut OwnQueues, at_rest: impl Fn()) -> Option<TakenBatch> {
        let mut state = self.state.lock();
        let (batch, now) = loop {
            let now = now();
            match state.next(now) {
                Next::Write => {
                    // Bytes must be charged before the batch releases them.
                    self.budget.charge(std::mem::take(&mut state.uncharged));
                    break (Some(state.take(now, own)), now);
                }
                Next::End => break (None, now),
                Next::FreeMemory => {
                    state.worked = false;
                    let spare = state.spare.take_all();
                    drop(state);
                    drop(spare);
                    at_rest();
                    state = self.state.lock();
                }
                Next::WaitUntil(at) if !state.is_watched_until(at) => {
                    state.watches.push(at);
                    self.work.wait_until(&mut state, at);
                    if let Some(own) = state.watches.iter().position(|watch| *watch == at) {
                        state.watches.swap_remove(own);
                    }
                }
                Next::WaitUntil(_) | Next::Wait => self.work.wait(&mut state),
            }
        };
        state.idle -= 1;
        // From now on another idle writer checks for the rows that are left and for new rows.
        let goes_on = match state.next(now) {
            Next::WaitUntil(at) => !state.is_watched_until(at),
            Next::Write => true,
            Next::Wait | Next::FreeMemory | Next::End => false,
        };
        if state.idle > 0 && goes_on {
            self.work.notify_one();
        }
        let needs_another_writer = state.idle == 0 && state.shards.available().rows > 0 && state.may_begin();
        drop(state);
        batch.map(|mut batch| {
            own.move_into(&mut batch);
            TakenBatch { batch, needs_another_writer }
        })
    }

    /// Frees the shards and bytes of a settled batch, which took `spent`. From now on the writer counts as idle.
    /// Returns how many bytes of large rows were freed.
    pub fn give_back(&self, mut batch: Batch, spent: impl Into<Spent>) -> usize {
        let (rows, bytes, spent) = (batch.len(), batch.bytes(), spent.into());
        // The memory of large rows is freed before other rows get their room in the budget.
        let mut freed = 0;
        batch.chunks.retain_mut(|chunk| {
            let is_large = chunk.bytes() > LARGEST_SPARE || chunk.bytes() >= LARGE_ROW * chunk.entries.len();
            freed += if is_large { chunk.capacity() } else { 0 };
            chunk.clear();
            !is_large
        });
        self.budget.release(bytes);
        let now = now();
        let mut state = self.state.lock();
        let has_all_bytes = bytes * 10 >= state.limits.bytes * 9;
        let open = state.batches_out;
        state.tuner.observe(now, WrittenBatch { rows, bytes, has_all_bytes, spent, open });
        state.limits.rows = state.tuner.setting().rows;
        state.chunk_limits = chunk_limits(state.tuner.whole_rows(), state.limits.bytes);
        state.last_spent = spent.whole;
        state.last_batch = Some(now);
        state.shards.give_back(batch.shards);
        if state.closed {
            self.work.notify_all();
        }
        state.batches_out -= 1;
        state.idle += 1;
        let usual = state.chunk_limits.bytes;
        state.spare.keep(&mut batch.chunks, usual);
        freed
    }
}

impl DispatcherState {
    /// Whether the available rows fill a batch.
    fn is_full(&self) -> bool {
        let available = self.shards.available();
        available.rows >= self.limits.rows || available.bytes >= self.limits.bytes
    }

    /// Whether another transaction may be opened.
    fn may_begin(&self) -> bool {
        self.batches_out < self.tuner.setting().writers
    }

    /// Whether the last transaction took longer than rows wait for a busy writer. Then rows may be expensive for the server (because
    /// of a vector index, for example), and a second transaction at the same time writes the rows sooner.
    fn is_slow(&self) -> bool {
        self.last_spent > self.limits.busy_linger
    }

    /// How many transactions there should be at once.
    fn wanted(&self) -> usize {
        let most = self.tuner.setting().writers;
        let is_much = self.is_full() || self.tuner.expensive().is_some();
        if is_much { most } else { most.min(1 + usize::from(self.is_slow())) }
    }

    /// The number of transactions that share the available rows.
    fn shares(&self) -> usize {
        let wanted = self.wanted();
        match self.tuner.expensive() {
            None => wanted,
            Some(row) => {
                let shares = row.as_secs_f64() * self.shards.available().rows as f64 / SHARE.as_secs_f64();
                (shares as usize).clamp(1, wanted)
            }
        }
    }

    /// How long a row waits for other rows now.
    fn linger(&self) -> Duration {
        let linger = if self.batches_out < self.wanted() { self.limits.linger } else { self.limits.busy_linger };
        linger.min(self.limits.timeout)
    }

    fn is_watched_until(&self, at: Instant) -> bool {
        self.watches.iter().any(|watch| *watch <= at)
    }

    /// Whether an idle writer will check by itself before a row that comes now must be written.
    fn is_watched(&self, now: Instant) -> bool {
        !self.watches.is_empty() && self.is_watched_until(now + self.linger())
    }

    fn next(&mut self, now: Instant) -> Next {
        if self.abandoned {
            return Next::End;
        }
        if !self.may_begin() {
            // The next writer that returns takes the rows.
            return Next::Wait;
        }
        let Some(oldest) = self.shards.available().oldest else {
            // Rows may still wait in shards that other writers hold. These writers return and take them.
            self.urgent = false;
            return match self.last_batch {
                _ if self.closed && self.batches_out == 0 => Next::End,
                Some(at) if !self.closed && now.duration_since(at) < TRAFFIC => Next::WaitUntil(now + self.linger()),
                Some(at) if self.worked && !self.closed && self.batches_out == 0 => {
                    let due = at + IDLE;
                    if due <= now { Next::FreeMemory } else { Next::WaitUntil(due) }
                }
                _ => Next::Wait,
            };
        };
        if self.closed || self.urgent || self.is_full() {
            return Next::Write;
        }
        let due = oldest + self.linger();
        if due <= now { Next::Write } else { Next::WaitUntil(due) }
    }

    /// Takes a batch. If there is work for several writers, it leaves shards to the others.
    fn take(&mut self, now: Instant, own: &mut OwnQueues) -> Batch {
        // Rounded down, so that the last writer gets some, too.
        let shards = (SHARDS / self.shares()).max(1);
        let Limits { rows, bytes, .. } = self.limits;
        self.batches_out += 1;
        self.worked = true;
        self.last_batch = Some(now);
        self.shards.take(BatchLimits { rows, bytes, shards, splits: rows < self.tuner.whole_rows() }, own)
    }
}

#[cfg(test)]
#[path = "dispatcher_tests.rs"]
mod tests;
