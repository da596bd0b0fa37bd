//! Emptied chunks that are kept, so that their memory is used again. Together they have at most a fixed number of bytes, however
//! large the rows were.

use crate::batch::Chunk;

/// A chunk is kept if its memory is at most this many times the bytes at which a chunk is full. (Its buffers grow by doubling.)
const LARGEST: usize = 4;

#[derive(Debug)]
pub struct SpareChunks {
    chunks: Vec<Chunk>,
    bytes: usize,
    most_bytes: usize,
}

impl SpareChunks {
    pub fn new(most_bytes: usize) -> SpareChunks {
        SpareChunks { chunks: Vec::new(), bytes: 0, most_bytes }
    }

    /// An empty chunk.
    pub fn take(&mut self) -> Chunk {
        let chunk = self.chunks.pop().unwrap_or_default();
        self.bytes -= chunk.capacity();
        chunk
    }

    /// Takes emptied chunks out of `chunks` as long as there is room. Freeing the others takes time, so the caller does it without
    /// a lock. `usual`: the bytes at which a chunk is full. A chunk that a huge row has made large isn't kept.
    pub fn keep(&mut self, chunks: &mut Vec<Chunk>, usual: usize) {
        chunks.retain_mut(|chunk| {
            let bytes = chunk.capacity();
            let fits = bytes <= usual.saturating_mul(LARGEST) && self.bytes + bytes <= self.most_bytes;
            if fits {
                self.bytes += bytes;
                self.chunks.push(std::mem::take(chunk));
            }
            !fits
        });
    }

    /// Returns all chunks that are kept. The caller frees them without a lock.
    pub fn take_all(&mut self) -> Vec<Chunk> {
        self.bytes = 0;
        std::mem::take(&mut self.chunks)
    }

    #[cfg(test)]
    pub fn bytes(&self) -> usize {
        self.chunks.iter().map(Chunk::capacity).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(capacity: usize) -> Chunk {
        Chunk { rows: Vec::with_capacity(capacity), ..Chunk::default() }
    }

    #[test]
    fn what_is_kept_has_a_bound_and_no_chunk_is_kept_that_a_huge_row_made_large() {
        let mut spare = SpareChunks::new(1000);
        let mut emptied = vec![chunk(100), chunk(401), chunk(400), chunk(300), chunk(300), chunk(200)];
        spare.keep(&mut emptied, 100);
        assert_eq!(emptied.iter().map(Chunk::capacity).collect::<Vec<_>>(), [401, 300]);
        assert_eq!((spare.bytes, spare.bytes()), (1000, 1000));
        let taken: Vec<usize> = (0..5).map(|_| spare.take().capacity()).collect();
        assert_eq!(taken, [200, 300, 400, 100, 0]);
        assert_eq!(spare.bytes, 0);
    }
}
