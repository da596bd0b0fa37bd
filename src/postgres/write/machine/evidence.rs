//! Decides whether a refused row is at fault, or its table. A few errors are certainly the row's own fault (`held.rs`). For all
//! others, other rows show it:
//!
//! - A row that is refused alone is held back. It is rejected when another row of its kind is accepted after it.
//! - When [`ENOUGH`] rows are refused one after another and none is accepted, up to [`SAMPLE`] other rows of the batch are
//!   tried, in a transaction that is rolled back. If none is accepted either, the cause is in the table or the server: the
//!   job stops, and none of the rows held back is rejected or settled.
//! - At the end of a batch no row may stay held back. Then other evidence counts: rows of other writers that were accepted
//!   meanwhile; for whole rows, a copy of a row that is in the table already, inserted and rolled back. Where there is
//!   neither, after [`LONGEST_WAIT`], it is enough that rows of the kind were accepted earlier, or
//!   that the code is of class 22 or 44; not for a code that is about the table ([`is_about_the_table`]). Without any
//!   evidence the job stops.
//!
//! For a missing partition only later rows are evidence: each row that is already in the table has a partition.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::batch::Op;
use crate::postgres::connect::failure::AttemptError;

/// After so many refused rows, one after another, other rows are tried.
pub const ENOUGH: u32 = 16;

/// How many other rows are tried at most.
pub const SAMPLE: usize = 16;

/// How long a row waits for evidence at the end of its batch.
pub const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Kinds of entries. They need different privileges and columns, so an accepted entry proves nothing about another kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    Row,
    /// An update of some columns.
    Patch,
    Delete,
}

pub const KINDS: [ChangeKind; 3] = [ChangeKind::Row, ChangeKind::Patch, ChangeKind::Delete];

impl From<Op> for ChangeKind {
    fn from(op: Op) -> ChangeKind {
        match op {
            // A rejected record is never tried.
            Op::Insert | Op::Update | Op::Reject => ChangeKind::Row,
            Op::Patch => ChangeKind::Patch,
            Op::Delete => ChangeKind::Delete,
        }
    }
}

/// What is known of a sink's rows, over all batches and writers.
#[derive(Debug)]
pub struct Evidence {
    start: Instant,
    kinds: [Known; 3],
}

#[derive(Debug, Default)]
struct Known {
    /// When the latest accepted transaction began: microseconds after the start, plus 1. 0: there was none.
    accepted: AtomicU64,
    /// Rows refused alone since then.
    refused: AtomicU32,
}

impl Default for Evidence {
    fn default() -> Self {
        Evidence { start: Instant::now(), kinds: Default::default() }
    }
}

impl Evidence {
    fn known(&self, kind: ChangeKind) -> &Known {
        &self.kinds[kind as usize]
    }

    fn micros(&self, at: Instant) -> u64 {
        at.saturating_duration_since(self.start).as_micros() as u64 + 1
    }

    /// A transaction that began at `began` was accepted, or was tried and would have been.
    pub fn accepted(&self, kind: ChangeKind, began: Instant) {
        let known = self.known(kind);
        known.accepted.fetch_max(self.micros(began), Ordering::Relaxed);
        if known.refused.load(Ordering::Relaxed) != 0 {
            known.refused.store(0, Ordering::Relaxed);
        }
    }

    /// A row was refused alone.
    pub fn refused(&self, kind: ChangeKind) {
        self.known(kind).refused.fetch_add(1, Ordering::Relaxed);
    }

    /// How many rows were refused alone, one after another.
    pub fn refused_so_far(&self, kind: ChangeKind) -> u32 {
        self.known(kind).refused.load(Ordering::Relaxed)
    }

    /// Whether a transaction that began after `refused` was accepted.
    pub fn accepted_since(&self, kind: ChangeKind, refused: Instant) -> bool {
        self.known(kind).accepted.load(Ordering::Relaxed) > self.micros(refused)
    }

    pub fn ever_accepted(&self, kind: ChangeKind) -> bool {
        self.known(kind).accepted.load(Ordering::Relaxed) != 0
    }
}

/// Whether the code is hardly ever a row's fault. With such a code only other rows that are accepted prove that the row is at fault.
pub fn is_about_the_table(failure: &AttemptError) -> bool {
    const CODES: [&str; 7] = ["2200H", "53", "54000", "55", "58", "F0", "XX"];
    let code = failure.sqlstate.as_deref().unwrap_or_default();
    CODES.iter().any(|prefix| code.starts_with(prefix)) || failure.is_of_a_missing_partition()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_transaction_that_began_after_the_refusal_is_evidence() {
        let evidence = Evidence::default();
        let began = Instant::now();
        let refused = began + Duration::from_millis(5);
        evidence.accepted(ChangeKind::Row, began);
        assert!(evidence.ever_accepted(ChangeKind::Row) && !evidence.accepted_since(ChangeKind::Row, refused));
        evidence.accepted(ChangeKind::Row, refused + Duration::from_millis(1));
        evidence.accepted(ChangeKind::Row, began);
        assert!(evidence.accepted_since(ChangeKind::Row, refused));
        assert!(!evidence.ever_accepted(ChangeKind::Delete));
    }

    #[test]
    fn refusals_are_counted_one_after_another_for_each_kind() {
        let evidence = Evidence::default();
        for kind in [ChangeKind::Row, ChangeKind::Row, ChangeKind::Delete] {
            evidence.refused(kind);
        }
        assert_eq!(KINDS.map(|kind| evidence.refused_so_far(kind)), [2, 0, 1]);
        evidence.accepted(ChangeKind::Row, Instant::now());
        assert_eq!(KINDS.map(|kind| evidence.refused_so_far(kind)), [0, 0, 1]);
    }
}
