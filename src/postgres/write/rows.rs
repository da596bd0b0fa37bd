//! The rows of a batch, numbered through all of its chunks, and which of them to send.

use std::borrow::Cow;
use std::ops::Range;

use crate::batch::{Batch, Chunk, Op, RowEntry, RowFormat};
use crate::progress::ledger::ClaimGatherer;
use crate::types::fields;

/// Where a row's entry and bytes stand.
#[derive(Debug, Clone, Copy)]
struct RowPlace {
    chunk: u32,
    entry: u32,
    row: usize,
    key: usize,
}

/// A batch's rows, numbered through its chunks. After them come rows that were made for an attempt.
pub struct Rows<'a> {
    batch: Cow<'a, Batch>,
    places: Vec<RowPlace>,
    count: usize,
    made: Chunk,
    /// The row of the batch that each made row stands for.
    origins: Vec<u32>,
    /// The first row of each unit: the entries of one record in one shard, which share a transaction. Empty: each row is a
    /// unit.
    units: Vec<u32>,
    /// Some entries are updates of whole rows.
    pub has_updates: bool,
    /// Some entries are neither inserts nor updates of whole rows.
    pub has_changes: bool,
    /// The oldest schema version that an entry is encoded for.
    pub oldest: u16,
    /// Streams whose rows another process writes now.
    left: Vec<u32>,
    /// Rows that were rejected, where attempts are repeated without them. Empty: none.
    rejected: Vec<bool>,
}

impl<'a> Rows<'a> {
    pub fn new(batch: Cow<'a, Batch>) -> Self {
        let count = batch.len();
        let mut places = Vec::with_capacity(count);
        let mut continued = Vec::new();
        let mut rejected = Vec::new();
        let (mut has_updates, mut has_changes, mut oldest) = (false, false, u16::MAX);
        for (chunk_index, chunk) in batch.chunks.iter().enumerate() {
            let (mut row, mut key) = (0, 0);
            let mut before: Option<&RowEntry> = None;
            for (entry_index, entry) in chunk.entries.iter().enumerate() {
                if before.is_some_and(|before| before.is_of_same_record(entry)) {
                    continued.push(places.len() as u32);
                }
                before = Some(entry);
                if entry.op == Op::Reject {
                    rejected.resize(count, false);
                    rejected[places.len()] = true;
                } else {
                    oldest = oldest.min(entry.schema_version);
                }
                has_updates |= entry.op == Op::Update;
                has_changes |= matches!(entry.op, Op::Patch | Op::Delete);
                places.push(RowPlace { chunk: chunk_index as u32, entry: entry_index as u32, row, key });
                row += entry.row_len as usize;
                key += entry.key_len as usize;
            }
        }
        let units = match continued.is_empty() {
            true => Vec::new(),
            false => (0..count as u32).filter(|row| continued.binary_search(row).is_err()).collect(),
        };
        let (made, origins) = (Chunk::default(), Vec::new());
        Rows {
            batch,
            places,
            count,
            made,
            origins,
            units,
            has_updates,
            has_changes,
            oldest,
            left: Vec::new(),
            rejected,
        }
    }

    pub fn batch(&self) -> &Batch {
        &self.batch
    }

    /// How many units there are.
    pub fn units(&self) -> usize {
        if self.units.is_empty() { self.count } else { self.units.len() }
    }

    pub fn rows_of(&self, units: &Range<usize>) -> Range<usize> {
        if self.units.is_empty() {
            return units.clone();
        }
        let start = |unit: usize| self.units.get(unit).map_or(self.count, |row| *row as usize);
        start(units.start)..start(units.end)
    }

    pub fn unit_of(&self, row: usize) -> usize {
        if self.units.is_empty() { row } else { self.units.partition_point(|start| *start as usize <= row) - 1 }
    }

    /// The streams that these rows are of, each once.
    pub fn streams(&self, range: Range<usize>) -> Vec<u32> {
        let mut streams = Vec::new();
        for row in range {
            let stream = self.entry(row).stream;
            if streams.last() != Some(&stream) && !streams.contains(&stream) {
                streams.push(stream);
            }
        }
        streams
    }

    /// From now on attempts leave out the rows of these streams.
    pub fn leave_out(&mut self, streams: Vec<u32>) {
        self.left = streams;
    }

    /// From now on attempts leave out this row, too.
    pub fn leave_out_row(&mut self, row: usize) {
        self.rejected.resize(self.count, false);
        if let Some(rejected) = self.rejected.get_mut(row) {
            *rejected = true;
        }
    }

    /// Leaves out what `other` leaves out, which has the same rows in another encoding.
    pub fn leave_out_as(&mut self, other: &mut Rows<'_>) {
        (self.left, self.rejected) = (std::mem::take(&mut other.left), std::mem::take(&mut other.rejected));
    }

    #[inline]
    pub fn is_left_out(&self, row: usize) -> bool {
        self.is_of_other_process(row) || self.rejected.get(row).is_some_and(|rejected| *rejected)
    }

    /// Whether the row belongs to another process.
    fn is_of_other_process(&self, row: usize) -> bool {
        !self.left.is_empty() && self.left.contains(&self.entry(row).stream)
    }

    /// How many of these rows belong to another process.
    pub fn left_to_others(&self, range: Range<usize>) -> usize {
        if self.left.is_empty() { 0 } else { range.filter(|&row| self.is_of_other_process(row)).count() }
    }

    /// How many of these rows attempts leave out.
    pub fn left_out(&self, range: Range<usize>) -> usize {
        match (self.left.is_empty(), self.rejected.is_empty()) {
            (true, true) => 0,
            _ => range.filter(|&row| self.is_left_out(row)).count(),
        }
    }

    /// What a transaction over these rows claims: their entries, also those that are left out.
    pub fn gather_claims(&self, range: Range<usize>) -> ClaimGatherer {
        let mut gatherer = ClaimGatherer::default();
        for row in range {
            let entry = self.entry(row);
            gatherer.add(entry.stream, self.chunk(row).shard, entry.offset);
        }
        gatherer
    }

    fn chunk(&self, row: usize) -> &Chunk {
        self.batch.chunks.get(self.places[row].chunk as usize).unwrap_or(&self.made)
    }

    fn entry(&self, row: usize) -> &RowEntry {
        &self.chunk(row).entries[self.places[row].entry as usize]
    }

    pub fn format(&self, row: usize) -> RowFormat {
        self.entry(row).format
    }

    pub fn op(&self, row: usize) -> Op {
        self.entry(row).op
    }

    pub fn key_hash(&self, row: usize) -> u64 {
        self.entry(row).key_hash
    }

    /// The encoded row.
    pub fn row(&self, row: usize) -> &[u8] {
        let start = self.places[row].row;
        &self.chunk(row).rows[start..start + self.entry(row).row_len as usize]
    }

    /// The key image; empty when the row has none.
    pub fn key(&self, row: usize) -> &[u8] {
        let start = self.places[row].key;
        &self.chunk(row).keys[start..start + self.entry(row).key_len as usize]
    }

    /// For a row of the batch: the row itself. For a row that was made: the row of the batch that it stands for.
    pub fn origin(&self, row: u32) -> usize {
        match (row as usize).checked_sub(self.count) {
            Some(made) => self.origins[made] as usize,
            None => row as usize,
        }
    }

    /// Makes a row: an earlier one with what a patch of the same key carries. It stands for the patch. `None`: their formats
    /// differ.
    pub fn patched(&mut self, row: u32, patch: u32) -> Option<u32> {
        let (row, patch) = (row as usize, patch as usize);
        let format = self.format(row);
        if self.format(patch) != format {
            return None;
        }
        let op = self.op(row);
        Some(self.make(patch, op, |rows, out| fields::apply_patch(format, rows.row(row), rows.row(patch), out)))
    }

    /// Makes a copy of a patch for COPY: the columns that the patch leaves unchanged are NULL in it.
    pub fn without_unchanged(&mut self, patch: u32) -> u32 {
        let (patch, format) = (patch as usize, self.format(patch as usize));
        self.make(patch, Op::Patch, |rows, out| fields::with_nulls(format, rows.row(patch), out))
    }

    fn make(&mut self, of: usize, op: Op, write: impl FnOnce(&Self, &mut Vec<u8>)) -> u32 {
        let mut bytes = Vec::new();
        write(self, &mut bytes);
        let key = self.key(of).to_vec();
        let entry = RowEntry { op, row_len: bytes.len() as u32, ..*self.entry(of) };
        self.places.push(RowPlace {
            chunk: self.batch.chunks.len() as u32,
            entry: self.made.entries.len() as u32,
            row: self.made.rows.len(),
            key: self.made.keys.len(),
        });
        self.origins.push(self.origin(of as u32) as u32);
        self.made.entries.push(entry);
        self.made.rows.extend_from_slice(&bytes);
        self.made.keys.extend_from_slice(&key);
        (self.places.len() - 1) as u32
    }

    /// Drops the rows that were made for an attempt: the next one can't use them.
    pub fn forget_made(&mut self) {
        if !self.origins.is_empty() {
            self.made = Chunk::default();
            self.origins.clear();
            self.places.truncate(self.count);
        }
    }

    /// The sort key of a row: the first bytes of its key image after the length. If these are equal, the whole images are
    /// compared.
    fn key_prefix(&self, row: usize) -> u64 {
        let value = self.key(row).get(4..).unwrap_or_default();
        let mut prefix = [0; 8];
        let length = value.len().min(8);
        prefix[..length].copy_from_slice(&value[..length]);
        u64::from_be_bytes(prefix)
    }

    /// The encoded bytes of these rows. Bytes that are adjacent in memory are one slice.
    pub fn slices<'r>(&'r self, order: &'r [u32]) -> Slices<'r, 'a> {
        Slices { rows: self, order }
    }
}

pub struct Slices<'r, 'a> {
    rows: &'r Rows<'a>,
    order: &'r [u32],
}

impl<'r> Iterator for Slices<'r, '_> {
    type Item = &'r [u8];

    fn next(&mut self) -> Option<&'r [u8]> {
        let (&first, mut rest) = self.order.split_first()?;
        let (rows, first) = (self.rows, first as usize);
        let place = rows.places[first];
        let start = place.row;
        let mut end = start + rows.entry(first).row_len as usize;
        while let Some((&next, after)) = rest.split_first() {
            let next = next as usize;
            if rows.places[next].chunk != place.chunk || rows.places[next].row != end {
                break;
            }
            end += rows.entry(next).row_len as usize;
            rest = after;
        }
        self.order = rest;
        Some(&rows.chunk(first).rows[start..end])
    }
}

/// Rows of one format that go into one COPY: a range in the order of the [`CopyPlan`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub format: RowFormat,
    pub stretch: Range<usize>,
}

/// Which rows are sent, in which order, by how many COPY statements.
#[derive(Debug, PartialEq, Eq)]
pub struct CopyPlan {
    pub order: Vec<u32>,
    pub runs: Vec<Run>,
}

impl CopyPlan {
    /// One COPY for each format, with its rows in the order of their keys: neighbours in the table's index are written together (which
    /// saves a quarter of the server's time for short rows), and processes that share keys lock them in the same order. If the rows must
    /// arrive `in_order`, they keep their order, and a new COPY begins at each change of format.
    pub fn new(rows: &Rows<'_>, kept: Vec<u32>, in_order: bool) -> CopyPlan {
        let mut order = kept;
        if !in_order {
            order = by_format_and_key(rows, &order);
        }
        let mut runs: Vec<Run> = Vec::new();
        for (at, &row) in order.iter().enumerate() {
            let format = rows.format(row as usize);
            match runs.last_mut() {
                Some(run) if run.format == format => run.stretch.end = at + 1,
                _ => runs.push(Run { format, stretch: at..at + 1 }),
            }
        }
        CopyPlan { order, runs }
    }
}

/// Rows of the same key stay in the order they had.
fn by_format_and_key(rows: &Rows<'_>, order: &[u32]) -> Vec<u32> {
    let place = |&row: &u32| (rows.format(row as usize) == RowFormat::Text, rows.key_prefix(row as usize), row);
    let mut places: Vec<(bool, u64, u32)> = order.iter().map(place).collect();
    places.sort_unstable_by(|a, b| {
        let keys = || rows.key(a.2 as usize).cmp(rows.key(b.2 as usize));
        (a.0, a.1).cmp(&(b.0, b.1)).then_with(keys).then(a.2.cmp(&b.2))
    });
    places.into_iter().map(|(_, _, row)| row).collect()
}
