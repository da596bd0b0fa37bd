//! One shard's rows, first in, first out.

use std::collections::VecDeque;
use std::time::Instant;

use crate::batch::{Chunk, RowEntry};

/// A chunk, and the time when its first row came.
#[derive(Debug)]
struct QueuedChunk {
    chunk: Chunk,
    since: Instant,
}

/// A row as it is put into a queue.
#[derive(Debug, Clone, Copy)]
pub struct QueuedRow<'a> {
    pub entry: RowEntry,
    pub row: &'a [u8],
    pub key: &'a [u8],
    pub original: &'a [u8],
}

/// A shard's chunks. Rows are added only to the last one. A writer takes whole chunks, so taking copies nothing.
#[derive(Debug, Default)]
pub struct Queue {
    chunks: VecDeque<QueuedChunk>,
    rows: usize,
    bytes: usize,
}

impl Queue {
    pub fn rows(&self) -> usize {
        self.rows
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// When the oldest row came.
    pub fn since(&self) -> Option<Instant> {
        Some(self.chunks.front()?.since)
    }

    /// Appends a row that came at `now`, and returns how many bytes it takes. `fresh` makes an empty chunk when the last one is full.
    pub fn push(
        &mut self,
        row: QueuedRow<'_>,
        limits: &ChunkLimits,
        now: Instant,
        fresh: impl FnOnce() -> Chunk,
    ) -> usize {
        let full = |chunk: &Chunk| chunk.entries.len() >= limits.rows || chunk.bytes() >= limits.bytes;
        // The entries of one record stay in one chunk, and so in one transaction.
        let goes_on = |chunk: &Chunk| chunk.entries.last().is_some_and(|last| last.is_of_same_record(&row.entry));
        if self.chunks.back().is_none_or(|last| full(&last.chunk) && !goes_on(&last.chunk)) {
            self.chunks.push_back(QueuedChunk { chunk: fresh(), since: now });
        }
        let Some(QueuedChunk { chunk, .. }) = self.chunks.back_mut() else { return 0 };
        chunk.entries.push(row.entry);
        chunk.rows.extend_from_slice(row.row);
        chunk.keys.extend_from_slice(row.key);
        chunk.originals.extend_from_slice(row.original);
        let bytes = row.row.len() + row.key.len() + row.original.len() + size_of::<RowEntry>();
        self.rows += 1;
        self.bytes += bytes;
        bytes
    }

    /// Adds a chunk at the end.
    pub fn push_chunk(&mut self, chunk: Chunk, now: Instant) {
        self.rows += chunk.entries.len();
        self.bytes += chunk.bytes();
        self.chunks.push_back(QueuedChunk { chunk, since: now });
    }

    /// Drops the rows of a stream, and returns their number and their bytes.
    pub fn forget(&mut self, stream: u32) -> (usize, usize) {
        let before = (self.rows, self.bytes);
        for queued in &mut self.chunks {
            if let Some(kept) = queued.chunk.without(stream) {
                self.rows -= queued.chunk.entries.len() - kept.entries.len();
                self.bytes -= queued.chunk.bytes() - kept.bytes();
                queued.chunk = kept;
            }
        }
        self.chunks.retain(|queued| !queued.chunk.entries.is_empty());
        (before.0 - self.rows, before.1 - self.bytes)
    }

    /// Takes all chunks, the oldest one first.
    pub fn take_all(&mut self) -> impl Iterator<Item = Chunk> {
        (self.rows, self.bytes) = (0, 0);
        self.chunks.drain(..).map(|queued| queued.chunk)
    }

    /// Takes the oldest chunk if it has at most `rows` rows and `bytes` bytes. With `at_least_one` it may have more. With `splits`, only
    /// the first `rows` rows of a larger chunk are taken; they are copied.
    pub fn take(&mut self, rows: usize, bytes: usize, at_least_one: bool, splits: bool) -> Option<Chunk> {
        let front = &mut self.chunks.front_mut()?.chunk;
        let has_more_rows = front.entries.len() > rows;
        if !at_least_one && (has_more_rows && !splits || front.bytes() > bytes) {
            return None;
        }
        let first = if has_more_rows && splits { front.split_first(rows) } else { None };
        let chunk = match first {
            Some(first) => first,
            None => self.chunks.pop_front()?.chunk,
        };
        self.rows -= chunk.entries.len();
        self.bytes -= chunk.bytes();
        Some(chunk)
    }
}

/// When a chunk is full, so that the next row begins another one.
#[derive(Debug, Clone, Copy)]
pub struct ChunkLimits {
    pub rows: usize,
    pub bytes: usize,
}
