//! Chooses which of several rows with the same key is written. For batches without updates and deletes; [`super::net_effect`] is for the
//! others.

use std::ops::Range;

use super::rows::Rows;
use crate::postgres::schema::order::Keep;

const FREE: u32 = u32::MAX;

/// The rows of `range` that are written, in their order. Rows without a key image are always among them.
pub fn reduce(rows: &Rows<'_>, range: Range<usize>, keep: Keep) -> Vec<u32> {
    if matches!(keep, Keep::All | Keep::Strict) || range.len() < 2 {
        return range.filter(|&row| !rows.is_left_out(row)).map(|row| row as u32).collect();
    }
    let mut keys = BatchKeys::new(range.len());
    let mut kept = Vec::with_capacity(range.len());
    if keep == Keep::First {
        kept.extend(range.filter(|&row| !rows.is_left_out(row) && keys.first(rows, row) == row).map(|row| row as u32));
    } else {
        kept.extend(
            range.rev().filter(|&row| !rows.is_left_out(row) && keys.first(rows, row) == row).map(|row| row as u32),
        );
        kept.reverse();
    }
    kept
}

/// A set of rows by their key images, with open addressing. The hash is the one that chose the shard.
pub struct BatchKeys {
    slots: Vec<u32>,
}

impl BatchKeys {
    pub fn new(rows: usize) -> Self {
        BatchKeys { slots: vec![FREE; (rows * 2).next_power_of_two()] }
    }

    /// The first row with the same key. For a new key this is the row itself. A row without a key image has the same key as no other row.
    pub fn first(&mut self, rows: &Rows<'_>, row: usize) -> usize {
        let key = rows.key(row);
        if key.is_empty() {
            return row;
        }
        let mask = self.slots.len() - 1;
        // The top bits of the hash choose the shard, so they are mostly equal within a batch. So the low bits choose the slot.
        let mut slot = rows.key_hash(row) as usize & mask;
        loop {
            match self.slots[slot] {
                FREE => {
                    self.slots[slot] = row as u32;
                    return row;
                }
                other if rows.key(other as usize) == key => return other as usize,
                _ => slot = (slot + 1) & mask,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::batch::{Batch, Chunk, Op, RowEntry, RowFormat};
    use crate::postgres::write::rows::CopyPlan;

    /// A batch of rows with these keys, in two chunks. A row's bytes are `B` for binary or `T` for text, and its number.
    fn batch(keys: &[&str], text: &[usize]) -> Batch {
        let mut chunks = vec![Chunk::default(), Chunk::default()];
        for (row, key) in keys.iter().enumerate() {
            let chunk = &mut chunks[usize::from(row >= keys.len() / 2)];
            let format = if text.contains(&row) { RowFormat::Text } else { RowFormat::Binary };
            let bytes = format!("{}{row} ", if format == RowFormat::Text { 'T' } else { 'B' });
            chunk.entries.push(RowEntry {
                stream: 0,
                format,
                op: Op::Insert,
                schema_version: 0,
                row_len: bytes.len() as u32,
                key_len: key.len() as u32,
                original_len: 0,
                // All keys have the same hash, so only their images differ.
                key_hash: 5,
                offset: row as i64,
                ticket: 0,
                produced_ms: 0,
            });
            chunk.rows.extend_from_slice(bytes.as_bytes());
            chunk.keys.extend_from_slice(key.as_bytes());
        }
        Batch { chunks, shards: 1 }
    }

    #[test]
    fn the_first_or_the_last_row_of_a_key_is_kept_in_order() {
        let batch = batch(&["a", "b", "a", "c", "b", "a"], &[]);
        let rows = Rows::new(Cow::Borrowed(&batch));
        assert_eq!(reduce(&rows, 0..6, Keep::First), [0, 1, 3]);
        assert_eq!(reduce(&rows, 0..6, Keep::Last), [3, 4, 5]);
        assert_eq!(reduce(&rows, 2..5, Keep::Last), [2, 3, 4]);
        assert_eq!(reduce(&rows, 0..6, Keep::All), [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn rows_without_a_key_are_all_kept() {
        let batch = batch(&["", "", "a", ""], &[]);
        assert_eq!(reduce(&Rows::new(Cow::Borrowed(&batch)), 0..4, Keep::Last), [0, 1, 2, 3]);
    }

    #[test]
    fn rows_are_sent_in_the_order_of_their_keys_and_of_arrival_within_one() {
        let image = |text: &str| format!("\0\0\0\u{8}{text}");
        let keys: Vec<String> = ["ccccccccc1", "a", "ccccccccc0", "b", "a"].into_iter().map(image).collect();
        let batch = batch(&keys.iter().map(String::as_str).collect::<Vec<_>>(), &[3]);
        assert_eq!(CopyPlan::new(&Rows::new(Cow::Borrowed(&batch)), vec![0, 1, 2, 3, 4], false).order, [1, 4, 2, 0, 3]);
        assert_eq!(CopyPlan::new(&Rows::new(Cow::Borrowed(&batch)), vec![0, 1, 2, 3, 4], true).order, [0, 1, 2, 3, 4]);
    }

    #[test]
    fn a_plan_sends_long_pieces_by_one_copy_for_each_format() {
        let batch = batch(&["a", "b", "c", "d", "e", "f"], &[1, 4]);
        let rows = Rows::new(Cow::Borrowed(&batch));
        let shown = |in_order: bool| {
            let plan = CopyPlan::new(&rows, vec![0, 1, 2, 3, 4, 5], in_order);
            let run = |run: &crate::postgres::write::rows::Run| {
                rows.slices(&plan.order[run.stretch.clone()]).map(String::from_utf8_lossy).collect::<Vec<_>>().join("|")
            };
            plan.runs.iter().map(run).collect::<Vec<_>>()
        };
        assert_eq!(shown(false), ["B0 |B2 |B3 |B5 ", "T1 |T4 "]);
        assert_eq!(shown(true), ["B0 ", "T1 ", "B2 |B3 ", "T4 ", "B5 "]);
        let plan = CopyPlan::new(&rows, vec![2, 3, 5], false);
        assert_eq!(rows.slices(&plan.order).count(), 3);
        let plain = self::batch(&["a", "b", "c", "d"], &[]);
        let rows = Rows::new(Cow::Borrowed(&plain));
        assert_eq!(rows.slices(&[0, 1, 2, 3]).collect::<Vec<_>>(), [b"B0 B1 ", b"B2 B3 "]);
    }
}
