//! A batch's net effect: for each key a delete if there was any, then as a rule at most one row or one update of some columns. All rows
//! of a key are kept where one of them may be left out for another reason than the key (see [`Keep::All`]).

use std::ops::Range;

use super::rows::Rows;
use crate::batch::Op;
use crate::postgres::schema::order::Keep;
use crate::postgres::write::reduce::{BatchKeys, reduce};

/// What a transaction does, in this order. The lists hold the numbers of rows. A row that [`Rows::patched`] made has a number above those
/// of the batch's own rows.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Net {
    pub deletes: Vec<u32>,
    /// Updates of some columns of rows that should be in the table.
    pub patches: Vec<u32>,
    /// Under `strict`: whole rows that replace one of their key.
    pub upserts: Vec<u32>,
    /// Whole rows, treated as the conflict mode says.
    pub rows: Vec<u32>,
    /// Some of `rows` are updates, and so likely to be in the table.
    pub updates: bool,
    pub superseded: u64,
    /// Left out because an earlier row of the key counts.
    pub ignored: u64,
}

const NONE: u32 = u32::MAX;

/// What happened to a key so far.
#[derive(Debug, Clone, Copy)]
struct KeyState {
    delete: u32,
    /// The row that is kept. Rows before it may be kept as well (see [`Keep::All`]).
    row: u32,
    patch: u32,
    /// The first change was an insert: under `strict` it is a conflict if the table has a row of the key.
    is_new: bool,
}

/// The net effect of `range`. `None`: it depends on what is in the table, so the changes have to be made row by row.
pub fn net(rows: &mut Rows<'_>, range: Range<usize>, keep: Keep) -> Option<Net> {
    rows.forget_made();
    let only_rows = !rows.has_changes && (keep != Keep::Strict || !rows.has_updates);
    if only_rows {
        let all = (range.len() - rows.left_out(range.clone())) as u64;
        let kept = reduce(rows, range, keep);
        let left_out = all - kept.len() as u64;
        let (superseded, ignored) = if keep == Keep::Last { (left_out, 0) } else { (0, left_out) };
        return Some(Net { rows: kept, updates: rows.has_updates, superseded, ignored, ..Net::default() });
    }
    let mut work = Work::new(range.clone(), keep);
    for row in range {
        if !rows.is_left_out(row) {
            work.take(rows, row)?;
        }
    }
    Some(work.finish(rows))
}

struct Work {
    start: usize,
    keep: Keep,
    keys: BatchKeys,
    /// For each key, at the place of its first row in the range.
    states: Vec<KeyState>,
    /// What is sent for each row: its own number, or that of a patched one.
    sent: Vec<u32>,
    /// The row of the same key that was kept before.
    earlier: Vec<u32>,
    net: Net,
}

impl Work {
    fn new(range: Range<usize>, keep: Keep) -> Self {
        let untouched = KeyState { delete: NONE, row: NONE, patch: NONE, is_new: false };
        Work {
            start: range.start,
            keep,
            keys: BatchKeys::new(range.len()),
            states: vec![untouched; range.len()],
            sent: vec![NONE; range.len()],
            earlier: vec![NONE; range.len()],
            net: Net::default(),
        }
    }

    fn take(&mut self, rows: &mut Rows<'_>, row: usize) -> Option<()> {
        let key = self.keys.first(rows, row) - self.start;
        let KeyState { delete, row: standing, patch, is_new } = self.states[key];
        let number = row as u32;
        match (rows.op(row), self.keep) {
            (Op::Delete, _) => {
                // Without the insert nobody would notice that the table had a row of its key already.
                if is_new && delete == NONE && self.keep == Keep::Strict {
                    return None;
                }
                self.net.superseded += u64::from(delete != NONE) + u64::from(patch != NONE);
                self.supersede_all(rows, standing);
                self.states[key] = KeyState { delete: number, row: NONE, patch: NONE, is_new };
            }
            (Op::Insert | Op::Update, Keep::First) if standing != NONE => self.net.ignored += 1,
            (Op::Insert | Op::Update, Keep::First | Keep::All) => {
                self.earlier[row - self.start] = standing;
                self.states[key].row = number;
                self.sent[row - self.start] = number;
            }
            (Op::Insert, Keep::Strict) if standing != NONE || patch != NONE => return None,
            (op @ (Op::Insert | Op::Update), Keep::Last | Keep::Strict) => {
                self.net.superseded += u64::from(patch != NONE);
                self.supersede_all(rows, standing);
                let is_new = is_new || (op == Op::Insert && delete == NONE);
                self.states[key] = KeyState { delete, row: number, patch: NONE, is_new };
                self.sent[row - self.start] = number;
            }
            // A partial update can only change a row that is there already.
            (Op::Patch, Keep::First | Keep::All) => self.net.ignored += 1,
            (Op::Patch, Keep::Last | Keep::Strict) if standing != NONE => {
                let patched = rows.patched(standing, number)?;
                self.supersede_all(rows, standing);
                self.states[key].row = patched;
                self.sent[row - self.start] = patched;
            }
            (Op::Patch, Keep::Last | Keep::Strict) => {
                self.states[key].patch = if patch == NONE { number } else { rows.patched(patch, number)? };
                self.net.superseded += u64::from(patch != NONE);
            }
            // Always left out.
            (Op::Reject, _) => {}
        }
        Some(())
    }

    /// The row, and the earlier rows of its key that were kept, are superseded.
    fn supersede_all(&mut self, rows: &Rows<'_>, mut row: u32) {
        while row != NONE {
            let at = rows.origin(row) - self.start;
            self.sent[at] = NONE;
            self.net.superseded += 1;
            row = self.earlier[at];
        }
    }

    fn finish(mut self, rows: &mut Rows<'_>) -> Net {
        let Net { deletes, patches, upserts, rows: kept, updates, .. } = &mut self.net;
        for state in &self.states {
            deletes.extend((state.delete != NONE).then_some(state.delete));
            patches.extend((state.patch != NONE).then_some(state.patch));
        }
        for (at, &row) in self.sent.iter().enumerate().filter(|(_, row)| **row != NONE) {
            let KeyState { delete, is_new, .. } = self.states[self.keys.first(rows, self.start + at) - self.start];
            let replaces = delete == NONE && !is_new;
            if replaces && self.keep == Keep::Strict {
                upserts.push(row);
            } else {
                *updates |= replaces && rows.op(rows.origin(row)) != Op::Insert;
                kept.push(row);
            }
        }
        self.net
    }
}

#[cfg(test)]
#[path = "net_effect_tests.rs"]
mod tests;
