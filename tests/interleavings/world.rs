//! A sink without a database: pushing, writing and closing call the dispatcher, the budget and progress in the order in which the
//! library does.

use std::sync::Arc;
use std::time::Duration;

use shuttle::sync::{Mutex, RwLock};
use shuttle::thread;

use crate::batch::{Batch, Op, RowEntry, RowFormat};
use crate::dispatch::budget::Budget;
use crate::dispatch::dispatcher::{Dispatcher, Limits, TakenBatch};
use crate::dispatch::queue::QueuedRow;
use crate::dispatch::shard_layout::SHARDS;
use crate::dispatch::shards::OwnQueues;
use crate::progress::Progress;
use crate::sync;
use crate::watch::Watch;

const PRODUCERS: usize = 3;
/// How many rows each push of a producer has.
const PUSHES: [usize; 3] = [1, 3, 1];
/// Longer than an idle writer polls after a batch.
const REST: Duration = Duration::from_millis(200);
/// So that writers have time to begin their wait.
const YIELDS: usize = 40;
/// `RECHECK` of `Core`: a push that waits for room calls `hurry` again after this time.
const RECHECK: Duration = Duration::from_millis(100);
const DAY: Duration = Duration::from_secs(86_400);

#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub writers: usize,
    /// In bytes. A row is somewhat less than 100.
    pub budget: usize,
    /// Whether closing begins before the producers have ended.
    pub closes_early: bool,
    /// Whether transactions take longer than rows wait for a busy writer.
    pub long: bool,
    /// Whether a row takes so long that batches are cut. The first transactions of four rows are long then.
    pub expensive: bool,
    /// Whether producers rest before each push, so that idle writers stop polling.
    pub rests: bool,
    /// Whether rows wait for other rows without end. Then only a full budget, or closing, lets them be written.
    pub lingers: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Plan {
            writers: 3,
            budget: 1 << 20,
            closes_early: false,
            long: false,
            expensive: false,
            rests: false,
            lingers: false,
        }
    }
}

struct World {
    plan: Plan,
    dispatcher: Dispatcher,
    budget: Arc<Budget>,
    progress: Progress,
    stream: u32,
    watch: Watch,
    open: RwLock<bool>,
    writers: Mutex<Writers>,
    table: Mutex<Table>,
    /// The first transaction ends only when this many rows, its own included, are durable.
    hangs: Option<usize>,
}

#[derive(Default)]
struct Writers {
    started: usize,
    /// Threads that were not joined yet.
    running: Vec<thread::JoinHandle<()>>,
}

#[derive(Default)]
struct Table {
    /// Shards of the transaction that hangs.
    hanging: u64,
    /// Shards of open transactions.
    held: u64,
    /// What was committed, shard by shard: producer and offset.
    committed: [Vec<(u8, i64)>; SHARDS],
}

pub fn run(plan: Plan) {
    let world = Arc::new(World::new(plan, None));
    let spawn = |producer: usize| {
        let world = Arc::clone(&world);
        thread::spawn(move || produce(&world, producer))
    };
    let producers: Vec<_> = (0..PRODUCERS).map(spawn).collect();
    let rows_taken = |producers: Vec<thread::JoinHandle<usize>>| -> i64 {
        producers.into_iter().map(|producer| producer.join().unwrap() as i64).sum()
    };
    let taken = if plan.closes_early {
        world.close();
        rows_taken(producers)
    } else {
        let taken = rows_taken(producers);
        assert_eq!(taken, (PRODUCERS * PUSHES.iter().sum::<usize>()) as i64);
        // Rows must be written because they were pushed, and not only because the sink is closed.
        if !plan.lingers {
            world.wait_durable(taken);
        }
        world.close();
        taken
    };
    world.check_end(taken);
}

/// The first transaction hangs until all rows of other shards are durable.
#[derive(Debug, Clone, Copy)]
pub struct Hanging {
    /// Rows that come at once, spread over the shards; a batch takes 4.
    pub rows: usize,
    /// Whether two idle writers are there before the rows come.
    pub idle_writers: bool,
    /// Whether one more row comes when the transaction is open.
    pub late_row: bool,
}

pub fn run_beside_one_that_hangs(hanging: Hanging) {
    let total = hanging.rows + usize::from(hanging.late_row);
    let world = Arc::new(World::new(Plan { writers: 2, ..Plan::default() }, Some(total)));
    if hanging.idle_writers {
        (0..2).for_each(|_| world.start_writer());
        (0..YIELDS).for_each(|_| thread::yield_now());
    }
    assert!(world.accept(hanging.rows, 0, 0));
    if hanging.late_row {
        let free = world.wait_until_it_hangs().trailing_ones() as usize;
        assert!(world.accept(1, 0, free));
    }
    world.wait_durable(total as i64);
    world.close();
    world.check_end(total as i64);
}

fn produce(world: &Arc<World>, producer: usize) -> usize {
    let mut taken = 0;
    for (push, count) in PUSHES.into_iter().enumerate() {
        if world.plan.rests {
            sync::pass(REST);
            (0..YIELDS * (producer + 1)).for_each(|_| thread::yield_now());
        }
        while !world.budget.has_room() {
            world.dispatcher.hurry();
            // `hurry` may have been called before the rows came that fill the budget.
            world.budget.wait_for(if world.plan.lingers { RECHECK } else { DAY }, || world.budget.has_room());
        }
        if !world.accept(count, producer as u8, push) {
            break;
        }
        taken += count;
    }
    taken
}

impl World {
    fn new(plan: Plan, hangs: Option<usize>) -> World {
        let budget = Arc::new(Budget::new(plan.budget));
        let limits = Limits {
            rows: 4,
            first_rows: 4,
            tune_rows: false,
            writers: plan.writers,
            bytes: 1 << 20,
            linger: if plan.lingers { DAY } else { Duration::from_millis(2) },
            busy_linger: if plan.lingers { DAY } else { Duration::from_millis(20) },
            timeout: DAY,
        };
        let dispatcher = Dispatcher::new(limits, Arc::clone(&budget));
        let progress = Progress::default();
        let stream = progress.add_stream(0);
        let open = RwLock::new(true);
        let (watch, writers, table) = Default::default();
        World { plan, dispatcher, budget, progress, stream, watch, open, writers, table, hangs }
    }

    /// `Core::accept`: numbers under one lock, shards under another, and `open` held over both.
    fn accept(self: &Arc<Self>, count: usize, producer: u8, push: usize) -> bool {
        let open = self.open.read().unwrap();
        if !*open {
            return false;
        }
        let (first, ticket) = self.progress.append(self.stream, None, count).unwrap();
        let own = [producer];
        // As large as the amount that is charged at once.
        let original: &[u8] = if self.plan.lingers { &[0; 16 << 10] } else { b"" };
        let rows = (0..count).map(|at| {
            let (offset, ticket) = (first + at as i64, ticket + at as u64);
            let row = QueuedRow { entry: entry(self.stream, offset, ticket), row: &own, key: b"", original };
            ((producer as usize + push + at) % SHARDS, row)
        });
        if self.dispatcher.push_all(rows) {
            self.start_writer();
        }
        drop(open);
        true
    }

    /// `Writers::start`.
    fn start_writer(self: &Arc<Self>) {
        let mut writers = self.writers.lock().unwrap();
        if writers.started < self.plan.writers {
            writers.started += 1;
            self.dispatcher.expect_writer();
            let own = Arc::clone(self);
            writers.running.push(thread::spawn(move || {
                let mut own_queues = OwnQueues::default();
                while let Some(TakenBatch { batch, needs_another_writer }) = own.dispatcher.take(&mut own_queues, || {})
                {
                    if needs_another_writer {
                        own.start_writer();
                    }
                    own.write(&batch);
                    let spent = own.spent(&batch);
                    own.dispatcher.give_back(batch, spent);
                }
            }));
        }
    }

    /// How long a transaction takes.
    fn spent(&self, batch: &Batch) -> Duration {
        let rows = batch.len() as u64;
        Duration::from_millis(if self.plan.expensive {
            30 * rows
        } else if self.plan.long {
            30
        } else {
            3
        })
    }

    fn write(&self, batch: &Batch) {
        {
            let mut table = self.table.lock().unwrap();
            assert_eq!(table.held & batch.shards, 0, "a shard is in two transactions");
            if self.hangs.is_some() && table.held == 0 && table.committed.iter().all(Vec::is_empty) {
                table.hanging = batch.shards;
            }
            table.held |= batch.shards;
        }
        assert!(!batch.chunks.is_empty() && batch.chunks.iter().all(|chunk| batch.shards & (1 << chunk.shard) != 0));
        sync::pass(self.spent(batch));
        thread::yield_now();
        self.hang(batch);
        {
            let mut table = self.table.lock().unwrap();
            table.held &= !batch.shards;
            for chunk in &batch.chunks {
                let offsets = chunk.entries.iter().map(|entry| entry.offset);
                table.committed[chunk.shard as usize].extend(chunk.rows.iter().copied().zip(offsets));
            }
        }
        let entries = batch.chunks.iter().flat_map(|chunk| &chunk.entries);
        self.progress.settle(entries.map(|entry| (entry.stream, entry.ticket)));
        self.check_watermark();
        self.watch.notify();
    }

    fn hang(&self, batch: &Batch) {
        let Some(total) = self.hangs else { return };
        if self.table.lock().unwrap().hanging != batch.shards {
            return;
        }
        self.watch.notify();
        let committed = || self.table.lock().unwrap().committed.iter().map(Vec::len).sum::<usize>();
        self.wait_until(|| committed() + batch.len() == total);
    }

    /// Gives the shards of the transaction that hangs.
    fn wait_until_it_hangs(&self) -> u64 {
        let hanging = || self.table.lock().unwrap().hanging;
        self.wait_until(|| hanging() != 0);
        hanging()
    }

    fn wait_until(&self, is_so: impl Fn() -> bool) {
        loop {
            let seen = self.watch.changes();
            if is_so() {
                return;
            }
            self.watch.wait(seen, sync::now() + DAY);
        }
    }

    /// Checks that all rows below the watermark are in the table.
    fn check_watermark(&self) {
        let watermark = self.progress.watermark(self.stream).unwrap();
        let table = self.table.lock().unwrap();
        let below = table.committed.iter().flatten().filter(|(_, offset)| *offset < watermark).count();
        assert_eq!(below as i64, watermark, "the watermark passes rows that are not committed");
    }

    /// `Core::wait_durable`.
    fn wait_durable(&self, target: i64) {
        self.wait_until(|| self.progress.watermark(self.stream).unwrap() >= target);
    }

    /// `Core::shut`, then what closing waits for.
    fn close(&self) {
        *self.open.write().unwrap() = false;
        self.dispatcher.close();
        // A writer may still start another.
        while let Some(writer) = { self.writers.lock().unwrap().running.pop() } {
            writer.join().unwrap();
        }
    }

    fn check_end(&self, taken: i64) {
        let table = self.table.lock().unwrap();
        // Rows of different threads have an order only if one push ends before the other begins.
        for rows in &table.committed {
            let in_order = |producer| rows.iter().filter(|(by, _)| *by == producer).is_sorted();
            assert!((0..PRODUCERS as u8).all(in_order), "a thread's rows change places in their shard: {rows:?}");
        }
        let mut offsets: Vec<i64> = table.committed.iter().flatten().map(|(_, offset)| *offset).collect();
        offsets.sort_unstable();
        assert_eq!(offsets, (0..taken).collect::<Vec<_>>(), "each row that was taken, once");
        assert_eq!(self.progress.watermark(self.stream), Some(taken));
        assert_eq!(self.progress.read_position(self.stream), Some(taken));
        assert!(self.progress.is_settled(self.stream));
        assert_eq!(self.budget.held(), 0);
    }
}

fn entry(stream: u32, offset: i64, ticket: u64) -> RowEntry {
    RowEntry {
        stream,
        format: RowFormat::Binary,
        op: Op::Insert,
        schema_version: 0,
        row_len: 1,
        key_len: 0,
        original_len: 0,
        key_hash: 0,
        offset,
        ticket,
        produced_ms: 0,
    }
}
