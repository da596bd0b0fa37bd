//! Writes a batch: does for the [`machine`](super::machine) what it asks for.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::backoff::Backoff;
use super::machine::run::{World, run};
use super::machine::{BatchFacts, Effect, Facts, Machine, Outcome, Request, Settings, StopReason};
use super::remedy::remedy;
use super::rows::Rows;
use super::transaction::Path;
use super::written::Written;
use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::postgres::connect::classify::Class;
use crate::postgres::connect::driver::wait_limit::WaitLimit;
use crate::postgres::connect::failure::AttemptError;
use crate::postgres::{SchemaVersion, Settle, Target};
use crate::stop::{Phase, Stop};

/// The state of one call of `Target::write`, besides the machine's.
pub struct BatchWrite<'a> {
    pub(super) target: &'a Target,
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
}

/// Writes a batch to its end.
pub fn write(target: &Target, batch: &Batch, settle: &mut dyn Settle, stop: &Stop) -> Result<()> {
    let mut write = BatchWrite {
        target,
        schema_version: target.schema_version(),
        rows: Rows::new(Cow::Borrowed(batch)),
        settle,
        stop,
        path: target.conflicts.path(),
        altered: String::new(),
        began: Instant::now(),
    };
    let settings = Settings {
        conflict_mode: target.conflict_mode,
        max_retry_times: target.max_retry_times,
        max_outage: target.max_outage,
        greenplum: target.greenplum,
    };
    run(&mut Machine::new(settings, &target.evidence, write.rows.units()), &mut write)
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
        let newest = self.target.schema_version();
        if self.rows.oldest < newest.number {
            let Some(batch) = self.settle.encoded_again(self.rows.batch(), &newest) else {
                return Err(self.target.can_not_follow(&self.altered, "its rows can't be encoded again"));
            };
            self.rows = Rows::new(Cow::Owned(batch));
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
        };
        let outcome = outcome.unwrap_or_else(Outcome::Failed);
        if let Outcome::Failed(failure) = &outcome {
            log::debug!("{}: {request:?}: {failure:?}", self.target.name);
            if failure.class == Class::Altered {
                self.altered.clone_from(&failure.text);
            }
        }
        let facts = Facts {
            now: Instant::now(),
            began: self.began,
            open_sessions: self.target.pool.open_sessions(),
            away_since: self.target.outage.since(),
            is_staged: self.path == Path::Staged,
        };
        (outcome, facts)
    }

    fn settle(&mut self, rows: Range<usize>, written: Written) {
        self.settle.left_out(self.rows.left_out(rows.clone()));
        self.settle.durable(rows, written);
    }

    fn reject(&mut self, row: usize, failure: &AttemptError) -> Result<()> {
        self.settle.rejected(row, failure.rejection())
    }

    fn carry_out(&mut self, effect: Effect) -> Result<()> {
        let target = self.target;
        match effect {
            Effect::NoteAnswer => target.outage.ends(&target.name),
            Effect::NoteOutage(failure) => drop(target.outage.note(&target.name, &failure, Instant::now())),
            Effect::NoteWait(since, failure) => target.waits.note(&target.name, since, &failure),
            Effect::CountRetry => self.settle.retried(),
            Effect::UseStagingTable => {
                target.conflicts.met();
                self.path = Path::Staged;
            }
            Effect::DoubtSessions => target.pool.doubt(),
            Effect::NewSessions => target.pool.renew(),
            Effect::WorkBehindPooler => target.found_pooler(),
            Effect::Pause { attempt, at_most } => {
                let pause = Backoff::new(target.retry_wait_time).after(attempt);
                return self.wait(at_most.map_or(pause, |at_most| pause.min(at_most)));
            }
            Effect::WaitForEvidence(time) => return self.wait(time),
        }
        Ok(())
    }

    fn stopped(&mut self, reason: StopReason) -> Error {
        let target = self.target;
        match reason {
            StopReason::Conflict(row, failure) => {
                let mut rejection = failure.rejection();
                rejection.reason = format!("table {}: {}", target.name, rejection.reason);
                self.settle.conflict(row, rejection)
            }
            StopReason::NotTheRows(failure) => self.not_the_rows(&failure),
            StopReason::DeadLetters(failure) => target.dead_letters_refused(&failure),
            StopReason::CanNotFollow(altered, why) => target.can_not_follow(&altered, &why),
            StopReason::AwayTooLong(failure) => target.outage.too_long(&target.name, &failure),
            StopReason::WaitedTooLong(since, failure) => target.waits.too_long(&target.name, since, &failure),
            StopReason::NoRule(task, event) => {
                Error::Internal(format!("{}: there is no rule for '{task}': '{event}'", target.name))
            }
        }
    }
}

impl BatchWrite<'_> {
    fn wait(&self, time: Duration) -> Result<()> {
        if self.stop.wait(Phase::Abandoning, time) { Err(Error::Stopped) } else { Ok(()) }
    }

    /// The cause is in the table or the server.
    fn not_the_rows(&self, failure: &AttemptError) -> Error {
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
