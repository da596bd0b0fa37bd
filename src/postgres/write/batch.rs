//! Writes a batch: carries out the requests of the [`machine`](super::machine).

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::machine::run::{World, run};
use super::machine::{BatchFacts, Effect, Facts, Machine, Outcome, Request, StopReason};
use super::remedy::remedy;
use super::rows::Rows;
use super::settle::Settle;
use super::writer::Writer;
use super::written::Written;
use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::postgres::connect::classify::Class;
use crate::postgres::connect::driver::wait_limit::WaitLimit;
use crate::postgres::connect::failure::AttemptError;
use crate::postgres::connect::session::Backend;
use crate::postgres::own_tables::dead_letters::changes::DeadLetterChanges;
use crate::postgres::schema::schema_version::SchemaVersion;
use crate::postgres::write::path::Path;
use crate::progress::ledger::StreamClaim;
use crate::stop::{Phase, Stop};

/// The state of one call of [`Writer::write`], besides the machine's.
pub struct BatchWrite<'a> {
    pub(super) writer: &'a Writer,
    /// The schema version that `rows` are encoded for.
    pub(super) schema_version: Arc<SchemaVersion>,
    pub(super) rows: Rows<'a>,
    pub(super) settle: &'a mut dyn Settle,
    pub(super) stop: &'a Stop,
    pub(super) path: Path,
    /// How the table differed when it was last found altered.
    altered: String,
    /// When the current or last attempt began.
    pub(super) began: Instant,
    /// The transaction whose COMMIT was not answered.
    pub(super) in_doubt: Option<InDoubt>,
}

/// What is needed to find out what became of a transaction.
pub struct InDoubt {
    pub claims: Vec<StreamClaim>,
    pub backend: Backend,
    /// What it should have done with dead letters.
    pub dead_letters: DeadLetterChanges,
}

impl Writer {
    /// Writes a batch: afterwards every row is durable or rejected, or there is an error. During an outage of the database it waits
    /// until `stop` is at [`Phase::Abandoning`] (then [`Error::Stopped`]) or `max.outage` is over.
    pub fn write(&self, batch: &Batch, settle: &mut dyn Settle, stop: &Stop) -> Result<()> {
        let mut write = BatchWrite {
            writer: self,
            schema_version: self.schema.newest(),
            rows: Rows::new(Cow::Borrowed(batch)),
            settle,
            stop,
            path: self.conflicts.path(),
            altered: String::new(),
            began: Instant::now(),
            in_doubt: None,
        };
        run(&mut Machine::new(self.settings, &self.evidence, write.rows.units()), &mut write)
    }
}

impl World for BatchWrite<'_> {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn batch(&self) -> BatchFacts<'_> {
        let SchemaVersion { table, key_names, .. } = &*self.schema_version;
        BatchFacts { rows: &self.rows, columns: &table.columns, key: key_names }
    }

    fn prepare(&mut self) -> Result<bool> {
        if self.stop.phase() >= Phase::Abandoning {
            return Err(Error::Stopped);
        }
        let newest = self.writer.schema.newest();
        if self.rows.oldest < newest.number {
            let Some(batch) = self.settle.encoded_again(self.rows.batch(), &newest) else {
                return Err(self.writer.schema.can_not_follow(&self.altered, "its rows can't be encoded again"));
            };
            let mut rows = Rows::new(Cow::Owned(batch));
            rows.leave_out_as(&mut self.rows);
            self.rows = rows;
        }
        let is_altered = newest.revision != self.schema_version.revision;
        if is_altered {
            self.schema_version = newest;
        }
        Ok(is_altered)
    }

    fn request(&mut self, request: &Request) -> (Outcome, Facts) {
        let outcome = match request {
            Request::Write(range) => self.write_at_once(range.clone()),
            Request::WriteRowByRow(range, how) => self.write_row_by_row(range.clone(), *how),
            Request::CheckSchema => self.check_schema(),
            Request::WriteNothing => self.write_nothing(),
            Request::FindConflict(range) => self.find_conflict(range.clone()),
            Request::ReadCatalog => self.read_catalog(),
            Request::TryOthers(rows) => self.try_others(rows),
            Request::TryCopy => self.try_copy(),
            Request::Compare => self.compare(),
        };
        let outcome = outcome.unwrap_or_else(Outcome::Failed);
        if let Outcome::Failed(failure) = &outcome {
            log::debug!("{}: {request:?}: {failure:?}", self.writer.database.name);
            if failure.class == Class::Altered {
                self.altered.clone_from(&failure.text);
            }
            if failure.class == Class::TooLong && matches!(request, Request::Write(_)) {
                self.settle.cancelled();
            }
        }
        let facts = Facts {
            now: Instant::now(),
            began: self.began,
            open_sessions: self.writer.database.pool.open_sessions(),
            away_since: self.writer.database.outage.since(),
            is_staged: self.path == Path::Staged,
        };
        (outcome, facts)
    }

    fn settle(&mut self, rows: Range<usize>, written: Written) {
        self.settle.left_out(self.rows.left_to_others(rows.clone()));
        self.settle.durable(rows, written);
    }

    fn reject(&mut self, row: usize, failure: &AttemptError) -> Result<()> {
        self.settle.rejected(row, failure.rejection())?;
        if self.writer.ledger.is_on() {
            self.rows.leave_out_row(row);
        }
        Ok(())
    }

    fn carry_out(&mut self, effect: Effect) -> Result<()> {
        let database = &self.writer.database;
        match effect {
            Effect::NoteAnswer => database.outage.ends(&database.name),
            Effect::NoteOutage(failure) => drop(database.outage.note(&database.name, &failure, Instant::now())),
            Effect::NoteWait(since, failure) => database.waits.note(&database.name, since, &failure),
            Effect::CountRetry => self.settle.retried(),
            Effect::UseStagingTable => {
                self.writer.conflicts.met();
                self.path = Path::Staged;
            }
            Effect::DoubtSessions => database.pool.doubt(),
            Effect::NewSessions => database.pool.renew(),
            Effect::WorkBehindPooler => database.found_pooler(),
            Effect::Pause { attempt, at_most } => {
                let pause = self.writer.backoff.after(attempt);
                return self.wait(at_most.map_or(pause, |at_most| pause.min(at_most)));
            }
            Effect::WaitForEvidence(time) => return self.wait(time),
        }
        Ok(())
    }

    fn stopped(&mut self, reason: StopReason) -> Error {
        let Writer { database, schema, dead_letters, .. } = self.writer;
        match reason {
            StopReason::Conflict(row, failure) => {
                let mut rejection = failure.rejection();
                rejection.reason = format!("table {}: {}", database.name, rejection.reason);
                self.settle.conflict(row, rejection)
            }
            StopReason::NotTheRows(failure) => self.not_the_rows(&failure),
            StopReason::DeadLetters(failure) => dead_letters.refused(&failure),
            StopReason::CanNotFollow(altered, why) => schema.can_not_follow(&altered, &why),
            StopReason::AwayTooLong(failure) => database.outage.too_long(&database.name, &failure),
            StopReason::WaitedTooLong(since, failure) => database.waits.too_long(&database.name, since, &failure),
            StopReason::Fenced(failure) => {
                let said = database.origin.fenced(&self.writer.ledger.owner_column());
                Error::Fenced(format!("{}: {}: {said}", database.name, failure.text))
            }
            StopReason::NoRule(task, event) => {
                Error::Internal(format!("{}: there is no rule for '{task}': '{event}'", database.name))
            }
        }
    }
}

impl BatchWrite<'_> {
    fn wait(&self, time: Duration) -> Result<()> {
        if self.stop.wait(Phase::Abandoning, time) { Err(Error::Stopped) } else { Ok(()) }
    }

    /// The error when the cause is in the table or the server.
    fn not_the_rows(&self, failure: &AttemptError) -> Error {
        let why = match self.writer.schema.read_again(&self.schema_version, &WaitLimit::of(self.stop)) {
            Ok(Err(why)) => why + "; ",
            _ => String::new(),
        };
        failure.error(
            &format!("{}: the database refuses the batch, and the cause is in no row", self.writer.database.name),
            &format!("{why}{}; then {}", remedy(failure), self.writer.database.origin.again()),
        )
    }
}
