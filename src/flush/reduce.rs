//! A batch's net effect: of several rows with one key, the one that counts.

use std::ops::Range;

use super::rows::Rows;

/// Which row of a key counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Every row, also those that share a key.
    All,
    First,
    Last,
}

const FREE: u32 = u32::MAX;

/// The rows of `range` that count, in their order. A row without a key image always does.
pub fn reduce(rows: &Rows<'_>, range: Range<usize>, keep: Keep) -> Vec<u32> {
    if keep == Keep::All || range.len() < 2 {
        return range.map(|row| row as u32).collect();
    }
    let mut seen = Seen::new(range.len());
    let mut kept = Vec::with_capacity(range.len());
    if keep == Keep::First {
        kept.extend(range.filter(|&row| seen.is_new(rows, row)).map(|row| row as u32));
    } else {
        kept.extend(range.rev().filter(|&row| seen.is_new(rows, row)).map(|row| row as u32));
        kept.reverse();
    }
    kept
}

/// An open-addressing set of rows by their key image; the hash is the one the shard was chosen by.
struct Seen {
    slots: Vec<u32>,
}

impl Seen {
    fn new(rows: usize) -> Self {
        Seen { slots: vec![FREE; (rows * 2).next_power_of_two()] }
    }

    fn is_new(&mut self, rows: &Rows<'_>, row: usize) -> bool {
        let key = rows.key(row);
        if key.is_empty() {
            return true;
        }
        let mask = self.slots.len() - 1;
        // The hash's top bits are the shard and so much alike within a batch: the low bits choose the slot.
        let mut slot = rows.key_hash(row) as usize & mask;
        loop {
            match self.slots[slot] {
                FREE => {
                    self.slots[slot] = row as u32;
                    return true;
                }
                other if rows.key(other as usize) == key => return false,
                _ => slot = (slot + 1) & mask,
            }
        }
    }
}
