//! What belongs to one sink and is shared by its threads. (Its rejected records and its writers are in other files.)

use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;

use crate::dispatch::{Dispatcher, Limits, ShardLayout};
use crate::error::{Rejection, Result};
use crate::metrics::{Counters, Snapshot};
use crate::pipeline::memory;
use crate::pipeline::replayed::Replayed;
use crate::pipeline::shard_layout::shard_layout_of;
use crate::pipeline::shared::Shared;
use crate::position::Position;
use crate::postgres::{TakenStream, Target};
use crate::progress::Progress;
use crate::progress::ledger::ShardPositions;
use crate::settings::Sink;
use crate::types::target::TargetTable;

/// `batchsize` when the job leaves it out.
const DEFAULT_BATCH_ROWS: usize = 3000;
/// The most rows of the first batches. With so few, it is soon known what a row costs, even if it takes the server several
/// milliseconds.
const FIRST_BATCH_ROWS: usize = 64;
/// One transaction has at most `buffer.memory` divided by this, so that several can be open while the reader goes on.
const BATCH_SHARE: usize = 8;
const LARGEST_BATCH: usize = 8 << 20;
/// No percentage.
const NO_BUILD: u8 = u8::MAX;
const BUSY_LINGER: Duration = Duration::from_millis(20);

/// Settings of a line into which a program pushes rows. A line of a job has the default of each.
#[derive(Debug, Clone, Copy, Default)]
pub struct PushSettings {
    /// Values come in any type: the table's own types stand for them.
    pub typed_by_table: bool,
    /// The rows are those of a named stream, and how far they are durable is stored in the ledger.
    pub is_named: bool,
    /// Rejections are kept for [`LineState::take_rejected`].
    pub keeps_rejected: bool,
    /// How long a row waits for others of its batch. `None`: as long as is best for the server.
    pub linger: Option<Duration>,
}

/// The rows that are in no vector index yet: those of this process and all others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waiting {
    pub rows: u64,
    /// The age of the oldest one, as far back as this process has looked.
    pub oldest: Option<Duration>,
}

/// What belongs to one sink and is shared by its threads.
pub struct LineState {
    pub settings: Sink,
    pub target: Target,
    /// The table as the start found it.
    pub table: TargetTable,
    pub layout: ShardLayout,
    pub dispatcher: Dispatcher,
    pub progress: Progress,
    pub replayed: Replayed,
    pub shared: Arc<Shared>,
    counters: Arc<Counters>,
    /// Topic and partition of each stream.
    streams: Mutex<Vec<(Arc<str>, i32)>>,
    freshness_ms: AtomicU64,
    /// How many percent of a vector index are built; [`NO_BUILD`]: none is being built.
    build_percent: AtomicU8,
    /// What was last found of the rows that are in no vector index.
    waiting: Mutex<Option<Waiting>>,
    /// Rows that were read here, but belong to another process now.
    left_out: AtomicU64,
    /// With exactly-once: streams that were taken over and aren't read yet.
    taken: Mutex<Vec<(Arc<str>, i32, TakenStream)>>,
    rejected: Option<Mutex<Vec<(Position, Rejection)>>>,
    /// Bytes of the rejections for which the callback was not called yet.
    unreported: AtomicUsize,
    /// What else to do when there is nothing to write: the host's sink frees its spare buffers.
    at_rest: OnceLock<Box<dyn Fn() + Send + Sync>>,
    push: PushSettings,
}

impl LineState {
    pub fn open(
        sink: &Sink,
        application: &str,
        max_outage: Option<Duration>,
        shared: &Arc<Shared>,
        replayed: Replayed,
        push: PushSettings,
    ) -> Result<LineState> {
        let target = Target::open(sink, application, max_outage)?;
        let table = typed(&target.table, push);
        let layout = shard_layout_of(&table, sink.conflict_mode, sink.changing);
        let counters = Arc::new(Counters::default());
        let line = LineState {
            settings: sink.clone(),
            layout,
            dispatcher: Dispatcher::new(
                limits(sink, &target, shared.budget.limit(), push.linger),
                Arc::clone(&shared.budget),
            ),
            progress: Progress::default(),
            replayed,
            shared: Arc::clone(shared),
            counters,
            streams: Mutex::default(),
            freshness_ms: AtomicU64::new(u64::MAX),
            build_percent: AtomicU8::new(NO_BUILD),
            waiting: Mutex::new(None),
            left_out: AtomicU64::new(0),
            taken: Mutex::default(),
            rejected: push.keeps_rejected.then(Mutex::default),
            unreported: AtomicUsize::new(0),
            at_rest: OnceLock::new(),
            push,
            target,
            table,
        };
        let description = &line.target.description;
        log::info!("{}: {}", sink.name, layout.describe());
        for warning in &description.warnings {
            log::warn!("{}: {warning}", sink.name);
        }
        Ok(line)
    }

    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// The table that rows must be encoded for now, and the number of its schema version.
    pub fn newest_table(&self) -> (TargetTable, u16) {
        let schema_version = self.target.schema.newest();
        (typed(&schema_version.table, self.push), schema_version.number)
    }

    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The counts of this process. Rows that now belong to another process are counted there.
    pub fn counted(&self) -> Snapshot {
        let mut counted = self.counters.snapshot();
        counted.rows_read = counted.rows_read.saturating_sub(self.left_out.load(Ordering::Relaxed));
        counted
    }

    /// There has been nothing to do for a while: gives memory back that was kept for the next rows.
    pub fn rest(&self) {
        if let Some(at_rest) = self.at_rest.get() {
            at_rest();
        }
        self.progress.trim();
        memory::give_back(self.shared.budget.take_most());
    }

    /// Sets what else to do when there has been nothing to do for a while. Called once.
    pub fn also_at_rest(&self, work: impl Fn() + Send + Sync + 'static) {
        // Nobody else sets it.
        let _ = self.at_rest.set(Box::new(work));
    }

    pub fn note_left_out(&self, rows: u64) {
        self.left_out.fetch_add(rows, Ordering::Relaxed);
    }

    /// A partition is about to be read from `start`.
    pub fn add_stream(&self, topic: &Arc<str>, partition: i32, start: i64) -> u32 {
        let mut streams = self.streams.lock();
        let number = self.progress.add_stream(start);
        let stream = (Arc::clone(topic), partition);
        // The number of a stream that has ended may be given again.
        match streams.get_mut(number as usize) {
            Some(ended) => *ended = stream,
            None => streams.push(stream),
        }
        number
    }

    /// With exactly-once: a partition was taken over, and will be read.
    pub fn taken_over(&self, topic: &Arc<str>, partition: i32, taken: TakenStream) {
        let mut all = self.taken.lock();
        // Where it was taken over before and not read, only the newest epoch counts. A question that was given up may end late.
        let is_it = |(known, id, _): &(Arc<str>, i32, TakenStream)| known == topic && *id == partition;
        if all.iter().any(|other| is_it(other) && other.2.epoch > taken.epoch) {
            return;
        }
        all.retain(|other| !is_it(other));
        all.push((Arc::clone(topic), partition, taken));
    }

    /// With exactly-once: from now on the stream is written. Returns how far its shards were written before.
    pub fn own_in_ledger(&self, stream: u32, topic: &Arc<str>, partition: i32) -> Option<ShardPositions> {
        let mut all = self.taken.lock();
        let at = all.iter().position(|(known, id, _)| known == topic && *id == partition)?;
        let (.., taken) = all.swap_remove(at);
        self.target.ledger.streams.own(stream, taken.number, taken.epoch, &taken.positions);
        Some(taken.positions)
    }

    /// The offset below which all of the stream is durable, and with exactly-once stored in the ledger as well. It may be
    /// committed in the group.
    pub fn stored_watermark(&self, stream: u32) -> Option<i64> {
        match self.target.ledger.is_on() {
            true => self.target.ledger.streams.low(stream),
            false => self.progress.watermark(stream),
        }
    }

    pub fn position(&self, stream: u32, offset: i64) -> Position {
        let (topic, partition) = self.streams.lock()[stream as usize].clone();
        Position { topic, partition, offset }
    }

    /// Notes entries that are settled: pairs of stream and ticket.
    pub fn settle(&self, entries: impl IntoIterator<Item = (u32, u64)>) {
        self.progress.settle(entries);
        self.shared.watch.notify();
    }

    /// Keeps a rejection for the callback, if there is one. Called before its row is settled.
    pub fn note_rejected(&self, position: &Position, rejection: &Rejection) {
        if let Some(rejected) = &self.rejected {
            let bytes = held_bytes(rejection);
            self.unreported.fetch_add(bytes, Ordering::Relaxed);
            self.shared.budget.charge(bytes);
            rejected.lock().push((position.clone(), rejection.clone()));
        }
    }

    /// The rejections since the last call. [`LineState::reported`] must follow for each.
    pub fn take_rejected(&self) -> Vec<(Position, Rejection)> {
        self.rejected.as_ref().map(|rejected| std::mem::take(&mut *rejected.lock())).unwrap_or_default()
    }

    /// The callback has this rejection: its bytes are released.
    pub fn reported(&self, rejection: &Rejection) {
        let bytes = held_bytes(rejection);
        self.unreported.fetch_sub(bytes, Ordering::Relaxed);
        self.shared.budget.release(bytes);
    }

    /// The bytes of rejections that wait for the thread of the callbacks.
    pub fn unreported_bytes(&self) -> usize {
        self.unreported.load(Ordering::Relaxed)
    }

    /// No more rows come.
    pub fn close(&self) {
        self.dispatcher.close();
    }

    pub fn abandon(&self) {
        self.dispatcher.abandon();
    }

    pub fn connections(&self) -> u32 {
        self.target.open_sessions()
    }

    pub fn in_outage(&self) -> bool {
        self.target.in_outage()
    }

    pub fn note_freshness(&self, milliseconds: u64) {
        self.freshness_ms.store(milliseconds, Ordering::Relaxed);
    }

    /// `None`: the table has no hot child.
    pub fn note_waiting(&self, waiting: Option<Waiting>) {
        *self.waiting.lock() = waiting;
    }

    /// The rows that are in no vector index yet, as they were last counted.
    pub fn waiting(&self) -> Option<Waiting> {
        *self.waiting.lock()
    }

    /// `None`: no deferred index is being built.
    pub fn note_build(&self, percent: Option<u8>) {
        self.build_percent.store(percent.unwrap_or(NO_BUILD), Ordering::Relaxed);
    }

    /// How far the build of a deferred index is.
    pub fn build_percent(&self) -> Option<u8> {
        Some(self.build_percent.load(Ordering::Relaxed)).filter(|percent| *percent != NO_BUILD)
    }

    pub fn freshness(&self) -> Option<Duration> {
        Some(self.freshness_ms.load(Ordering::Relaxed)).filter(|&age| age != u64::MAX).map(Duration::from_millis)
    }
}

fn typed(table: &TargetTable, push: PushSettings) -> TargetTable {
    let mut table = table.clone();
    if push.typed_by_table {
        table.columns.iter_mut().for_each(|column| column.source = column.column_type.natural_source());
    }
    table
}

fn held_bytes(rejection: &Rejection) -> usize {
    size_of::<(Position, Rejection)>() + rejection.reason.len()
}

fn limits(sink: &Sink, target: &Target, budget: usize, linger: Option<Duration>) -> Limits {
    let least = linger.unwrap_or(target.linger);
    Limits {
        rows: sink.batch_size.unwrap_or(DEFAULT_BATCH_ROWS),
        first_rows: FIRST_BATCH_ROWS,
        tune_rows: sink.batch_size.is_none(),
        writers: target.most_writers as usize,
        bytes: (budget / BATCH_SHARE).clamp(1, LARGEST_BATCH),
        linger: least,
        busy_linger: least.max(BUSY_LINGER),
        timeout: sink.batch_write_timeout,
    }
}
