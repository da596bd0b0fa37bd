//! Refused rows that are held back until there is evidence: see [`super::evidence`].

use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use super::evidence::{ChangeKind, ENOUGH, KINDS, PATIENCE, SAMPLE, Suspect, remedy, speaks_of_the_table};
use super::transaction::Written;
use super::trial;
use crate::batch::Op;
use crate::error::{Error, Result};
use crate::postgres::connect::classify::Class;
use crate::postgres::connect::driver::patience::WaitLimit;
use crate::postgres::connect::failure::AttemptError;
use crate::postgres::connect::session::Attempt;
use crate::postgres::write::batch::BatchWrite;
use crate::postgres::write::row_by_row::How;
use crate::stop::Phase;
use crate::types::fields::fields;

/// How often to check for evidence of other writers.
const LOOK: std::time::Duration = std::time::Duration::from_millis(20);

impl BatchWrite<'_> {
    pub(in crate::postgres) fn holds(&self, kind: ChangeKind) -> bool {
        self.held.iter().any(|suspect| suspect.kind == kind)
    }

    /// A row was refused alone.
    pub(in crate::postgres) fn hold(&mut self, row: usize, failure: &AttemptError) -> Result<()> {
        let kind = ChangeKind::from(self.rows.op(row));
        let is_certain = row < self.proved[kind as usize] || self.is_certain(row, failure);
        if is_certain && self.held.is_empty() {
            return self.settle.rejected(row, failure.rejection());
        }
        if !is_certain {
            self.target.evidence.refused(kind);
        }
        self.held.push(Suspect { row, kind, failure: failure.clone(), at: Instant::now(), is_certain });
        Ok(())
    }

    /// Whether the row is certainly at fault.
    fn is_certain(&self, row: usize, failure: &AttemptError) -> bool {
        match failure.class {
            Class::Value => true,
            // A key that is there already. If a trigger raised the error, it names neither key nor constraint.
            Class::Conflict => failure.key.is_some() || failure.constraint.is_some(),
            // A CHECK is about the row's own values, even if all rows of a source violate it.
            Class::Row if failure.is("23514") => !self.is_of_a_missing_partition(failure),
            Class::Row if failure.is("23502") => self.is_null(row, failure.column.as_deref()),
            // Other rows refer to the row that is to be deleted.
            Class::Row if failure.is("23503") => self.rows.op(row) == Op::Delete,
            _ => false,
        }
    }

    /// Whether the row itself has NULL in a column.
    fn is_null(&self, row: usize, column: Option<&str>) -> bool {
        let columns = &self.schema_version.table.columns;
        let Some(at) = columns.iter().position(|other| Some(other.name.as_str()) == column) else { return false };
        let field = fields(self.rows.format(row), self.rows.row(row)).nth(at);
        self.rows.op(row) != Op::Delete && field.is_some_and(|field| !field.is_unchanged() && field.value().is_none())
    }

    /// A transaction over these rows is durable.
    pub(in crate::postgres) fn accepted(&mut self, range: Range<usize>, written: Written) -> Result<()> {
        let rows = written.inserted + written.ignored > 0;
        let mut outcome = Ok(());
        for kind in KINDS {
            let is_there = match (self.rows.has_changes, kind) {
                (false, ChangeKind::Row) => rows,
                (false, _) => false,
                (true, ChangeKind::Delete) => written.deleted > 0,
                (true, kind) => rows && range.clone().any(|row| ChangeKind::from(self.rows.op(row)) == kind),
            };
            if is_there {
                self.target.evidence.accepted(kind, self.began);
                outcome = outcome.and(self.release(kind));
            }
        }
        outcome
    }

    /// Rows of this kind are accepted, so those held back are at fault: rejects them, in order.
    pub(in crate::postgres) fn release(&mut self, kind: ChangeKind) -> Result<()> {
        let mut kept = Vec::new();
        for suspect in std::mem::take(&mut self.held) {
            if suspect.kind == kind || suspect.is_certain && kept.is_empty() {
                self.settle.rejected(suspect.row, suspect.failure.rejection())?;
            } else {
                kept.push(suspect);
            }
        }
        self.held = kept;
        Ok(())
    }

    /// After enough refusals: tries some of the batch's other rows and rolls that back.
    pub(in crate::postgres) fn look_further(&mut self) -> Result<()> {
        for kind in KINDS {
            let Some(last) = self.held.iter().rposition(|suspect| suspect.kind == kind && !suspect.is_certain) else {
                continue;
            };
            if self.target.evidence.refused_so_far(kind) < ENOUGH {
                continue;
            }
            let (row, failure) = (self.held[last].row, self.held[last].failure.clone());
            let is_another = |&row: &usize| ChangeKind::from(self.rows.op(row)) == kind && !self.rows.is_left_out(row);
            let others: Vec<usize> = (row + 1..self.rows.batch().len()).filter(is_another).collect();
            // The last rows first, because they probably differ most from the refused ones.
            let step = others.len().div_ceil(SAMPLE).max(1);
            let picks: Vec<usize> = others.iter().rev().step_by(step).copied().collect();
            let schema_version = Arc::clone(&self.schema_version);
            let how = How { patient: false, renews: false, ..self.how(&schema_version) };
            let found = self.until_it_answers(|schema_version, session, rows| {
                trial::sample(session, &schema_version.statements, rows, &picks, how)
            })?;
            match found {
                Ok(Some(row)) => {
                    self.target.evidence.accepted(kind, self.began);
                    self.proved[kind as usize] = row;
                    self.release(kind)?;
                }
                Ok(None) => return Err(self.not_the_rows(&failure)),
                Err(failure) => return Err(self.not_the_rows(&failure)),
            }
        }
        Ok(())
    }

    /// At the end of the batch nothing may be held back any more.
    pub(in crate::postgres) fn decide(&mut self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let mut tried = false;
        while let Some(Suspect { kind, at, failure, .. }) = self.held.first() {
            let (kind, at, failure) = (*kind, *at, failure.clone());
            if self.target.evidence.accepted_since(kind, at) {
                self.release(kind)?;
                continue;
            }
            if !tried && kind == ChangeKind::Row && !self.is_of_a_missing_partition(&failure) {
                tried = true;
                let control = self.until_it_answers(|schema_version, session, _| {
                    trial::control(session, &schema_version.statements)
                })?;
                match control {
                    Ok(Some(())) => {
                        self.release(kind)?;
                        continue;
                    }
                    Err(other) if other.sqlstate == failure.sqlstate && !failure.is("42501") => {
                        return Err(self.not_the_rows(&failure));
                    }
                    // This can't be tried: the table is empty, or may not be read.
                    Ok(None) | Err(_) => {}
                }
            }
            if Instant::now() >= deadline {
                let known = self.target.evidence.ever_accepted(kind) || is_a_rule_for_values(&failure);
                if !known || speaks_of_the_table(&failure) {
                    return Err(self.not_the_rows(&failure));
                }
                self.release(kind)?;
                continue;
            }
            if self.stop.wait(Phase::Abandoning, LOOK) {
                return Err(Error::Stopped);
            }
        }
        Ok(())
    }

    /// Greenplum has a code of its own for a missing partition. It names no constraint, so a CHECK would look like one.
    fn is_of_a_missing_partition(&self, failure: &AttemptError) -> bool {
        if self.target.greenplum { failure.is("22M01") } else { failure.is_of_a_missing_partition() }
    }

    /// Runs the batch's statements once without any row: what is refused then is no row's fault.
    pub(in crate::postgres) fn ask_with_nothing(&mut self) -> Attempt<()> {
        if !self.takes_nothing {
            let path = self.path;
            let deletes =
                self.rows.has_changes && (0..self.rows.batch().len()).any(|row| self.rows.op(row) == Op::Delete);
            self.trial(|schema_version, session, _| {
                trial::nothing(session, &schema_version.statements, path, deletes)
            })?;
            self.takes_nothing = true;
        }
        Ok(())
    }

    /// With `strict`: the row whose key was there already, if it can be found.
    pub(in crate::postgres) fn in_the_way(
        &mut self,
        range: Range<usize>,
        failure: &AttemptError,
    ) -> Attempt<Option<usize>> {
        if range.len() == 1 {
            return Ok(Some(range.start));
        }
        // Greenplum 6 names a line of one segment.
        if failure.row.is_some() && !self.target.greenplum {
            return Ok(failure.row);
        }
        let path = self.path;
        let found = self.trial(|schema_version, session, rows| {
            trial::in_the_way(session, &schema_version.statements, rows, range, path, schema_version.order)
        });
        match found {
            Err(failure) if failure.class.is_refusal() => Ok(None),
            found => found,
        }
    }

    /// Repeats a trial as long as the database is away or another transaction is in the way.
    fn until_it_answers<T>(
        &mut self,
        mut work: impl FnMut(
            &crate::postgres::SchemaVersion,
            &mut crate::postgres::connect::session::Session,
            &mut super::rows::Rows<'_>,
        ) -> Attempt<T>,
    ) -> Result<Attempt<T>> {
        loop {
            match self.trial(&mut work) {
                Err(failure) if !failure.class.is_refusal() => {
                    self.judge(0..1, &failure)?;
                    self.follow()?;
                }
                answered => return Ok(answered),
            }
        }
    }

    /// The cause is in the table or the server: no row that is held back is rejected or settled.
    pub(in crate::postgres) fn not_the_rows(&self, failure: &AttemptError) -> Error {
        let why = match self.target.read_again(&self.schema_version, &WaitLimit::of(self.stop)) {
            Ok(Err(why)) => why + "; ",
            _ => String::new(),
        };
        failure.error(
            &format!("{}: the database refuses every row for the same reason, so no row is at fault", self.target.name),
            &format!("{why}{}; then {}", remedy(failure), self.target.sink.origin.again()),
        )
    }
}

/// Codes that are usually about a row's own values.
fn is_a_rule_for_values(failure: &AttemptError) -> bool {
    let has = |prefix: &str| failure.sqlstate.as_deref().is_some_and(|code| code.starts_with(prefix));
    has("22") || has("44")
}
