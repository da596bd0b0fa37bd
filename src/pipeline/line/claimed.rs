//! With exactly-once: the rejected records of a batch. Their dead letters are stored with the transaction that claims them: in it, where
//! they go into a table of the database, and before it, where they go into a file or a topic.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::rejects::RejectedRecord;
use crate::batch::{Batch, Op};
use crate::error::Rejection;

/// The rejected rows of a batch, by their numbers.
#[derive(Default)]
pub struct ClaimedRejects {
    rejections: BTreeMap<usize, Rejection>,
    /// Those whose dead letters are in a file or a topic already.
    stored: BTreeSet<usize>,
    /// Those of the open transaction.
    pub along: Vec<RejectedRecord>,
}

impl ClaimedRejects {
    /// Those that were rejected before they came into the batch.
    pub fn of(batch: &Batch) -> ClaimedRejects {
        let mut own = ClaimedRejects::default();
        let mut number = 0;
        for chunk in &batch.chunks {
            let mut rest = &chunk.rows[..];
            for entry in &chunk.entries {
                let (row, after) = rest.split_at_checked(entry.row_len as usize).unwrap_or((rest, &[]));
                rest = after;
                if entry.op == Op::Reject
                    && let Some(rejection) = Rejection::read(row)
                {
                    own.rejections.insert(number, rejection);
                }
                number += 1;
            }
        }
        own
    }

    pub fn add(&mut self, row: usize, rejection: Rejection) {
        self.rejections.insert(row, rejection);
    }

    /// Marks that a row's dead letter is stored in a file or a topic. Returns whether it was stored before.
    pub fn mark_stored(&mut self, row: usize) -> bool {
        !self.stored.insert(row)
    }

    pub fn among(&self, rows: Range<usize>) -> impl Iterator<Item = (usize, &Rejection)> {
        self.rejections.range(rows).map(|(row, rejection)| (*row, rejection))
    }
}
