//! Refused rows that are held back until there is evidence: see [`super::evidence`].

use std::time::Instant;

use super::action::BatchFacts;
use super::evidence::{ChangeKind, ENOUGH, Evidence, KINDS, SAMPLE, is_about_the_table};
use crate::batch::Op;
use crate::postgres::connect::classify::Class;
use crate::postgres::connect::failure::AttemptError;
use crate::types::fields::fields;

/// A row that was refused alone.
#[derive(Debug)]
pub struct HeldRow {
    pub row: usize,
    pub kind: ChangeKind,
    pub failure: AttemptError,
    /// When it was refused.
    pub at: Instant,
    /// It is certainly at fault. It is not rejected yet only because rows before it are undecided.
    pub is_certain: bool,
}

/// The rows of a batch that are held back, in their order.
#[derive(Debug)]
pub struct Held {
    rows: Vec<HeldRow>,
    /// For each kind: refused rows before this one are at fault, because this one was accepted.
    pub proved: [usize; 3],
    /// Greenplum has an error code of its own for a missing partition.
    greenplum: bool,
}

impl Held {
    pub fn new(greenplum: bool) -> Held {
        Held { rows: Vec::new(), proved: [0; 3], greenplum }
    }

    pub fn first(&self) -> Option<&HeldRow> {
        self.rows.first()
    }

    pub fn has(&self, kind: ChangeKind) -> bool {
        self.rows.iter().any(|held| held.kind == kind)
    }

    /// The last row of this kind that isn't certainly at fault.
    pub fn last_undecided(&self, kind: ChangeKind) -> Option<&HeldRow> {
        self.rows.iter().rfind(|held| held.kind == kind && !held.is_certain)
    }

    /// A row was refused alone. Returns the failure if the row is to be rejected at once.
    pub fn hold(
        &mut self,
        batch: &BatchFacts<'_>,
        row: usize,
        failure: &AttemptError,
        evidence: &Evidence,
        now: Instant,
    ) -> Option<AttemptError> {
        let kind = ChangeKind::from(batch.rows.op(row));
        let is_certain = row < self.proved[kind as usize] || self.is_certain(batch, row, failure);
        if is_certain && self.rows.is_empty() {
            return Some(failure.clone());
        }
        if !is_certain {
            evidence.refused(kind);
        }
        self.rows.push(HeldRow { row, kind, failure: failure.clone(), at: now, is_certain });
        None
    }

    /// A row of this kind that comes after the held ones would have been accepted.
    pub fn prove(&mut self, kind: ChangeKind, accepted: usize) {
        self.proved[kind as usize] = accepted;
    }

    /// Rows of this kind are accepted, so those held back are at fault. Returns the rows to reject, in order.
    pub fn release(&mut self, kind: ChangeKind) -> Vec<HeldRow> {
        let mut released = Vec::new();
        let mut kept = Vec::new();
        for held in std::mem::take(&mut self.rows) {
            if held.kind == kind || held.is_certain && kept.is_empty() { &mut released } else { &mut kept }.push(held);
        }
        self.rows = kept;
        released
    }

    /// The first row is at fault. Returns the rows to reject: this row, and the rows after it that are certainly at fault, up to the
    /// next undecided one.
    pub fn release_first(&mut self) -> Vec<HeldRow> {
        let others = self.rows.iter().skip(1).take_while(|held| held.is_certain).count();
        self.rows.drain(..self.rows.len().min(1 + others)).collect()
    }

    /// The kind whose rows were refused so often, one after another, that other rows are to be tried.
    pub fn kind_to_try(&self, evidence: &Evidence) -> Option<ChangeKind> {
        KINDS.into_iter().find(|&kind| evidence.refused_so_far(kind) >= ENOUGH && self.last_undecided(kind).is_some())
    }

    /// The kind of [`Held::kind_to_try`]; if there is none, the kind of the first row that is held back.
    pub fn kind_in_question(&self, evidence: &Evidence) -> Option<ChangeKind> {
        self.kind_to_try(evidence).or_else(|| self.first().map(|held| held.kind))
    }

    /// Some of the rows of that kind that come after those held back. The last rows first, because they probably differ most from the
    /// refused ones.
    pub fn rows_to_try(&self, batch: &BatchFacts<'_>, evidence: &Evidence) -> Vec<usize> {
        let Some(kind) = self.kind_in_question(evidence) else { return Vec::new() };
        let behind = self.last_undecided(kind).map_or(0, |last| last.row + 1);
        let is_another = |&row: &usize| ChangeKind::from(batch.rows.op(row)) == kind && !batch.rows.is_left_out(row);
        let others: Vec<usize> = (behind..batch.rows.batch().len()).filter(is_another).collect();
        let step = others.len().div_ceil(SAMPLE).max(1);
        others.iter().rev().step_by(step).copied().collect()
    }

    /// Whether a copy of a row of the table can be evidence for the first row.
    pub fn copy_may_tell(&self) -> bool {
        self.first().is_some_and(|held| held.kind == ChangeKind::Row && !self.is_of_a_missing_partition(&held.failure))
    }

    /// Whether a transaction that began after the first row's refusal was accepted.
    pub fn others_are_accepted(&self, evidence: &Evidence) -> bool {
        self.first().is_some_and(|held| evidence.accepted_since(held.kind, held.at))
    }

    /// Whether there is no evidence against the first row, even after a wait.
    pub fn lacks_evidence(&self, evidence: &Evidence) -> bool {
        self.first().is_some_and(|HeldRow { kind, failure, .. }| {
            let known = evidence.ever_accepted(*kind) || is_about_values(failure);
            !known || is_about_the_table(failure)
        })
    }

    /// Whether the row is certainly at fault.
    fn is_certain(&self, batch: &BatchFacts<'_>, row: usize, failure: &AttemptError) -> bool {
        match failure.class {
            Class::Value => true,
            // A key that is there already. If a trigger raised the error, it names neither key nor constraint.
            Class::Conflict => failure.key.is_some() || failure.constraint.is_some(),
            // A CHECK is about the row's own values, even if all rows of a source violate it.
            Class::Row if failure.is("23514") => !self.is_of_a_missing_partition(failure),
            Class::Row if failure.is("23502") => is_null(batch, row, failure.column.as_deref()),
            // Other rows refer to the row that is to be deleted.
            Class::Row if failure.is("23503") => batch.rows.op(row) == Op::Delete,
            _ => false,
        }
    }

    /// PostgreSQL reports a missing partition as a CHECK (23514) without the name of a constraint. On Greenplum the error of a real
    /// CHECK has no name either, so there only Greenplum's own code for a missing partition counts.
    fn is_of_a_missing_partition(&self, failure: &AttemptError) -> bool {
        if self.greenplum { failure.is("22M01") } else { failure.is_of_a_missing_partition() }
    }
}

/// Whether the row itself has NULL in a column.
fn is_null(batch: &BatchFacts<'_>, row: usize, column: Option<&str>) -> bool {
    let Some(at) = batch.columns.iter().position(|other| Some(other.name.as_str()) == column) else { return false };
    let field = fields(batch.rows.format(row), batch.rows.row(row)).nth(at);
    batch.rows.op(row) != Op::Delete && field.is_some_and(|field| !field.is_unchanged() && field.value().is_none())
}

/// Codes that are usually about a row's own values.
fn is_about_values(failure: &AttemptError) -> bool {
    let has = |prefix: &str| failure.sqlstate.as_deref().is_some_and(|code| code.starts_with(prefix));
    has("22") || has("44")
}
