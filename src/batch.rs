//! Rows on their way from a shard to a transaction.

/// How a row's bytes are to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowFormat {
    /// A tuple of `COPY … (FORMAT binary)`: field count, then each field's length and bytes.
    Binary,
    /// A line of `COPY … (FORMAT text)`, with its line feed.
    Text,
}

/// In place of a field's length in a binary [`Op::Patch`]: the update doesn't carry the column.
pub const UNCHANGED_LENGTH: i32 = -2;
/// The same in a text row. No value looks like this: a backslash in a value is doubled.
pub const UNCHANGED_TEXT: &[u8] = b"\\U";

/// What an entry does to the row of its key in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// A row that is new.
    Insert,
    /// A row as it is now, with all columns.
    Update,
    /// A row as it is now, where the update lacks columns. It is encoded as a whole row, in which [`UNCHANGED_LENGTH`] or
    /// [`UNCHANGED_TEXT`] stands for each column that keeps its value. The columns of the key have values.
    Patch,
    /// The encoded row has only the columns of the key, in the key's order.
    Delete,
    /// Nothing: the record was rejected before it came here. In place of a row there is the reason ([`Rejection::store`]). With
    /// exactly-once, the transaction that writes the entries around it has its dead letter.
    ///
    /// [`Rejection::store`]: crate::error::Rejection::store
    Reject,
}

/// The longest encoded row, key or original: half of what the `u32` fields of [`RowEntry`] can count, because the net effect may join
/// the bytes of two rows. The server's own limit is half of this.
pub const MOST_ROW_BYTES: usize = i32::MAX as usize;

/// What stands before the first row of `COPY … (FORMAT binary)`: signature, flags, length of the header's extension.
pub const BINARY_HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// What stands after the last row.
pub const BINARY_TRAILER: &[u8] = &[0xff, 0xff];

/// One row of a chunk.
#[derive(Debug, Clone, Copy)]
pub struct RowEntry {
    /// Which stream (partition) the record came from: an index given out by `progress`.
    pub stream: u32,
    pub format: RowFormat,
    pub op: Op,
    /// The number of the table's schema version that the row is encoded for. The target gives out these numbers.
    pub schema_version: u16,
    /// Length of the encoded row in [`Chunk::rows`].
    pub row_len: u32,
    /// Length of the key image in [`Chunk::keys`].
    pub key_len: u32,
    /// Length of the kept original record in [`Chunk::originals`]; 0 when none is kept.
    pub original_len: u32,
    /// XXH64 of the key image; 0 without a key.
    pub key_hash: u64,
    pub offset: i64,
    /// The number that `progress` gave this record. It is given back when the row is settled.
    pub ticket: u64,
    /// Milliseconds since the epoch when the producer made the record; 0 if unknown.
    pub produced_ms: i64,
}

impl RowEntry {
    /// Whether both come from one record and so must share a transaction. Only asked of neighbours in a queue.
    pub fn is_of_same_record(&self, other: &RowEntry) -> bool {
        (self.stream, self.ticket) == (other.stream, other.ticket)
    }
}

/// Neighbouring rows of one shard's queue, in the order in which they arrived. Each of the three byte buffers holds one part of each
/// entry, one after another.
#[derive(Debug, Default, Clone)]
pub struct Chunk {
    pub shard: u8,
    pub entries: Vec<RowEntry>,
    pub rows: Vec<u8>,
    pub keys: Vec<u8>,
    pub originals: Vec<u8>,
}

impl Chunk {
    pub fn bytes(&self) -> usize {
        self.rows.len() + self.keys.len() + self.originals.len() + self.entries.len() * size_of::<RowEntry>()
    }

    /// The memory of its buffers, filled or not.
    pub fn capacity(&self) -> usize {
        self.rows.capacity()
            + self.keys.capacity()
            + self.originals.capacity()
            + self.entries.capacity() * size_of::<RowEntry>()
    }

    /// Empties it; its memory stays.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.rows.clear();
        self.keys.clear();
        self.originals.clear();
    }

    /// Takes the first `rows` entries, and those of the same record that follow. `None` if none would be left.
    pub fn split_first(&mut self, rows: usize) -> Option<Chunk> {
        let is_boundary = |at: &usize| {
            let (before, after) = (self.entries.get(at.wrapping_sub(1)), self.entries.get(*at));
            before.zip(after).is_some_and(|(before, after)| !before.is_of_same_record(after))
        };
        let at = (rows..self.entries.len()).find(is_boundary)?;
        let first: Vec<RowEntry> = self.entries.drain(..at).collect();
        let bytes = |of: fn(&RowEntry) -> u32| first.iter().map(|entry| of(entry) as usize).sum::<usize>();
        let rows = self.rows.drain(..bytes(|entry| entry.row_len)).collect();
        let keys = self.keys.drain(..bytes(|entry| entry.key_len)).collect();
        let originals = self.originals.drain(..bytes(|entry| entry.original_len)).collect();
        Some(Chunk { shard: self.shard, entries: first, rows, keys, originals })
    }

    /// A copy without the entries of one stream. `None`: the chunk has no entry of that stream.
    pub fn without(&self, stream: u32) -> Option<Chunk> {
        self.entries.iter().find(|entry| entry.stream == stream)?;
        let mut kept = Chunk { shard: self.shard, ..Chunk::default() };
        let (mut rows, mut keys, mut originals) = (&self.rows[..], &self.keys[..], &self.originals[..]);
        for entry in &self.entries {
            let (row, key, original);
            (row, rows) = rows.split_at(entry.row_len as usize);
            (key, keys) = keys.split_at(entry.key_len as usize);
            (original, originals) = originals.split_at(entry.original_len as usize);
            if entry.stream != stream {
                kept.entries.push(*entry);
                kept.rows.extend_from_slice(row);
                kept.keys.extend_from_slice(key);
                kept.originals.extend_from_slice(original);
            }
        }
        Some(kept)
    }
}

/// What one transaction writes: the oldest rows of the shards that it holds.
#[derive(Debug, Default, Clone)]
pub struct Batch {
    pub chunks: Vec<Chunk>,
    /// The shards that no other batch may take from until this one is settled, one bit for each.
    pub shards: u64,
}

impl Batch {
    /// Adds a chunk of a shard.
    pub fn add(&mut self, shard: usize, chunk: Chunk) {
        self.shards |= 1 << shard;
        self.chunks.push(Chunk { shard: shard as u8, ..chunk });
    }

    pub fn len(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.entries.len()).sum()
    }

    #[cfg(feature = "internals")]
    pub fn is_empty(&self) -> bool {
        self.chunks.iter().all(|chunk| chunk.entries.is_empty())
    }

    pub fn bytes(&self) -> usize {
        self.chunks.iter().map(Chunk::bytes).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_stays_within_a_cache_line() {
        assert_eq!(size_of::<RowEntry>(), 56);
    }
}
