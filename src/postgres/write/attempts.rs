//! How the requests of the [`machine`](super::machine) are carried out, by transactions.

use std::ops::Range;
use std::time::Instant;

use super::batch::{BatchWrite, InDoubt};
use super::commit::{AfterRows, Ending, fenced};
use super::machine::{Outcome, RowByRow};
use super::net_effect::{Net, net};
use super::row_by_row::{How, write_each};
use super::rows::Rows;
use super::trial;
use super::writer::Writer;
use crate::batch::Op;
use crate::postgres::connect::driver::wait_limit::WaitLimit;
use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::session::Session;
use crate::postgres::own_tables::owners::{self, Admitted, Owners};
use crate::postgres::schema::order::Keep;
use crate::postgres::schema::order::Order;
use crate::postgres::schema::schema_version::SchemaVersion;
use crate::postgres::write::path::Path;
use crate::postgres::write::transaction::transaction;
use crate::progress::ledger::{LedgerComparison, StreamClaim, Verdict};

/// Who owns the rows of a range.
enum Ownership<'a> {
    /// Other processes own them all.
    Others,
    /// This process owns some or all of them.
    Ours(Ours<'a>),
}

/// What a transaction needs for rows of this process.
struct Ours<'a> {
    /// `None`: partitions aren't shared.
    admitted: Option<Admitted<'a>>,
    /// `None`: there is no ledger.
    claims: Option<Vec<StreamClaim>>,
}

impl<'a> BatchWrite<'a> {
    pub(super) fn write_at_once(&mut self, range: Range<usize>) -> Attempt<Outcome> {
        let Ownership::Ours(ours) = self.leave_out_others(range.clone()) else { return Ok(Outcome::LeftOut) };
        let Some(net) = self.net(range.clone()) else { return Ok(Outcome::NoNetEffect) };
        // As a rule the row of an update is in the table already, so a COPY would only be refused.
        if net.updates && self.path == Path::Direct && self.schema_version.order.keep != Keep::Strict {
            self.path = Path::Staged;
        }
        let path = self.path;
        let stages_rows = path == Path::Staged && !net.rows.is_empty();
        let stages = stages_rows || !net.patches.is_empty() || !net.upserts.is_empty();
        let Writer { conflicts, unchanged, .. } = self.writer;
        let batches = self.schema_version.statements.unchanged().map(|unchanged| unchanged.batches);
        let compares = stages && unchanged.is_due(batches);
        let order = Order { leaves_unchanged: compares, ..self.schema_version.order };
        let (ending, (written, took)) =
            self.in_session(range, ours, true, |schema_version, session, rows, after| {
                let done = transaction(session, &schema_version.statements, rows, net, path, order, after)?;
                let (ending, written, took) = done;
                Ok((Some(ending), (written, took)))
            })?;
        if let Some(outcome) = unsettled(ending, || Outcome::Accepted(written)) {
            return Ok(outcome);
        }
        self.settle.rows_took(took);
        if path != Path::Staged && written.replaced_in_others > 0 && batches.is_some() {
            // The next rows may be unchanged, and only a staged batch leaves such rows where they are.
            conflicts.met();
        } else {
            conflicts.met_none(path);
        }
        if compares {
            unchanged.found(written.unchanged);
        }
        if stages_rows && written.unchanged > 0 {
            conflicts.would_have_met();
        }
        Ok(Outcome::Accepted(written))
    }

    pub(super) fn write_row_by_row(&mut self, range: Range<usize>, which: RowByRow) -> Attempt<Outcome> {
        let Ownership::Ours(ours) = self.leave_out_others(range.clone()) else { return Ok(Outcome::LeftOut) };
        let path = self.path_of_one();
        let (ending, written) =
            self.in_session(range.clone(), ours, false, |schema_version, session, rows, after| {
                let how = How::new(schema_version, path, which);
                write_each(session, &schema_version.statements, rows, range, how, after)
            })?;
        Ok(match ending {
            None => Outcome::SomeRefused(written),
            Some(ending) => match unsettled(Some(ending), || Outcome::EachRow(written.clone())) {
                Some(outcome) => outcome,
                None => Outcome::EachRow(written),
            },
        })
    }

    pub(super) fn check_schema(&mut self) -> Attempt<Outcome> {
        let wait_limit = WaitLimit::of(self.stop);
        let mut session = self.writer.database.pool.session_for(self.schema_version.revision, &wait_limit)?;
        session.attempt(|session| self.schema_version.shape.compare(session))?;
        Ok(Outcome::Passed)
    }

    pub(super) fn write_nothing(&mut self) -> Attempt<Outcome> {
        let path = self.path;
        let deletes = self.rows.has_changes && (0..self.rows.batch().len()).any(|row| self.rows.op(row) == Op::Delete);
        self.trial(|schema_version, session, _| trial::nothing(session, &schema_version.statements, path, deletes))?;
        Ok(Outcome::Passed)
    }

    pub(super) fn find_conflict(&mut self, range: Range<usize>) -> Attempt<Outcome> {
        let path = self.path;
        let found = self.trial(|schema_version, session, rows| {
            trial::find_conflict(session, &schema_version.statements, rows, range, path, schema_version.order)
        })?;
        Ok(found.map_or(Outcome::NotFound, Outcome::Found))
    }

    pub(super) fn read_catalog(&mut self) -> Attempt<Outcome> {
        let read = self.writer.schema.read_again(&self.schema_version, &WaitLimit::of(self.stop))?;
        Ok(read.map_or_else(Outcome::CanNotFollow, |()| Outcome::Passed))
    }

    pub(super) fn try_others(&mut self, others: &[usize]) -> Attempt<Outcome> {
        let path = self.path_of_one();
        let found = self.trial(|schema_version, session, rows| {
            let how = How::new(schema_version, path, RowByRow { repeats: false, renews: false });
            trial::sample(session, &schema_version.statements, rows, others, how)
        })?;
        Ok(found.map_or(Outcome::NotFound, Outcome::Found))
    }

    pub(super) fn try_copy(&mut self) -> Attempt<Outcome> {
        let copied =
            self.trial(|schema_version, session, _| trial::insert_copy(session, &schema_version.statements))?;
        Ok(copied.map_or(Outcome::NotFound, |()| Outcome::Passed))
    }

    /// What became of the transaction whose COMMIT was not answered.
    pub(super) fn compare(&mut self) -> Attempt<Outcome> {
        let Some(InDoubt { claims, backend, .. }) = &self.in_doubt else { return Ok(Outcome::NotFound) };
        let mut session = self.writer.database.pool.session(&WaitLimit::of(self.stop))?;
        let ledger = self.writer.ledger.ledger();
        let LedgerComparison { verdict, lost } =
            session.attempt(|session| ledger.compare(session, claims, Some(backend)))?;
        let is_shared = self.writer.ledger.streams.is_shared();
        let verdict = if lost.is_empty() || is_shared { verdict } else { Verdict::Fenced };
        if is_shared {
            let is_lost = |claim: &&StreamClaim| verdict == Verdict::Fenced || lost.contains(&claim.index);
            claims.iter().filter(is_lost).for_each(|claim| self.writer.ledger.streams.fence(claim.index, claim.epoch));
        }
        if let Some(InDoubt { claims, dead_letters, .. }) = self.in_doubt.take() {
            if verdict == Verdict::Durable {
                self.writer.ledger.streams.committed(&claims);
            }
            self.settle.dead_letters_ended(dead_letters, verdict == Verdict::Durable);
        }
        Ok(match verdict {
            Verdict::Durable => Outcome::Passed,
            Verdict::NotWritten => Outcome::NotFound,
            // The rows of these streams are left out of the next attempt.
            Verdict::Fenced if is_shared => Outcome::NotFound,
            Verdict::Fenced => Outcome::Fenced(fenced()),
        })
    }

    /// The net effect of the rows, if it is known before they are written.
    fn net(&mut self, range: Range<usize>) -> Option<Net> {
        let Order { keep, exact, key_as_sent, .. } = self.schema_version.order;
        let is_sure = exact && key_as_sent || range.len() == 1;
        if !is_sure && self.rows.has_changes {
            return None;
        }
        // Rows that were sent with one key may be stored with several.
        let keep = if !key_as_sent && keep == Keep::Last { Keep::All } else { keep };
        net(&mut self.rows, range, keep)
    }

    /// The path of rows that are written row by row.
    fn path_of_one(&self) -> Path {
        // Only COPY into the table names the conflicting row, which `strict` needs.
        if self.schema_version.order.keep == Keep::Strict { self.path } else { Path::Staged }
    }

    /// Leaves out the rows that belong to another process now.
    fn leave_out_others(&mut self, range: Range<usize>) -> Ownership<'a> {
        let writer = self.writer;
        if writer.ledger.is_on() {
            // What is claimed is decided once, here. If another process takes a stream over later, the stream is still in the claims,
            // and its new epoch in the database fences the transaction.
            let gathered = self.rows.gather_claims(range.clone());
            let claims = writer.ledger.streams.claims(&gathered);
            let is_claimed = |index: &u32| claims.iter().any(|claim| claim.index == *index);
            self.rows.leave_out(gathered.streams().filter(|index| !is_claimed(index)).collect());
            return match claims.is_empty() {
                true => Ownership::Others,
                false => Ownership::Ours(Ours { admitted: None, claims: Some(claims) }),
            };
        }
        if !writer.owners.share_partitions() {
            return Ownership::Ours(Ours { admitted: None, claims: None });
        }
        let mut admitted = writer.owners.admit(self.rows.streams(range.clone()));
        self.rows.leave_out(std::mem::take(&mut admitted.left));
        if self.rows.left_out(range.clone()) == range.len() {
            Ownership::Others
        } else {
            Ownership::Ours(Ours { admitted: Some(admitted), claims: None })
        }
    }

    /// Runs a transaction over `range`, together with the changes of dead letters that belong to it
    /// ([`Settle::dead_letters`](super::settle::Settle::dead_letters)).
    fn in_session<T>(
        &mut self,
        range: Range<usize>,
        Ours { admitted, claims }: Ours<'_>,
        all_or_none: bool,
        work: impl FnOnce(&SchemaVersion, &mut Session, &mut Rows<'_>, AfterRows<'_>) -> Attempt<(Option<Ending>, T)>,
    ) -> Attempt<(Option<Ending>, T)> {
        let writer = self.writer;
        self.began = Instant::now();
        let mut session = writer.database.pool.session_for(self.schema_version.revision, &WaitLimit::of(self.stop))?;
        let is_claimed =
            |stream: u32| claims.as_ref().is_none_or(|claims| claims.iter().any(|claim| claim.index == stream));
        let changes = self.settle.dead_letters(range, all_or_none || claims.is_some(), &is_claimed);
        let (rows, schema_version) = (&mut self.rows, &self.schema_version);
        let mut backend = None;
        let result = session.attempt(|session| {
            schema_version.shape.ensure(session, schema_version.revision)?;
            let mut begins_with = writer.turns.begin_with();
            if let Some(admitted) = &admitted {
                begins_with += &writer.owners.fence(session, admitted)?;
            }
            session.begins_with = begins_with;
            if claims.is_some() {
                backend = Some(writer.ledger.ledger().prepare_claims(session)?);
            }
            let (dead_letter_table, dead_letters) = (writer.dead_letters.table(), &changes);
            let after = AfterRows { dead_letter_table, dead_letters, claims: claims.as_deref() };
            let done = work(schema_version, session, rows, after)?;
            if let (Some(Ending::Fenced(_)), Some(claims)) = (&done.0, &claims)
                && writer.ledger.streams.is_shared()
            {
                fence_lost(writer, session, claims)?;
                return Err(owners::taken_over());
            }
            Ok(done)
        });
        let result = result.inspect_err(|failure| writer.turns.note(&writer.database.name, failure));
        let result = result.map_err(|failure| match &admitted {
            Some(admitted) if Owners::is_fenced(&failure) => {
                writer.owners.fenced(admitted);
                owners::taken_over()
            }
            _ => failure,
        });
        match (&result, claims, backend) {
            (Ok((Some(Ending::InDoubt(_)), _)), Some(claims), Some(backend)) => {
                self.in_doubt = Some(InDoubt { claims, backend, dead_letters: changes });
            }
            (Ok((Some(Ending::Committed), _)), claims, _) => {
                if let Some(claims) = claims {
                    writer.ledger.streams.committed(&claims);
                }
                self.settle.dead_letters_ended(changes, true);
            }
            _ => self.settle.dead_letters_ended(changes, false),
        }
        result
    }

    /// Runs a transaction that is rolled back.
    fn trial<T>(&mut self, work: impl FnOnce(&SchemaVersion, &mut Session, &mut Rows<'_>) -> Attempt<T>) -> Attempt<T> {
        self.began = Instant::now();
        let mut session =
            self.writer.database.pool.session_for(self.schema_version.revision, &WaitLimit::of(self.stop))?;
        let (rows, schema_version) = (&mut self.rows, &self.schema_version);
        session.attempt(|session| {
            schema_version.shape.ensure(session, schema_version.revision)?;
            work(schema_version, session, rows)
        })
    }
}

/// Fences the streams that another process has taken over, of those that a transaction couldn't claim. The others are written again.
fn fence_lost(writer: &Writer, session: &mut Session, claims: &[StreamClaim]) -> Attempt<()> {
    for claim in claims {
        let LedgerComparison { verdict, .. } =
            writer.ledger.ledger().compare(session, std::slice::from_ref(claim), None)?;
        if verdict != Verdict::NotWritten {
            writer.ledger.streams.fence(claim.index, claim.epoch);
        }
    }
    Ok(())
}

/// The outcome of a transaction that didn't end with a COMMIT that was answered.
fn unsettled(ending: Option<Ending>, outcome: impl FnOnce() -> Outcome) -> Option<Outcome> {
    match ending {
        Some(Ending::InDoubt(failure)) => Some(Outcome::InDoubt(Box::new(outcome()), failure)),
        Some(Ending::Fenced(failure)) => Some(Outcome::Fenced(failure)),
        Some(Ending::Committed) | None => None,
    }
}
