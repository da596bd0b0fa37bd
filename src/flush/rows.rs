//! The rows of a batch under one running number, and which of them to send.

use std::ops::Range;

use crate::batch::{Batch, Chunk, Entry, RowFormat};

/// Where a row's entry and bytes stand.
#[derive(Debug, Clone, Copy)]
struct Place {
    chunk: u32,
    entry: u32,
    row: usize,
    key: usize,
}

/// A batch's rows, numbered through its chunks.
pub struct Rows<'a> {
    batch: &'a Batch,
    places: Vec<Place>,
}

impl<'a> Rows<'a> {
    pub fn new(batch: &'a Batch) -> Self {
        let mut places = Vec::with_capacity(batch.len());
        for (chunk_index, chunk) in batch.chunks.iter().enumerate() {
            let (mut row, mut key) = (0, 0);
            for (entry_index, entry) in chunk.entries.iter().enumerate() {
                places.push(Place { chunk: chunk_index as u32, entry: entry_index as u32, row, key });
                row += entry.row_len as usize;
                key += entry.key_len as usize;
            }
        }
        Rows { batch, places }
    }

    pub fn len(&self) -> usize {
        self.places.len()
    }

    fn chunk(&self, row: usize) -> &'a Chunk {
        &self.batch.chunks[self.places[row].chunk as usize]
    }

    fn entry(&self, row: usize) -> &'a Entry {
        &self.chunk(row).entries[self.places[row].entry as usize]
    }

    pub fn format(&self, row: usize) -> RowFormat {
        self.entry(row).format
    }

    pub fn key_hash(&self, row: usize) -> u64 {
        self.entry(row).key_hash
    }

    /// The key image; empty when the row has none.
    pub fn key(&self, row: usize) -> &'a [u8] {
        let start = self.places[row].key;
        &self.chunk(row).keys[start..start + self.entry(row).key_len as usize]
    }

    /// Where a row belongs in the order of key images: the image's first bytes behind its length. Ties are for the image.
    fn key_prefix(&self, row: usize) -> u64 {
        let value = self.key(row).get(4..).unwrap_or_default();
        let mut prefix = [0; 8];
        let length = value.len().min(8);
        prefix[..length].copy_from_slice(&value[..length]);
        u64::from_be_bytes(prefix)
    }

    /// The encoded bytes of these rows, as few and long pieces as lie together.
    pub fn pieces<'r>(&'r self, order: &'r [u32]) -> Pieces<'r, 'a> {
        Pieces { rows: self, order }
    }
}

pub struct Pieces<'r, 'a> {
    rows: &'r Rows<'a>,
    order: &'r [u32],
}

impl<'a> Iterator for Pieces<'_, 'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
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

/// Rows of one format that go into one COPY: a stretch of the [`Plan`]'s order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub format: RowFormat,
    pub stretch: Range<usize>,
}

/// Which rows are sent, in which order, by how many COPY statements.
#[derive(Debug, PartialEq, Eq)]
pub struct Plan {
    pub order: Vec<u32>,
    pub runs: Vec<Run>,
}

impl Plan {
    /// One COPY a format, in the order of the keys: neighbours in the table's index are written together (half the server's
    /// time for short rows), and processes that share keys lock them in the same order. Unless the rows must arrive
    /// `in_order`: then one COPY for each change of format.
    pub fn new(rows: &Rows<'_>, kept: Vec<u32>, in_order: bool) -> Plan {
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
        Plan { order, runs }
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
