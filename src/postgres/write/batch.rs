//! A batch from its first attempt until every row is settled.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::evidence::{ChangeKind, Suspect};
use super::isolate::Isolation;
use super::reduce::Keep;
use super::retry::Backoff;
use super::rows::Rows;
use super::transaction::{Besides, Order, Path, Written, transaction};
use crate::batch::Batch;
use crate::error::{Error, Rejection, Result};
use crate::postgres::connect::classify::Class;
use crate::postgres::connect::driver::patience::WaitLimit;
use crate::postgres::connect::failure::AttemptError;
use crate::postgres::connect::session::{Attempt, Session};
use crate::postgres::owners;
use crate::postgres::owners::{Admitted, Owners};
use crate::postgres::write::net_effect::{Net, net};
use crate::postgres::write::row_by_row::{How, RowOutcome, stepwise};
use crate::postgres::{SchemaVersion, Settle, Target};
use crate::settings::ConflictMode;
use crate::stop::{Phase, Stop};

/// The longest wait for another transaction's lock to go before the next try.
const CONTENTION: Duration = Duration::from_secs(1);

/// The longest wait for a session of another writer.
const FEWER: Duration = Duration::from_millis(200);

/// The most units that are written row by row in one transaction: more are halved first.
const STEPS: usize = 64;

/// How often a batch is tried again when another transaction has added one of its keys, before it is written row by row.
const RACES: u32 = 5;

/// The state of one call of `Target::write`.
pub struct BatchWrite<'a> {
    pub(in crate::postgres) target: &'a Target,
    /// The schema version that `rows` are encoded for.
    pub(in crate::postgres) schema_version: Arc<SchemaVersion>,
    pub(in crate::postgres) rows: Rows<'a>,
    /// Units, not rows.
    pub(in crate::postgres) work: Isolation,
    pub(in crate::postgres) settle: &'a mut dyn Settle,
    pub(in crate::postgres) stop: &'a Stop,
    pub(in crate::postgres) path: Path,
    backoff: Backoff,
    /// Repeats of a refusal of class *other*.
    repeats: u32,
    races: u32,
    /// A lost session was replaced without a wait.
    replaced: bool,
    /// The table was checked before a row was refused.
    looked: bool,
    /// A new session was tried because an error said that the table has other columns.
    refreshed: bool,
    /// A new session was tried against a refusal of class *configuration*.
    renewed: bool,
    /// The server accepted the statements without any row, after it had refused rows.
    pub(in crate::postgres) takes_nothing: bool,
    /// How the table differed when it was last found altered.
    altered: String,
    /// Where processes share partitions: the streams that the next attempt may write.
    admitted: Option<Admitted<'a>>,
    /// When the current or last attempt began.
    pub(in crate::postgres) began: Instant,
    /// Since when rows have waited for a cause that will pass.
    waiting: Option<Instant>,
    /// Refused rows that wait for evidence, in order.
    pub(in crate::postgres) held: Vec<Suspect>,
    /// For each kind: refused rows before this one are at fault, because this one was accepted.
    pub(in crate::postgres) proved: [usize; 3],
}

impl<'a> BatchWrite<'a> {
    pub fn new(target: &'a Target, batch: &'a Batch, settle: &'a mut dyn Settle, stop: &'a Stop) -> Self {
        let rows = Rows::new(Cow::Borrowed(batch));
        BatchWrite {
            target,
            schema_version: target.schema_version(),
            work: Isolation::new(rows.units()),
            rows,
            settle,
            stop,
            path: target.conflicts.path(),
            backoff: Backoff::new(target.retry_wait_time),
            repeats: 0,
            races: 0,
            replaced: false,
            looked: false,
            refreshed: false,
            renewed: false,
            takes_nothing: false,
            altered: String::new(),
            admitted: None,
            began: Instant::now(),
            waiting: None,
            held: Vec::new(),
            proved: [0; 3],
        }
    }

    pub fn run(mut self) -> Result<()> {
        while let Some(units) = self.work.next() {
            if self.stop.phase() >= Phase::Abandoning {
                return Err(Error::Stopped);
            }
            self.follow()?;
            let range = self.rows.rows_of(&units);
            if self.leave_out_others(range.clone()) {
                continue;
            }
            match self.net(range.clone()) {
                Some(net) => match self.attempt(range.clone(), net) {
                    Ok(written) => self.durable(range, written)?,
                    Err(failure) => self.judge(range, &failure)?,
                },
                None => self.step_by_step(range)?,
            }
        }
        self.decide()
    }

    /// Has the rows encoded again if they are not encoded for the table's newest schema version.
    pub(in crate::postgres) fn follow(&mut self) -> Result<()> {
        let newest = self.target.schema_version();
        if self.rows.oldest < newest.number {
            let Some(batch) = self.settle.encoded_anew(self.rows.batch(), &newest) else {
                return Err(self.target.can_not_follow(&self.altered, "its rows can't be encoded again"));
            };
            self.rows = Rows::new(Cow::Owned(batch));
        }
        if newest.revision != self.schema_version.revision {
            self.schema_version = newest;
            self.looked = false;
            self.takes_nothing = false;
        }
        Ok(())
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

    /// Leaves out rows that belong to another process now. Returns whether these are all rows.
    fn leave_out_others(&mut self, range: Range<usize>) -> bool {
        if !self.target.owners.are_many() {
            return false;
        }
        let mut admitted = self.target.owners.admit(self.rows.streams(range.clone()));
        self.rows.leave_out(std::mem::take(&mut admitted.left));
        self.admitted = Some(admitted);
        let is_all = self.rows.left_out(range.clone()) == range.len();
        if is_all {
            self.work.settled();
            self.settle.left_out(range.len());
            self.settle.durable(range, Written::default());
        }
        is_all
    }

    fn attempt(&mut self, range: Range<usize>, net: Net) -> std::result::Result<Written, AttemptError> {
        // As a rule the row of an update is in the table already, so a COPY would only be refused.
        if net.updates && self.path == Path::Direct && self.schema_version.order.keep != Keep::Strict {
            self.path = Path::Staged;
        }
        let path = self.path;
        self.in_session(range, |schema_version, session, rows, beside| {
            transaction(session, &schema_version.statements, rows, net, path, schema_version.order, beside)
        })
    }

    /// Runs a transaction over `range`, together with dead letters and the like that belong to it ([`Settle::beside`]).
    fn in_session<T>(
        &mut self,
        range: Range<usize>,
        work: impl FnOnce(&SchemaVersion, &mut Session, &mut Rows<'_>, Besides<'_>) -> Attempt<T>,
    ) -> Attempt<T> {
        let target = self.target;
        let admitted = self.admitted.take();
        self.began = Instant::now();
        let mut session = target.pool.session_for(self.schema_version.revision, &WaitLimit::of(self.stop))?;
        let beside = self.settle.beside(range);
        let (rows, schema_version) = (&mut self.rows, &self.schema_version);
        let result = session.attempt(|session| {
            schema_version.shape.ensure(session, schema_version.revision)?;
            let mut begins_with = target.turns.begin_with();
            if let Some(admitted) = &admitted {
                begins_with += &target.owners.fence(session, admitted)?;
            }
            session.begins_with = begins_with;
            work(schema_version, session, rows, (target.dead_letters.as_ref(), &beside))
        });
        let result = result.inspect_err(|failure| target.turns.note(&target.name, failure));
        let result = result.map_err(|failure| match &admitted {
            Some(admitted) if Owners::is_fenced(&failure) => {
                target.owners.fenced(admitted);
                owners::taken_over()
            }
            _ => failure,
        });
        self.settle.beside_ended(beside, result.is_ok());
        result
    }

    /// Runs a transaction that is rolled back.
    pub(in crate::postgres) fn trial<T>(
        &mut self,
        work: impl FnOnce(&SchemaVersion, &mut Session, &mut Rows<'_>) -> Attempt<T>,
    ) -> Attempt<T> {
        self.began = Instant::now();
        let mut session = self.target.pool.session_for(self.schema_version.revision, &WaitLimit::of(self.stop))?;
        let (rows, schema_version) = (&mut self.rows, &self.schema_version);
        session.attempt(|session| {
            schema_version.shape.ensure(session, schema_version.revision)?;
            work(schema_version, session, rows)
        })
    }

    /// How rows are written one by one.
    pub(in crate::postgres) fn how<'k>(&self, schema_version: &'k SchemaVersion) -> How<'k> {
        // Only COPY into the table names the conflicting row, which `strict` needs.
        let path = if schema_version.order.keep == Keep::Strict { self.path } else { Path::Staged };
        How {
            path,
            order: schema_version.order,
            patient: self.repeats < self.target.max_retry_times,
            renews: !self.renewed,
            key: &schema_version.key_names,
        }
    }

    /// Writes each row of some units for itself, in one transaction; halves them first when there are many.
    fn step_by_step(&mut self, range: Range<usize>) -> Result<()> {
        if self.units(&range) > STEPS {
            self.work.split(None);
            return Ok(());
        }
        let schema_version = Arc::clone(&self.schema_version);
        let how = self.how(&schema_version);
        let patient = how.patient;
        let attempt = self.in_session(range.clone(), |schema_version, session, rows, beside| {
            stepwise(session, &schema_version.statements, rows, range.clone(), how, beside)
        });
        match attempt {
            Ok(steps) => self.stepped(range, steps),
            Err(failure) if failure.class == Class::Conflict && self.target.conflict_mode == ConflictMode::Strict => {
                Err(self.settle.conflict(failure.row, self.named(&failure)))
            }
            // COMMIT was refused, so it isn't known which row is at fault.
            Err(failure) if matches!(failure.class, Class::Value | Class::Row | Class::Conflict) => {
                self.refused_whole(range, &failure)
            }
            Err(failure) if failure.class == Class::Other && !patient => self.refused_whole(range, &failure),
            Err(failure) => self.judge(range, &failure),
        }
    }

    /// Rows that are durable, but for those that were refused.
    fn stepped(&mut self, range: Range<usize>, steps: Vec<RowOutcome>) -> Result<()> {
        self.went_well();
        let mut outcome = Ok(());
        self.work.settled();
        self.settle.left_out(self.rows.left_out(range.clone()));
        let mut done = (range.start, Written::default());
        for (row, step) in range.clone().zip(steps) {
            match step {
                // Left out: its partition belongs to another process.
                Ok(written) if written == Written::default() => {}
                Ok(written) => {
                    let kind = ChangeKind::from(self.rows.op(row));
                    self.target.evidence.accepted(kind, self.began);
                    if self.holds(kind) {
                        self.settle_durable(done.0..row, done.1);
                        done = (row, Written::default());
                        outcome = outcome.and(self.release(kind));
                    }
                    done.1 += written;
                }
                Err(failure) if failure.class == Class::Conflict && self.ignores() && !failure.is("21000") => {
                    done.1.ignored += 1;
                }
                Err(failure) => {
                    self.settle_durable(done.0..row, done.1);
                    done = (row + 1, Written::default());
                    outcome = outcome.and(self.hold(row, &failure));
                }
            }
        }
        self.settle_durable(done.0..range.end, done.1);
        outcome.and_then(|()| self.look_further())
    }

    fn settle_durable(&mut self, rows: Range<usize>, written: Written) {
        if !rows.is_empty() {
            self.settle.durable(rows, written);
        }
    }

    fn ignores(&self) -> bool {
        self.target.conflict_mode == ConflictMode::Ignore
    }

    fn units(&self, range: &Range<usize>) -> usize {
        if range.is_empty() { 0 } else { self.rows.unit_of(range.end - 1) + 1 - self.rows.unit_of(range.start) }
    }

    /// The database has done what it was asked.
    fn went_well(&mut self) {
        self.target.outage.ends(&self.target.name);
        self.backoff.reset();
        self.replaced = false;
        self.refreshed = false;
        self.waiting = None;
    }

    pub(in crate::postgres) fn durable(&mut self, range: Range<usize>, written: Written) -> Result<()> {
        self.went_well();
        self.target.conflicts.none(self.path);
        // What is committed is settled even if a rejection before it stops the job.
        let released = self.accepted(range.clone(), written);
        self.work.settled();
        self.settle.left_out(self.rows.left_out(range.clone()));
        self.settle.durable(range, written);
        released
    }

    pub(in crate::postgres) fn judge(&mut self, range: Range<usize>, failure: &AttemptError) -> Result<()> {
        log::debug!("{}: rows {range:?} of a batch: {failure:?}", self.target.name);
        match failure.class {
            Class::Outage | Class::Login => self.lost(failure),
            Class::Contention => self.wait_for(failure, CONTENTION),
            Class::TooLong if self.units(&range) > 1 => {
                self.settle.retried();
                self.work.split(None);
                Ok(())
            }
            Class::TooLong => self.wait_for(failure, CONTENTION),
            Class::Conflict => self.conflict(range, failure),
            Class::Value | Class::Row => self.refused(range, failure),
            Class::Stale if !self.refreshed => {
                self.refreshed = true;
                self.renew();
                Ok(())
            }
            // A plan or a staging table from before the table was altered: a new session makes them again.
            Class::Configuration if !self.renewed && !failure.is("42501") => {
                self.renewed = true;
                self.renew();
                Ok(())
            }
            Class::Configuration => self.refused(range, failure),
            Class::Stale | Class::Damage => Err(self.not_the_rows(failure)),
            Class::Astray => {
                self.target.goes_astray();
                self.settle.retried();
                self.pause(Some(FEWER))
            }
            Class::DeadLetters => Err(self.target.dead_letters_refused(failure)),
            Class::Altered => match self.target.read_again(&self.schema_version, &WaitLimit::of(self.stop)) {
                Ok(Ok(())) => {
                    self.altered = failure.text.clone();
                    self.settle.retried();
                    Ok(())
                }
                Ok(Err(why)) => Err(self.target.can_not_follow(&failure.text, &why)),
                Err(failure) => self.judge(range, &failure),
            },
            Class::Other if self.repeats < self.target.max_retry_times => {
                self.repeats += 1;
                self.settle.retried();
                self.pause(None)
            }
            Class::Other => self.refused(range, failure),
        }
    }

    fn renew(&mut self) {
        self.target.pool.renew();
        self.settle.retried();
    }

    fn lost(&mut self, failure: &AttemptError) -> Result<()> {
        self.target.pool.doubt();
        // A silent server has been asked for a new session already.
        if !self.replaced && failure.silent_since.is_none() {
            // One session may be gone for any reason: only when a new one fails as well, the database is away.
            self.replaced = true;
            self.settle.retried();
            return Ok(());
        }
        // If other sessions work, a refused connection only means that there are fewer of them.
        if failure.is("53300") && self.target.pool.open_sessions() > 0 {
            return self.wait_for(failure, FEWER);
        }
        self.target.outage.goes_on(&self.target.name, failure)?;
        self.settle.retried();
        self.pause(None)
    }

    fn conflict(&mut self, range: Range<usize>, failure: &AttemptError) -> Result<()> {
        match self.target.conflict_mode {
            ConflictMode::Strict => match self.in_the_way(range.clone(), failure) {
                Ok(row) => Err(self.settle.conflict(row, self.named(failure))),
                Err(failure) => self.judge(range, &failure),
            },
            _ if self.path != Path::Staged => {
                self.target.conflicts.met();
                self.path = Path::Staged;
                Ok(())
            }
            // A row of the key that another transaction has added since: the next try finds it.
            ConflictMode::Upsert
                if failure.is_on(&self.schema_version.key_names) && (self.races < RACES || range.len() == 1) =>
            {
                self.races += 1;
                self.wait_for(failure, CONTENTION)
            }
            ConflictMode::Ignore if range.len() == 1 && !failure.is("21000") => {
                self.durable(range, Written { ignored: 1, ..Written::default() })
            }
            // The violated constraint isn't the key. The rows may be accepted one by one, in their order and without reducing
            // them.
            _ if range.len() > 1 => self.step_by_step(range),
            _ => self.refused(range, failure),
        }
    }

    /// Some row of `range` is bad. If it is the only one, it is handled as refused; otherwise the range is split.
    fn refused(&mut self, range: Range<usize>, failure: &AttemptError) -> Result<()> {
        if let Err(failure) = self.look().and_then(|()| self.ask_with_nothing()) {
            let may_be_stale = failure.class == Class::Configuration && !failure.is("42501") && !self.renewed;
            return if failure.class.is_refusal() && !may_be_stale {
                Err(self.not_the_rows(&failure))
            } else {
                self.judge(range, &failure)
            };
        }
        if self.units(&range) > 1 {
            self.work.split(failure.row.map(|row| self.rows.unit_of(row)));
            return Ok(());
        }
        if range.len() > 1 {
            return self.step_by_step(range);
        }
        self.work.settled();
        self.hold(range.start, failure)?;
        self.look_further()
    }

    /// Called before the first row is refused: maybe the table was altered, and no row is bad.
    fn look(&mut self) -> Attempt<()> {
        if !self.looked {
            let mut session = self.target.pool.session_for(self.schema_version.revision, &WaitLimit::of(self.stop))?;
            session.attempt(|session| self.schema_version.shape.compare(session))?;
            self.looked = true;
        }
        Ok(())
    }

    /// What fails only when it is committed: the unit it came from is rejected as a whole.
    fn refused_whole(&mut self, range: Range<usize>, failure: &AttemptError) -> Result<()> {
        if self.units(&range) > 1 {
            self.work.split(None);
            return Ok(());
        }
        self.work.settled();
        for row in range {
            self.hold(row, failure)?;
        }
        self.look_further()
    }

    /// Waits because of a cause that will pass, and logs it.
    pub(in crate::postgres) fn wait_for(&mut self, failure: &AttemptError, longest: Duration) -> Result<()> {
        self.settle.retried();
        let since = *self.waiting.get_or_insert(self.began);
        self.target.waits.goes_on(&self.target.name, since, failure)?;
        self.pause(Some(longest))
    }

    fn pause(&mut self, longest: Option<Duration>) -> Result<()> {
        let pause = self.backoff.next();
        let pause = longest.map_or(pause, |longest| pause.min(longest));
        if self.stop.wait(Phase::Abandoning, pause) { Err(Error::Stopped) } else { Ok(()) }
    }

    fn named(&self, failure: &AttemptError) -> Rejection {
        let mut rejection = failure.rejection();
        rejection.reason = format!("table {}: {}", self.target.name, rejection.reason);
        rejection
    }
}
