//! Rows that a pushing thread has encoded, before they are accepted. A thread has a buffer of its own during a push. So it encodes
//! without any lock, and allocates nothing once the buffers have grown.

use super::error::PushError;
use super::resumed::Resumed;
use crate::batch::{Chunk, MOST_ROW_BYTES, Op, RowEntry, RowFormat};
use crate::dispatch::{QueuedRow, ShardLayout, key_hash};
use crate::error::{Error, Rejection, Result, Stage};
use crate::pipeline::line::Line;
use crate::record::Record;
use crate::types::encode::RowEncoder;
use crate::types::target::TargetTable;
use crate::types::text::json;
use crate::types::value::Value;

/// The longest JSON of a row that is kept for a dead letter. Its length and that of the record around it fit into a length field.
const MOST_ORIGINAL: usize = MOST_ROW_BYTES / 2;
/// A buffer that has more memory than this is freed after a push, because a huge row has made it large.
const KEPT_BYTES: usize = 128 << 10;

pub struct PushBuffer {
    /// The schema version that the rows are encoded for.
    pub schema_version: u16,
    encoder: RowEncoder,
    /// Encodes only the columns of the key, for deletes.
    key_encoder: RowEncoder,
    key_names: Vec<String>,
    names: Vec<String>,
    keep_originals: bool,
    /// With exactly-once, rejected rows go into their shards.
    enters_rejected: bool,
    /// How many of the rows can't be stored.
    rejected_rows: usize,
    rows: Vec<u8>,
    keys: Vec<u8>,
    originals: Vec<u8>,
    encoded: Vec<Encoded>,
    json: Vec<u8>,
}

/// One row. In each buffer its bytes begin where those of the row before it end.
struct Encoded {
    op: Op,
    format: RowFormat,
    row_end: usize,
    key_end: usize,
    original_end: usize,
    key_hash: u64,
    fate: Fate,
}

/// What becomes of a row when it is accepted.
enum Fate {
    /// It goes into its shard. With exactly-once a rejected row does, too, as [`Op::Reject`].
    IntoShard,
    Rejected(Rejection),
    /// Its shard had it when the stream was opened.
    Repeated,
}

/// The values that are the same for all rows of a push, or count up from its first row.
#[derive(Debug, Clone, Copy)]
pub struct Accepted {
    pub stream: u32,
    pub first_offset: i64,
    pub first_ticket: u64,
    pub produced_ms: i64,
}

impl PushBuffer {
    pub fn new(line: &Line) -> Result<PushBuffer> {
        let options = line.settings.encode_options(None);
        let encoder = |table: &TargetTable| {
            let encoder = RowEncoder::new(table, options)?;
            Ok::<_, Error>(if line.layout == ShardLayout::Key { encoder.with_canonical_keys() } else { encoder })
        };
        let names = |table: &TargetTable| table.columns.iter().map(|column| column.name.clone()).collect();
        let (table, schema_version) = line.newest_table();
        let key = table.of_key();
        Ok(PushBuffer {
            schema_version,
            encoder: encoder(&table)?,
            key_encoder: encoder(&key)?,
            key_names: names(&key),
            names: names(&table),
            keep_originals: line.rejects.wants_originals(),
            enters_rejected: line.target.ledger.is_on(),
            rejected_rows: 0,
            rows: Vec::new(),
            keys: Vec::new(),
            originals: Vec::new(),
            encoded: Vec::new(),
            json: Vec::new(),
        })
    }

    pub fn clear(&mut self) {
        self.rows.clear();
        self.keys.clear();
        self.originals.clear();
        self.encoded.clear();
        self.rejected_rows = 0;
    }

    /// Frees the memory that a large row has taken.
    pub fn trim(&mut self) {
        for buffer in [&mut self.rows, &mut self.keys, &mut self.originals, &mut self.json] {
            if buffer.capacity() > KEPT_BYTES {
                *buffer = Vec::new();
            }
        }
        self.encoder.trim(KEPT_BYTES);
        self.key_encoder.trim(KEPT_BYTES);
    }

    /// Estimates how many bytes a row of these values will have.
    pub fn estimate(values: &[Value<'_>]) -> usize {
        size_of::<RowEntry>() + values.iter().map(Value::bytes).sum::<usize>()
    }

    pub fn len(&self) -> usize {
        self.encoded.len()
    }

    /// How many of the rows can't be stored, without those that are repeated.
    pub fn rejected_rows(&self) -> usize {
        self.rejected_rows
    }

    pub fn bytes(&self) -> usize {
        self.rows.len() + self.keys.len() + self.originals.len()
    }

    /// The memory of its buffers, filled or not.
    pub fn capacity(&self) -> usize {
        self.rows.capacity()
            + self.keys.capacity()
            + self.originals.capacity()
            + self.json.capacity()
            + self.encoded.capacity() * size_of::<Encoded>()
            + self.encoder.capacity()
            + self.key_encoder.capacity()
    }

    /// Reserves the memory for a large row before it is encoded.
    pub fn reserve(&mut self, op: Op, values: &[Value<'_>]) -> std::result::Result<(), PushError> {
        let bytes = PushBuffer::estimate(values);
        let encoder = if op == Op::Delete { &mut self.key_encoder } else { &mut self.encoder };
        let mut reserved = encoder.reserve(values, &mut self.rows);
        if self.keep_originals {
            // The original is JSON. There a byte takes two digits, and an element of a vector or list up to eight times its size. Then
            // the JSON is copied into `originals`, so both buffers need the room.
            let most = bytes.saturating_mul(if values.iter().any(is_list) { 8 } else { 2 });
            reserved = reserved.and_then(|()| self.json.try_reserve_exact(most));
            reserved = reserved.and_then(|()| self.originals.try_reserve_exact(most));
        }
        reserved.map_err(|_| PushError::OutOfMemory { bytes })
    }

    /// Encodes one more row, or the delete of one by its key.
    pub fn add(&mut self, op: Op, values: &[Value<'_>]) -> std::result::Result<(), Rejection> {
        let (row_start, key_start, original_start) = (self.rows.len(), self.keys.len(), self.originals.len());
        let encoder = if op == Op::Delete { &mut self.key_encoder } else { &mut self.encoder };
        let format = encoder.encode(values, &mut self.rows)?;
        if let Err(rejection) = encoder.key_image(values, &mut self.keys) {
            self.rows.truncate(row_start);
            return Err(rejection);
        }
        if let Err(rejection) = self.keep_original(op, values) {
            self.rows.truncate(row_start);
            self.keys.truncate(key_start);
            self.originals.truncate(original_start);
            return Err(rejection);
        }
        let key = &self.keys[key_start..];
        let key_hash = if key.is_empty() { 0 } else { key_hash(key) };
        self.push(op, format, key_hash, Fate::IntoShard);
        Ok(())
    }

    /// Adds a row that can't be stored. It is accepted in its place among the others, and then rejected.
    pub fn add_rejected(&mut self, op: Op, values: &[Value<'_>], rejection: Rejection) {
        // If the row's values are too long, its dead letter has only the reason.
        let _ = self.keep_original(op, values);
        self.rejected_rows += 1;
        if !self.enters_rejected {
            self.push(op, RowFormat::Binary, 0, Fate::Rejected(rejection));
            return;
        }
        // The row belongs to the shard of its key: when the table is altered, the next sink may take the row.
        let start = self.keys.len();
        let encoder = if op == Op::Delete { &mut self.key_encoder } else { &mut self.encoder };
        // Where it is the key that can't be stored, the row goes by its number.
        let _ = encoder.key_image(values, &mut self.keys);
        let key_hash = if self.keys.len() == start { 0 } else { key_hash(&self.keys[start..]) };
        rejection.store(&mut self.rows);
        self.push(Op::Reject, RowFormat::Text, key_hash, Fate::IntoShard);
    }

    /// Marks the rows that their shards have already; returns their number. The first row has the number `first`.
    pub fn mark_repeated(&mut self, layout: ShardLayout, first: i64, resumed: &Resumed) -> usize {
        let (mut key_start, mut repeated) = (0, 0);
        for (at, part) in self.encoded.iter_mut().enumerate() {
            let (offset, has_key) = (first + at as i64, part.key_end > key_start);
            key_start = part.key_end;
            if resumed.has(layout.shard_of_entry(part.op, has_key, part.key_hash, offset), offset) {
                self.rejected_rows -= usize::from(part.op == Op::Reject && part.goes_into_shard());
                part.fate = Fate::Repeated;
                repeated += 1;
            }
        }
        repeated
    }

    fn push(&mut self, op: Op, format: RowFormat, key_hash: u64, fate: Fate) {
        self.encoded.push(Encoded {
            op,
            format,
            row_end: self.rows.len(),
            key_end: self.keys.len(),
            original_end: self.originals.len(),
            key_hash,
            fate,
        });
    }

    /// Keeps the row's values as JSON for a dead letter. If they are too long, it returns `Err` and keeps an original without a value.
    fn keep_original(&mut self, op: Op, values: &[Value<'_>]) -> std::result::Result<(), Rejection> {
        if !self.keep_originals {
            return Ok(());
        }
        self.json.clear();
        let names = if op == Op::Delete { &self.key_names } else { &self.names };
        json::row(names, values, &mut self.json);
        let length = self.json.len();
        let fits = length <= MOST_ORIGINAL;
        let topic = "".into();
        let record = Record::of_value(&topic, fits.then_some(&self.json[..]));
        record.store_original(&mut self.originals);
        if fits {
            return Ok(());
        }
        let reason = format!("the row takes {length} bytes in a dead letter, at most {MOST_ORIGINAL} can be kept");
        Err(Rejection::new(Stage::Encode, reason))
    }

    /// The rows for the shards. Offsets and tickets count up from those in `accepted`.
    pub fn rows(&self, layout: ShardLayout, accepted: Accepted) -> impl Iterator<Item = (usize, QueuedRow<'_>)> {
        self.parts().filter(|(_, part, _)| part.goes_into_shard()).map(move |(at, part, bytes)| {
            let entry = self.entry(at, part, &bytes, accepted);
            let Bytes { row, key, original } = bytes;
            (shard_of(layout, &entry), QueuedRow { entry, row, key, original })
        })
    }

    fn entry(&self, at: usize, part: &Encoded, bytes: &Bytes<'_>, accepted: Accepted) -> RowEntry {
        RowEntry {
            stream: accepted.stream,
            format: part.format,
            op: part.op,
            schema_version: self.schema_version,
            row_len: bytes.row.len() as u32,
            key_len: bytes.key.len() as u32,
            original_len: bytes.original.len() as u32,
            key_hash: part.key_hash,
            offset: accepted.first_offset + at as i64,
            ticket: accepted.first_ticket + at as u64,
            produced_ms: accepted.produced_ms,
        }
    }

    /// Takes out a large row, the only one in this buffer, as a chunk without copying it, together with its shard. `None`: the row
    /// doesn't go into a shard.
    pub fn take_whole(&mut self, layout: ShardLayout, accepted: Accepted) -> Option<(usize, Chunk)> {
        let (at, part, bytes) = self.parts().next().filter(|(_, part, _)| part.goes_into_shard())?;
        let entry = self.entry(at, part, &bytes, accepted);
        let shard = shard_of(layout, &entry);
        let take = |buffer: &mut Vec<u8>| {
            let mut taken = std::mem::take(buffer);
            taken.shrink_to_fit();
            taken
        };
        let (rows, keys, originals) = (take(&mut self.rows), take(&mut self.keys), take(&mut self.originals));
        self.encoded.clear();
        Some((shard, Chunk { entries: vec![entry], rows, keys, originals, ..Chunk::default() }))
    }

    /// The rows that can't be stored and don't go into a shard: their place among the others, the reason, and the original.
    pub fn rejected(&self) -> impl Iterator<Item = (usize, &Rejection, &[u8])> {
        self.parts().filter_map(|(at, part, bytes)| match &part.fate {
            Fate::Rejected(rejection) => Some((at, rejection, bytes.original)),
            Fate::IntoShard | Fate::Repeated => None,
        })
    }

    /// The places of the rows that their shards have already.
    pub fn repeated(&self) -> impl Iterator<Item = usize> {
        self.encoded.iter().enumerate().filter(|(_, part)| matches!(part.fate, Fate::Repeated)).map(|(at, _)| at)
    }

    fn parts(&self) -> impl Iterator<Item = (usize, &Encoded, Bytes<'_>)> {
        let (mut row, mut key, mut original) = (0, 0, 0);
        self.encoded.iter().enumerate().map(move |(at, part)| {
            let bytes = Bytes {
                row: &self.rows[row..part.row_end],
                key: &self.keys[key..part.key_end],
                original: &self.originals[original..part.original_end],
            };
            (row, key, original) = (part.row_end, part.key_end, part.original_end);
            (at, part, bytes)
        })
    }
}

impl Encoded {
    fn goes_into_shard(&self) -> bool {
        matches!(self.fate, Fate::IntoShard)
    }
}

fn shard_of(layout: ShardLayout, entry: &RowEntry) -> usize {
    layout.shard_of_entry(entry.op, entry.key_len > 0, entry.key_hash, entry.offset)
}

fn is_list(value: &Value<'_>) -> bool {
    matches!(value, Value::Vector(_) | Value::Array(_) | Value::Row(_) | Value::Map(_))
}

struct Bytes<'a> {
    row: &'a [u8],
    key: &'a [u8],
    original: &'a [u8],
}
