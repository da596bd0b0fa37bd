//! A process: it takes the partitions over, reads them into shards, and writes.

use std::time::Instant;

use rand::Rng;

use super::records::{Entry, Record};
use super::world::{Mistake, Surroundings};
use super::writer::{Process, Step, Writer};
use crate::batch::{Batch, Chunk, Op, RowEntry, RowFormat};
use crate::dispatch::{BatchLimits, ChunkLimits, OwnQueues, QueuedRow, SHARDS, Shards, key_hash};
use crate::postgres::write::machine::evidence::Evidence;
use crate::progress::Progress;
use crate::progress::ledger::{OwnStreams, ShardPositions, StoredLow};

/// A partition that was taken over.
struct Assigned {
    positions: ShardPositions,
    /// The next record to read.
    next: usize,
}

pub struct Simulated {
    id: u32,
    progress: Progress,
    own: OwnStreams,
    shards: Shards,
    queues: OwnQueues,
    /// In the order of the partitions, whose numbers are those of the streams.
    assigned: Vec<Assigned>,
    /// For [`Mistake::PositionsBeforeRaise`].
    early: Vec<ShardPositions>,
    writers: Vec<Writer>,
    evidence: &'static Evidence,
    /// It does nothing in this number of its next steps.
    pub silent: u32,
}

impl Simulated {
    pub fn start(id: u32, world: &Surroundings<'_>) -> Simulated {
        Simulated {
            id,
            progress: Progress::default(),
            own: OwnStreams::default(),
            shards: Shards::default(),
            queues: OwnQueues::default(),
            assigned: Vec::new(),
            early: (0..world.partitions.len()).map(|at| world.database.positions(at as i64)).collect(),
            writers: Vec::new(),
            // A machine borrows it for as long as the program runs. It is small, so a test may leak it.
            evidence: Box::leak(Box::default()),
            silent: 0,
        }
    }

    pub fn id(&self) -> u32 {
        self.id
    }

    /// Whether all is read and written.
    pub fn is_done(&self, world: &Surroundings<'_>) -> bool {
        self.assigned.len() == world.partitions.len()
            && self.writers.is_empty()
            && self.shards.rows() == 0
            && (0..self.assigned.len()).all(|at| self.assigned[at].next > world.partitions[at].records.len())
    }

    /// Does something. Returns whether the process goes on.
    pub fn step(&mut self, world: &mut Surroundings<'_>) -> bool {
        let goes_on = self.act(world);
        let is_newest = |stored: StoredLow| world.database.epoch(stored.number) == stored.epoch;
        if !goes_on && !world.database.was_restored && self.own.lows().into_iter().all(is_newest) {
            world
                .database
                .violation
                .get_or_insert("a process is fenced, and no other took its streams over".to_owned());
        }
        goes_on
    }

    fn act(&mut self, world: &mut Surroundings<'_>) -> bool {
        if self.assigned.len() < world.partitions.len() {
            self.take_over(world);
            return true;
        }
        match world.random.random_range(0..10) {
            0..4 => self.read(world),
            4 | 5 => self.take(world),
            6 => return self.store_low(world),
            _ => return self.write(world),
        }
        true
    }

    fn take_over(&mut self, world: &mut Surroundings<'_>) {
        let at = self.assigned.len();
        let Some((epoch, positions)) = world.database.raise(at as i64) else {
            // It waits for the former owner, and in the end ends its sessions.
            if world.random.random_bool(0.3) {
                for id in world.database.idle_on(at as i64) {
                    world.database.roll_back(id);
                }
                world.decide_one();
            }
            return;
        };
        let positions = match world.mistake {
            Some(Mistake::PositionsBeforeRaise) => self.early[at].clone(),
            _ => positions,
        };
        let index = self.progress.add_stream(positions.low());
        self.own.own(index, at as i64, epoch, &positions);
        let records = &world.partitions[at].records;
        let next = records.partition_point(|record| record.offset < positions.low());
        self.assigned.push(Assigned { positions, next });
    }

    fn read(&mut self, world: &mut Surroundings<'_>) {
        let at = world.random.random_range(0..self.assigned.len());
        let Assigned { positions, next } = &mut self.assigned[at];
        let partition = &world.partitions[at];
        let Some(Record { offset, entries }) = partition.records.get(*next) else {
            self.progress.passed(at as u32, partition.end);
            *next = partition.records.len() + 1;
            return;
        };
        *next += 1;
        let shard = |entry: &Entry| match (world.mistake, entries.last()) {
            (Some(Mistake::KeyChangeInOneShard), Some(last)) => last.shard(world.layout(), *offset),
            _ => entry.shard(world.layout(), *offset),
        };
        let kept: Vec<(usize, usize, &Entry)> = entries
            .iter()
            .enumerate()
            .map(|(place, entry)| (place, shard(entry), entry))
            .filter(|(_, shard, _)| !positions.has(*shard, *offset))
            .collect();
        if kept.is_empty() {
            self.progress.passed(at as u32, offset + 1);
            return;
        }
        let ticket = self.progress.accept(at as u32, *offset, kept.len() as u32);
        for (place, shard, entry) in kept {
            self.push(shard, at as u32, *offset, ticket, place, entry, *world.clock);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of an entry")]
    fn push(&mut self, shard: usize, stream: u32, offset: i64, ticket: u64, place: usize, entry: &Entry, now: Instant) {
        let row = RowEntry {
            stream,
            format: RowFormat::Text,
            op: entry.op,
            schema_version: 0,
            row_len: entry.row.len() as u32,
            key_len: entry.key.len() as u32,
            original_len: 0,
            key_hash: if entry.key.is_empty() { 0 } else { key_hash(&entry.key) },
            offset,
            ticket,
            produced_ms: place as i64,
        };
        let queued = QueuedRow { entry: row, row: &entry.row, key: &entry.key, original: &[] };
        debug_assert!(entry.op != Op::Patch);
        self.shards.push(shard, queued, &ChunkLimits { rows: 3, bytes: 1 << 20 }, now, Chunk::default);
    }

    fn take(&mut self, world: &mut Surroundings<'_>) {
        if self.writers.len() >= 3 || self.shards.available().rows == 0 {
            return;
        }
        let limits = BatchLimits {
            rows: world.random.random_range(1..12),
            bytes: 1 << 20,
            shards: world.random.random_range(1..=64),
            splits: world.random.random_bool(0.5),
        };
        let mut batch: Batch = self.shards.take(limits, &mut self.queues);
        if batch.chunks.is_empty() {
            self.queues.move_into(&mut batch);
        }
        self.writers.push(Writer::new(batch, world.kind, self.evidence));
    }

    fn write(&mut self, world: &mut Surroundings<'_>) -> bool {
        if self.writers.is_empty() {
            return true;
        }
        let at = world.random.random_range(0..self.writers.len());
        let process = Process { id: self.id, own: &self.own, progress: &self.progress };
        match self.writers[at].step(&process, world) {
            Step::GoesOn => true,
            Step::Finished => {
                let writer = self.writers.swap_remove(at);
                self.shards.give_back(writer.shards);
                true
            }
            Step::Stopped => false,
        }
    }

    /// Stores the `low` of each stream. Returns false if the process is fenced.
    pub fn store_low(&mut self, world: &mut Surroundings<'_>) -> bool {
        for stored in self.own.lows() {
            let low = match world.mistake {
                Some(Mistake::WatermarkFromReadPosition) => self.progress.read_position(stored.index),
                _ => self.progress.watermark(stored.index),
            };
            let low = low.unwrap_or(stored.low);
            let known = self.own.next(stored).unwrap_or([0; SHARDS]);
            if !world.database.advance(stored.number, stored.epoch, low, &known) {
                return false;
            }
            world.check_low(stored.number as usize, low);
            self.own.low_stored(StoredLow { low, ..stored });
        }
        true
    }
}
