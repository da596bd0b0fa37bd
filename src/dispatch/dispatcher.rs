//! Puts rows into shards and hands out batches.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::budget::Budget;
use super::layout::SHARDS;
use super::queue::{ChunkLimits, QueuedRow};
use super::shards::{Shards, Tray};
use super::spare::SpareChunks;
use super::tuner::Tuner;
use crate::batch::{Batch, Chunk};
use crate::sync::{Condvar, Mutex, lock_soon, now};

/// When a batch is written.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// `batchsize`, or where tuning begins.
    pub rows: usize,
    pub tune_rows: bool,
    /// The most transactions at once.
    pub writers: usize,
    pub bytes: usize,
    /// How long a row waits for company while no transaction is open. Long enough to gather what arrives together, short
    /// enough that nobody notices.
    pub linger: Duration,
    /// The same while a transaction is open: its writer comes back soon and takes the row with less effort.
    pub busy_linger: Duration,
    /// `batchwritetimeoutms`: the upper bound of both.
    pub timeout: Duration,
}

impl Limits {
    /// A batch is made of whole chunks, and takes the oldest of all shards: one of each fills it.
    fn chunk(&self) -> ChunkLimits {
        ChunkLimits { rows: (self.rows / SHARDS).max(1), bytes: (self.bytes / SHARDS).clamp(1, 256 << 10) }
    }
}

/// For this long after a batch, an idle writer checks for rows by itself, so the next push needn't wake one: it makes no system
/// call. A check takes a few microseconds, and there is one for each linger time in this period.
const TRAFFIC: Duration = Duration::from_millis(50);

/// After so long with nothing to do memory is given back: so not between two batches.
const REST: Duration = Duration::from_millis(300);

/// So many bytes gather before they are charged to the budget, which all threads share.
const CHARGE: usize = 16 << 10;

/// The largest emptied chunk that is kept.
const LARGEST_SPARE: usize = 1 << 20;
/// A chunk isn't kept either if its rows have so many bytes on average.
const LARGE_ROW: usize = 32 << 10;
/// Kept chunks may have the budget's bytes divided by this, in addition to the budget.
const SPARE_SHARE: usize = 2;

/// The shards of one sink.
#[derive(Debug)]
pub struct Dispatcher {
    state: Mutex<State>,
    work: Condvar,
    budget: Arc<Budget>,
}

#[derive(Debug)]
struct State {
    limits: Limits,
    tuner: Tuner,
    shards: Shards,
    /// Bytes the budget doesn't know of yet.
    uncharged: usize,
    batches_out: usize,
    /// Threads inside `take`, and those started that will soon be.
    idle: usize,
    /// When idle writers will check again by themselves. As a rule this is one writer, which watches the time for all.
    watches: Vec<Instant>,
    /// When a batch was last taken or given back.
    last_batch: Option<Instant>,
    /// The last transaction took longer than rows wait for a busy writer. So a row is expensive for the server (a vector
    /// index, for example), and a second transaction at the same time writes the rows sooner.
    slow: bool,
    /// A batch was taken since a writer last rested.
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
    /// Rows are left, all writers are in open transactions, and no further push may come soon to start a writer. So another
    /// writer must be started.
    pub leaves_rows_alone: bool,
}

/// What an idle writer has to do.
enum Turn {
    Write,
    WaitUntil(Instant),
    Wait,
    /// There has been nothing to do for a while.
    Rest,
    End,
}

impl Dispatcher {
    pub fn new(limits: Limits, budget: Arc<Budget>) -> Self {
        let state = State {
            limits,
            tuner: Tuner::new(limits.rows, limits.tune_rows, limits.writers),
            shards: Shards::default(),
            uncharged: 0,
            batches_out: 0,
            idle: 0,
            watches: Vec::new(),
            last_batch: None,
            slow: false,
            worked: false,
            urgent: false,
            closed: false,
            abandoned: false,
            spare: SpareChunks::new(budget.limit() / SPARE_SHARE),
        };
        Dispatcher { state: Mutex::new(state), work: Condvar::new(), budget }
    }

    #[cfg(test)]
    /// Appends a row to its shard, at the budget's charge; tells whether another writer is wanted.
    pub fn push(&self, shard: usize, row: QueuedRow<'_>) -> bool {
        self.push_all(std::iter::once((shard, row)))
    }

    /// The same for several rows at once: the shards are locked for all of them.
    pub fn push_all<'a>(&self, rows: impl IntoIterator<Item = (usize, QueuedRow<'a>)>) -> bool {
        self.put(|State { shards, spare, limits, uncharged, .. }, now| {
            let limits = limits.chunk();
            for (shard, row) in rows {
                *uncharged += shards.push(shard, row, &limits, now, || spare.take());
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
    fn put(&self, put: impl FnOnce(&mut State, Instant)) -> bool {
        let now = now();
        let mut state = lock_soon(&self.state);
        let (free_before, was_full) = (state.shards.free().rows, state.is_full());
        put(&mut state, now);
        if state.shards.free().rows == free_before || !state.may_begin() {
            return false;
        }
        let (was_empty, is_full) = (free_before == 0, state.is_full());
        // Writers are woken when something begins: the wait of a first row that none will look for, or a batch that is full.
        if state.idle > 0 && (is_full && !was_full || was_empty && !state.is_watched(now)) {
            self.work.notify_one();
        }
        // A row that begins to wait behind a transaction needs somebody who looks after it, should that one take long.
        state.idle == 0 && (was_empty || state.batches_out < state.wanted())
    }

    /// Counts a writer that is about to be started as idle, so that it is started once.
    pub fn expect_writer(&self) {
        self.state.lock().idle += 1;
    }

    /// The writer that was expected could not be started.
    pub fn miss_writer(&self) {
        self.state.lock().idle -= 1;
    }

    /// Writes what is there at once: the budget is used up.
    pub fn hurry(&self) {
        let mut state = self.state.lock();
        state.urgent = true;
        self.work.notify_all();
    }

    /// Drops the rows of a stream that no writer has taken, and gives how many they were.
    pub fn forget(&self, stream: u32) -> usize {
        let mut state = self.state.lock();
        // What is released must have been charged.
        self.budget.charge(std::mem::take(&mut state.uncharged));
        let (rows, bytes) = state.shards.forget(stream);
        self.budget.release(bytes);
        // A writer that waits for the rest of a closed dispatcher may have nothing left to wait for.
        self.work.notify_all();
        rows
    }

    /// No more rows come; what is there is written, then `take` gives `None`.
    pub fn close(&self) {
        self.state.lock().closed = true;
        self.work.notify_all();
    }

    /// What waits is dropped: it was not acknowledged and is read again at the next start.
    pub fn abandon(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        state.abandoned = true;
        self.work.notify_all();
    }

    /// Rows waiting in shards.
    #[cfg(test)]
    fn waiting_rows(&self) -> usize {
        self.state.lock().shards.rows()
    }

    /// Waits for the next batch. The calling thread must have been announced by `expect_writer` or have given a batch back;
    /// `tray` belongs to the thread. When there has been nothing to do for a while, one of the threads calls `at_rest`.
    pub fn take(&self, tray: &mut Tray, at_rest: impl Fn()) -> Option<TakenBatch> {
        let mut state = self.state.lock();
        let (batch, now) = loop {
            let now = now();
            match state.turn(now) {
                Turn::Write => {
                    // What a batch will release must have been charged.
                    self.budget.charge(std::mem::take(&mut state.uncharged));
                    break (Some(state.take(now, tray)), now);
                }
                Turn::End => break (None, now),
                Turn::Rest => {
                    state.worked = false;
                    let spare = state.spare.take_all();
                    drop(state);
                    drop(spare);
                    at_rest();
                    state = self.state.lock();
                }
                Turn::WaitUntil(at) if !state.is_watched_until(at) => {
                    state.watches.push(at);
                    self.work.wait_until(&mut state, at);
                    if let Some(own) = state.watches.iter().position(|watch| *watch == at) {
                        state.watches.swap_remove(own);
                    }
                }
                Turn::WaitUntil(_) | Turn::Wait => self.work.wait(&mut state),
            }
        };
        state.idle -= 1;
        // The watch over what is left, and over what comes, goes to another idle writer.
        let goes_on = match state.turn(now) {
            Turn::WaitUntil(at) => !state.is_watched_until(at),
            Turn::Write => true,
            Turn::Wait | Turn::Rest | Turn::End => false,
        };
        if state.idle > 0 && goes_on {
            self.work.notify_one();
        }
        let leaves_rows_alone = state.idle == 0 && state.shards.free().rows > 0 && state.may_begin();
        drop(state);
        batch.map(|mut batch| {
            tray.unload(&mut batch);
            TakenBatch { batch, leaves_rows_alone }
        })
    }

    /// Frees the shards and bytes of a batch that took `spent` to be settled; from now on the writer counts as idle.
    /// Returns how many bytes of large rows were freed.
    pub fn give_back(&self, mut batch: Batch, spent: Duration) -> usize {
        let (rows, bytes) = (batch.len(), batch.bytes());
        // Large rows have memory of their own. It is freed before other rows get the room.
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
        let was_full = rows * 10 >= state.limits.rows * 9 || bytes * 10 >= state.limits.bytes * 9;
        state.tuner.observe(now, rows, was_full, spent);
        state.limits.rows = state.tuner.setting().rows;
        state.slow = spent > state.limits.busy_linger;
        state.last_batch = Some(now);
        state.shards.give_back(batch.shards);
        if state.closed {
            self.work.notify_all();
        }
        state.batches_out -= 1;
        state.idle += 1;
        let usual = state.limits.chunk().bytes;
        state.spare.keep(&mut batch.chunks, usual);
        freed
    }
}

impl State {
    /// Whether what can be taken fills a batch.
    fn is_full(&self) -> bool {
        let free = self.shards.free();
        free.rows >= self.limits.rows || free.bytes >= self.limits.bytes
    }

    /// Whether another transaction may be opened.
    fn may_begin(&self) -> bool {
        self.batches_out < self.tuner.setting().writers
    }

    /// How many transactions there should be at once.
    fn wanted(&self) -> usize {
        let most = self.tuner.setting().writers;
        if self.is_full() { most } else { most.min(1 + usize::from(self.slow)) }
    }

    /// How long a row waits for company just now.
    fn linger(&self) -> Duration {
        let linger = if self.batches_out < self.wanted() { self.limits.linger } else { self.limits.busy_linger };
        linger.min(self.limits.timeout)
    }

    fn is_watched_until(&self, at: Instant) -> bool {
        self.watches.iter().any(|watch| *watch <= at)
    }

    /// Whether an idle writer will look by itself before a row that comes now is due.
    fn is_watched(&self, now: Instant) -> bool {
        !self.watches.is_empty() && self.is_watched_until(now + self.linger())
    }

    fn turn(&mut self, now: Instant) -> Turn {
        if self.abandoned {
            return Turn::End;
        }
        if !self.may_begin() {
            // The next one that comes back takes what there is.
            return Turn::Wait;
        }
        let Some(oldest) = self.shards.free().oldest else {
            // Rows may still wait in shards that others hold; those writers come back for them.
            self.urgent = false;
            return match self.last_batch {
                _ if self.closed && self.batches_out == 0 => Turn::End,
                Some(at) if !self.closed && now.duration_since(at) < TRAFFIC => Turn::WaitUntil(now + self.linger()),
                Some(at) if self.worked && !self.closed && self.batches_out == 0 => {
                    let due = at + REST;
                    if due <= now { Turn::Rest } else { Turn::WaitUntil(due) }
                }
                _ => Turn::Wait,
            };
        };
        if self.closed || self.urgent || self.is_full() {
            return Turn::Write;
        }
        let due = oldest + self.linger();
        if due <= now { Turn::Write } else { Turn::WaitUntil(due) }
    }

    /// Where there is work for several writers, the others need shards, too.
    fn take(&mut self, now: Instant, tray: &mut Tray) -> Batch {
        let most = SHARDS.div_ceil(self.wanted());
        self.batches_out += 1;
        self.worked = true;
        self.last_batch = Some(now);
        self.shards.take(self.limits.rows, self.limits.bytes, most, tray)
    }
}

#[cfg(test)]
#[path = "dispatcher_tests.rs"]
mod tests;
