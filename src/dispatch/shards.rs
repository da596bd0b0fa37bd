//! The queues of all shards, and which of them a writer may take.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

use super::queue::{ChunkLimits, Queue, QueuedRow};
use super::shard_layout::SHARDS;
use crate::batch::{Batch, Chunk};

#[derive(Debug)]
pub struct Shards {
    queues: Vec<Queue>,
    /// The shards that have rows: bit n stands for shard n.
    filled: u64,
    /// The shards that a batch holds: bit n stands for shard n.
    held: u64,
    available: Available,
}

/// How much a batch may have at most.
#[derive(Debug, Clone, Copy)]
pub struct BatchLimits {
    pub rows: usize,
    pub bytes: usize,
    pub shards: usize,
    /// If the next chunk has too many rows, it is split, so that the batch gets exactly `rows` rows. Otherwise a batch has only whole
    /// chunks, which are not copied.
    pub splits: bool,
}

/// The rows that wait in shards that no batch holds.
#[derive(Debug, Default, Clone, Copy)]
pub struct Available {
    pub rows: usize,
    pub bytes: usize,
    /// When the first of these rows came.
    pub oldest: Option<Instant>,
}

impl Available {
    fn add(&mut self, rows: usize, bytes: usize, since: Option<Instant>) {
        self.rows += rows;
        self.bytes += bytes;
        self.oldest = self.oldest.into_iter().chain(since).min();
    }
}

/// A writer's own queues, one for each shard, which are empty while it waits. It exchanges them for the full ones, and reads these
/// without the lock. So pushing threads never wait for long, however many shards have rows and even if the writer has just woken.
#[derive(Debug)]
pub struct OwnQueues {
    queues: Vec<Queue>,
}

impl Default for OwnQueues {
    fn default() -> Self {
        OwnQueues { queues: empty_queues() }
    }
}

impl OwnQueues {
    /// Moves the chunks that were taken into their batch, the shard with the oldest row first.
    pub fn move_into(&mut self, batch: &mut Batch) {
        let queues = &mut self.queues;
        let mut order: Vec<_> = shards_of(batch.shards).map(|shard| (queues[shard].since(), shard)).collect();
        order.sort_unstable();
        batch.chunks.reserve(order.len());
        for (_, shard) in order {
            queues[shard].take_all().for_each(|chunk| batch.add(shard, chunk));
        }
    }
}

fn empty_queues() -> Vec<Queue> {
    (0..SHARDS).map(|_| Queue::default()).collect()
}

impl Default for Shards {
    fn default() -> Self {
        Shards { queues: empty_queues(), filled: 0, held: 0, available: Available::default() }
    }
}

impl Shards {
    pub fn available(&self) -> &Available {
        &self.available
    }

    /// All rows, also those in shards that a batch holds.
    pub fn rows(&self) -> usize {
        self.queues.iter().map(Queue::rows).sum()
    }

    /// When the oldest row came. Shards that a batch holds are included.
    pub fn oldest(&self) -> Option<Instant> {
        self.queues.iter().filter_map(Queue::since).min()
    }

    /// Appends a row that came at `now`, and returns how many bytes it takes. `fresh` makes an empty chunk when one is needed.
    pub fn push(
        &mut self,
        shard: usize,
        row: QueuedRow<'_>,
        limits: &ChunkLimits,
        now: Instant,
        fresh: impl FnOnce() -> Chunk,
    ) -> usize {
        let bytes = self.queues[shard].push(row, limits, now, fresh);
        self.pushed(shard, 1, bytes, now);
        bytes
    }

    /// Adds a chunk at the end of a shard.
    pub fn push_chunk(&mut self, shard: usize, chunk: Chunk, now: Instant) {
        let (rows, bytes) = (chunk.entries.len(), chunk.bytes());
        self.queues[shard].push_chunk(chunk, now);
        self.pushed(shard, rows, bytes, now);
    }

    fn pushed(&mut self, shard: usize, rows: usize, bytes: usize, now: Instant) {
        self.filled |= 1 << shard;
        if self.held & (1 << shard) == 0 {
            self.available.rows += rows;
            self.available.bytes += bytes;
            self.available.oldest.get_or_insert(now);
        }
    }

    /// Drops those rows of a stream that no batch has, and returns their number and their bytes.
    pub fn forget(&mut self, stream: u32) -> (usize, usize) {
        let (mut all_rows, mut all_bytes) = (0, 0);
        for queue in &mut self.queues {
            let (rows, bytes) = queue.forget(stream);
            all_rows += rows;
            all_bytes += bytes;
        }
        self.count();
        (all_rows, all_bytes)
    }

    /// Takes the oldest rows, up to the limits. If all rows are within the limits, the queues are only exchanged for `own`, and the
    /// batch has its shards but no rows yet: [`OwnQueues::move_into`] adds them.
    pub fn take(&mut self, limits: BatchLimits, own: &mut OwnQueues) -> Batch {
        let fits = self.available.rows <= limits.rows && self.available.bytes <= limits.bytes;
        let mut batch = Batch::default();
        if fits && limits.shards >= SHARDS && self.filled & self.held == 0 {
            std::mem::swap(&mut self.queues, &mut own.queues);
            batch.shards = std::mem::take(&mut self.filled);
            self.available = Available::default();
            self.held |= batch.shards;
        } else {
            self.take_oldest(limits, &mut batch);
            self.held |= batch.shards;
            self.count();
        }
        batch
    }

    /// Takes the oldest chunks of all shards first. So rows that came together are written together. Where keys rise, the table's
    /// index then grows at its end, which costs the server least.
    fn take_oldest(&mut self, limits: BatchLimits, batch: &mut Batch) {
        let BatchLimits { mut rows, mut bytes, shards, splits } = limits;
        let mut heads: Vec<_> = shards_of(self.filled & !self.held)
            .filter_map(|shard| Some(Reverse((self.queues[shard].since()?, shard))))
            .collect();
        heads.sort_unstable_by_key(|&Reverse(head)| head);
        heads.truncate(shards);
        let mut heads = BinaryHeap::from(heads);
        while let Some(Reverse((_, shard))) = heads.pop().filter(|_| rows > 0) {
            let queue = &mut self.queues[shard];
            let Some(chunk) = queue.take(rows, bytes, batch.chunks.is_empty(), splits) else { break };
            rows -= chunk.entries.len().min(rows);
            bytes -= chunk.bytes().min(bytes);
            heads.extend(queue.since().map(|since| Reverse((since, shard))));
            batch.add(shard, chunk);
        }
    }

    /// A batch is settled: other batches may have its shards.
    pub fn give_back(&mut self, shards: u64) {
        self.held &= !shards;
        for shard in shards_of(shards & self.filled) {
            let queue = &self.queues[shard];
            self.available.add(queue.rows(), queue.bytes(), queue.since());
        }
    }

    /// Counts again which shards have rows, and which rows are available.
    fn count(&mut self) {
        (self.filled, self.available) = (0, Available::default());
        for (shard, queue) in self.queues.iter().enumerate().filter(|(_, queue)| queue.rows() > 0) {
            self.filled |= 1 << shard;
            if self.held & (1 << shard) == 0 {
                self.available.add(queue.rows(), queue.bytes(), queue.since());
            }
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
