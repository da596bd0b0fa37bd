//! Puts rows into shards and hands out batches.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::budget::Budget;
use super::layout::SHARDS;
use super::queue::{ChunkLimits, Queue, Row};
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

/// For how long after a batch idle writers look again by themselves, so that the next rows need not wake one: a push then
/// makes no system call. After a lone row that is as many looks, of a few microseconds each, as lingers go into it.
const TRAFFIC: Duration = Duration::from_millis(50);

/// Bytes that gather before the budget, which all threads share, hears of them.
const CHARGE: usize = 16 << 10;

/// Emptied chunks kept for their memory.
const SPARE_CHUNKS: usize = 4 * SHARDS;

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
    queues: Vec<Queue>,
    /// One bit a shard with rows.
    filled: u64,
    /// One bit a shard that a batch holds.
    held: u64,
    /// Rows and bytes in shards that nobody holds.
    free_rows: usize,
    free_bytes: usize,
    /// Bytes the budget doesn't know of yet.
    uncharged: usize,
    batches_out: usize,
    /// Threads inside `take`, and those started that will soon be.
    idle: usize,
    /// When idle writers will look again by themselves: as a rule one that watches the clock for all.
    watches: Vec<Instant>,
    /// When a batch was last taken or given back.
    last_batch: Option<Instant>,
    /// The last transaction took longer than rows wait for a busy writer: here a row costs the server so much (a vector
    /// index's upkeep) that another transaction beside it brings them in sooner.
    slow: bool,
    urgent: bool,
    closed: bool,
    abandoned: bool,
    spare: Vec<Chunk>,
    /// Emptied, for its memory: the shards that a batch may take from.
    order: Vec<(Instant, usize)>,
}

/// What a writer gets.
#[derive(Debug)]
pub struct Taken {
    pub batch: Batch,
    /// Rows are left that nobody looks after but the writers of open transactions, and the push that brought them may have
    /// been the last one for long: another writer is wanted.
    pub leaves_rows_alone: bool,
}

/// What an idle writer has to do.
enum Turn {
    Write,
    WaitUntil(Instant),
    Wait,
    End,
}

impl Dispatcher {
    pub fn new(limits: Limits, budget: Arc<Budget>) -> Self {
        let state = State {
            limits,
            tuner: Tuner::new(limits.rows, limits.tune_rows, limits.writers),
            queues: (0..SHARDS).map(|_| Queue::default()).collect(),
            filled: 0,
            held: 0,
            free_rows: 0,
            free_bytes: 0,
            uncharged: 0,
            batches_out: 0,
            idle: 0,
            watches: Vec::new(),
            last_batch: None,
            slow: false,
            urgent: false,
            closed: false,
            abandoned: false,
            spare: Vec::new(),
            order: Vec::new(),
        };
        Dispatcher { state: Mutex::new(state), work: Condvar::new(), budget }
    }

    /// Appends a row to its shard, at the budget's charge; tells whether another writer is wanted.
    pub fn push(&self, shard: usize, row: Row<'_>) -> bool {
        self.push_all(std::iter::once((shard, row)))
    }

    /// The same for several rows at once: the shards are locked for all of them.
    pub fn push_all<'a>(&self, rows: impl IntoIterator<Item = (usize, Row<'a>)>) -> bool {
        let now = now();
        let mut state = lock_soon(&self.state);
        let (was_empty, was_full) = (state.free_rows == 0, state.is_full());
        let mut added_free = false;
        for (shard, row) in rows {
            let State { queues, spare, limits, .. } = &mut *state;
            let bytes = queues[shard].push(row, &limits.chunk(), now, || spare.pop().unwrap_or_default());
            state.uncharged += bytes;
            state.filled |= 1 << shard;
            if state.is_free(shard) {
                state.free_rows += 1;
                state.free_bytes += bytes;
                added_free = true;
            }
        }
        if state.uncharged >= CHARGE {
            self.budget.charge(std::mem::take(&mut state.uncharged));
        }
        if !added_free {
            return false;
        }
        let is_full = state.is_full();
        if !state.may_begin() {
            return false;
        }
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
        let (mut all_rows, mut all_bytes) = (0, 0);
        for shard in 0..SHARDS {
            let (rows, bytes) = state.queues[shard].forget(stream);
            state.note_filled(shard);
            if state.is_free(shard) {
                state.free_rows -= rows;
                state.free_bytes -= bytes;
            }
            all_rows += rows;
            all_bytes += bytes;
        }
        self.budget.release(all_bytes);
        // A writer that waits for the rest of a closed dispatcher may have nothing left to wait for.
        self.work.notify_all();
        all_rows
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
        self.state.lock().queues.iter().map(Queue::rows).sum()
    }

    /// Waits for the next batch. The calling thread must have been announced by `expect_writer` or have given a batch back.
    pub fn take(&self) -> Option<Taken> {
        let mut state = self.state.lock();
        let (batch, now) = loop {
            let now = now();
            match state.turn(now) {
                Turn::Write => {
                    // What a batch will release must have been charged.
                    self.budget.charge(std::mem::take(&mut state.uncharged));
                    break (Some(state.take(now)), now);
                }
                Turn::End => break (None, now),
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
            Turn::Wait | Turn::End => false,
        };
        if state.idle > 0 && goes_on {
            self.work.notify_one();
        }
        let leaves_rows_alone = state.idle == 0 && state.free_rows > 0 && state.may_begin();
        batch.map(|batch| Taken { batch, leaves_rows_alone })
    }

    /// Frees the shards and bytes of a batch that took `spent` to be settled; the writer counts as idle from here.
    pub fn give_back(&self, mut batch: Batch, spent: Duration) {
        let (rows, bytes) = (batch.len(), batch.bytes());
        self.budget.release(bytes);
        for chunk in &mut batch.chunks {
            chunk.entries.clear();
            chunk.rows.clear();
            chunk.keys.clear();
            chunk.originals.clear();
        }
        let now = now();
        let mut state = self.state.lock();
        let was_full = rows * 10 >= state.limits.rows * 9 || bytes * 10 >= state.limits.bytes * 9;
        state.tuner.observe(now, rows, was_full, spent);
        state.limits.rows = state.tuner.setting().rows;
        state.slow = spent > state.limits.busy_linger;
        state.last_batch = Some(now);
        state.held &= !batch.shards;
        for shard in shards_of(batch.shards & state.filled) {
            state.free_rows += state.queues[shard].rows();
            state.free_bytes += state.queues[shard].bytes();
        }
        if state.closed {
            self.work.notify_all();
        }
        state.batches_out -= 1;
        state.idle += 1;
        let room = SPARE_CHUNKS.saturating_sub(state.spare.len());
        state.spare.extend(batch.chunks.drain(..).take(room));
    }
}

impl State {
    fn is_free(&self, shard: usize) -> bool {
        self.held & (1 << shard) == 0
    }

    /// Shards with rows that nobody holds, and when the first of these came.
    fn waiting(&self) -> impl Iterator<Item = (Instant, usize)> {
        shards_of(self.filled & !self.held).filter_map(|shard| Some((self.queues[shard].since()?, shard)))
    }

    fn note_filled(&mut self, shard: usize) {
        let is_filled = u64::from(self.queues[shard].rows() > 0);
        self.filled = self.filled & !(1 << shard) | is_filled << shard;
    }

    /// Whether what can be taken fills a batch.
    fn is_full(&self) -> bool {
        self.free_rows >= self.limits.rows || self.free_bytes >= self.limits.bytes
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
        let Some((oldest, _)) = self.waiting().min() else {
            // Rows may still wait in shards that others hold; those writers come back for them.
            self.urgent = false;
            return match self.last_batch {
                _ if self.closed && self.batches_out == 0 => Turn::End,
                Some(at) if !self.closed && now.duration_since(at) < TRAFFIC => Turn::WaitUntil(now + self.linger()),
                _ => Turn::Wait,
            };
        };
        if self.closed || self.urgent || self.is_full() {
            return Turn::Write;
        }
        let due = oldest + self.linger();
        if due <= now { Turn::Write } else { Turn::WaitUntil(due) }
    }

    /// The oldest chunks of as many shards as are one writer's share, up to the limits. Rows that came together are so
    /// written together: where keys rise, the table's index grows at its end, which costs it least.
    fn take(&mut self, now: Instant) -> Batch {
        let mut shards = std::mem::take(&mut self.order);
        shards.extend(self.waiting());
        shards.sort_unstable();
        // Where there is work for several writers, the others need shards, too.
        shards.truncate(SHARDS.div_ceil(self.wanted()));
        let mut batch = Batch { chunks: Vec::with_capacity(shards.len()), shards: 0 };
        if self.is_full() {
            self.take_oldest(&shards, &mut batch);
        } else {
            self.take_all(&shards, &mut batch);
        }
        shards.clear();
        self.order = shards;
        self.held |= batch.shards;
        self.batches_out += 1;
        self.last_batch = Some(now);
        batch
    }

    /// Chunk by chunk up to the limits.
    fn take_oldest(&mut self, shards: &[(Instant, usize)], batch: &mut Batch) {
        let mut heads: BinaryHeap<_> = shards.iter().copied().map(Reverse).collect();
        let (mut rows, mut bytes) = (self.limits.rows, self.limits.bytes);
        while let Some(Reverse((_, shard))) = heads.pop() {
            let queue = &mut self.queues[shard];
            let (shard_rows, shard_bytes) = (queue.rows(), queue.bytes());
            let Some(chunk) = queue.take(rows, bytes, batch.chunks.is_empty()) else { break };
            if batch.shards & (1 << shard) == 0 {
                // What stays behind in a shard that was taken waits for this batch.
                self.free_rows -= shard_rows;
                self.free_bytes -= shard_bytes;
            }
            rows -= chunk.entries.len().min(rows);
            bytes -= chunk.bytes().min(bytes);
            batch.add(shard, chunk);
            heads.extend(queue.since().map(|since| Reverse((since, shard))));
            self.note_filled(shard);
        }
    }

    /// All that is there fits. With few rows, pushing threads wait for no more than a glance: nothing here depends on what
    /// the shard before has had, so that their memory, which other cores have just written, is read all at once.
    fn take_all(&mut self, shards: &[(Instant, usize)], batch: &mut Batch) {
        for &(_, shard) in shards {
            let queue = &mut self.queues[shard];
            self.free_rows -= queue.rows();
            self.free_bytes -= queue.bytes();
            for chunk in queue.take_all() {
                batch.add(shard, chunk);
            }
            self.filled &= !(1 << shard);
        }
    }
}

/// The shards whose bits are set.
fn shards_of(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let shard = bits.trailing_zeros() as usize;
        bits &= bits.wrapping_sub(1);
        (shard < SHARDS).then_some(shard)
    })
}

#[cfg(test)]
#[path = "dispatcher_tests.rs"]
mod tests;
