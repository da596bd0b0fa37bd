//! A batch from its first attempt until every row is settled.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::classify::Class;
use super::driver::patience::Patience;
use super::failure::Failure;
use super::isolate::Isolation;
use super::net::{Net, net};
use super::owners::{self, Admitted, Owners};
use super::reduce::Keep;
use super::retry::Backoff;
use super::rows::Rows;
use super::session::{Attempt, Session};
use super::stepwise::{How, Step, stepwise};
use super::transaction::{Besides, Order, Path, Written, transaction};
use super::{Edition, Settle, Target};
use crate::batch::Batch;
use crate::error::{Error, Rejection, Result};
use crate::settings::ConflictMode;
use crate::stop::{Phase, Stop};

/// The longest wait for another transaction's lock to go before the next try.
const CONTENTION: Duration = Duration::from_secs(1);

/// The longest wait for a session of another writer.
const FEWER: Duration = Duration::from_millis(200);

/// The most units that are written row by row in one transaction: more are halved first.
const STEPS: usize = 64;

/// What one call of `Target::write` keeps in mind.
pub struct Write<'a> {
    target: &'a Target,
    /// Of the table, as which `rows` are encoded.
    edition: Arc<Edition>,
    rows: Rows<'a>,
    /// Units, not rows.
    work: Isolation,
    settle: &'a mut dyn Settle,
    stop: &'a Stop,
    path: Path,
    backoff: Backoff,
    /// Repeats of a refusal of class *other*.
    repeats: u32,
    /// A lost session was replaced without a wait.
    replaced: bool,
    /// The table was looked at before a row was refused.
    looked: bool,
    /// A new session was tried against a refusal of class *configuration*.
    renewed: bool,
    /// How the table differed when it was last found altered.
    altered: String,
    /// Where processes share partitions: the streams that the next attempt may write.
    admitted: Option<Admitted<'a>>,
    /// Rejections held back until it is clear that not every row fails alike.
    held: Vec<(usize, Rejection)>,
}

impl<'a> Write<'a> {
    pub fn new(target: &'a Target, batch: &'a Batch, settle: &'a mut dyn Settle, stop: &'a Stop) -> Self {
        let rows = Rows::new(Cow::Borrowed(batch));
        Write {
            target,
            edition: target.edition(),
            work: Isolation::new(rows.units()),
            rows,
            settle,
            stop,
            path: target.conflicts.path(),
            backoff: Backoff::new(target.retry_wait_time),
            repeats: 0,
            replaced: false,
            looked: false,
            renewed: false,
            altered: String::new(),
            admitted: None,
            held: Vec::new(),
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
        self.release()
    }

    /// Has the rows encoded as the newest edition of the table takes them.
    fn follow(&mut self) -> Result<()> {
        let newest = self.target.edition();
        if self.rows.oldest < newest.number {
            let Some(batch) = self.settle.encoded_anew(self.rows.batch(), &newest) else {
                return Err(self.target.can_not_follow(&self.altered, "its rows can't be encoded anew"));
            };
            self.rows = Rows::new(Cow::Owned(batch));
        }
        if newest.revision != self.edition.revision {
            self.edition = newest;
            self.looked = false;
        }
        Ok(())
    }

    /// What the rows come to, if that can be told before they are written.
    fn net(&mut self, range: Range<usize>) -> Option<Net> {
        let Order { keep, exact, key_as_sent, .. } = self.edition.order;
        let is_sure = exact && key_as_sent || range.len() == 1;
        if !is_sure && self.rows.has_changes {
            return None;
        }
        // Rows that were sent with one key may be stored with several.
        let keep = if !key_as_sent && keep == Keep::Last { Keep::All } else { keep };
        net(&mut self.rows, range, keep)
    }

    /// Leaves out what has become another process's. Tells whether that is all.
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
        }
        is_all
    }

    fn attempt(&mut self, range: Range<usize>, net: Net) -> std::result::Result<Written, Failure> {
        // An update's row is in the table as a rule: COPY would only find that out.
        if net.updates && self.path == Path::Direct && self.edition.order.keep != Keep::Strict {
            self.path = Path::Staged;
        }
        let path = self.path;
        self.in_session(range, |edition, session, rows, beside| {
            transaction(session, &edition.statements, rows, net, path, edition.order, beside)
        })
    }

    /// Runs a transaction over `range` with what shall be part of it besides.
    fn in_session<T>(
        &mut self,
        range: Range<usize>,
        work: impl FnOnce(&Edition, &mut Session, &mut Rows<'_>, Besides<'_>) -> Attempt<T>,
    ) -> Attempt<T> {
        let target = self.target;
        let admitted = self.admitted.take();
        let mut session = target.pool.session_for(self.edition.revision, &Patience::of(self.stop))?;
        let beside = self.settle.beside(range);
        let (rows, edition) = (&mut self.rows, &self.edition);
        let result = session.attempt(|session| {
            edition.shape.ensure(session, edition.revision)?;
            session.begins_with = match &admitted {
                Some(admitted) => target.owners.fence(session, admitted)?,
                None => String::new(),
            };
            work(edition, session, rows, (target.letters.as_ref(), &beside))
        });
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

    /// Writes each row of some units for itself, in one transaction; halves them first when there are many.
    fn step_by_step(&mut self, range: Range<usize>) -> Result<()> {
        if self.units(&range) > STEPS {
            self.work.split(None);
            return Ok(());
        }
        let patient = self.repeats < self.target.max_retry_times;
        // Only COPY into the table names the row in the way, as `strict` has to.
        let path = if self.edition.order.keep == Keep::Strict { self.path } else { Path::Staged };
        let attempt = self.in_session(range.clone(), |edition, session, rows, beside| {
            let how = How { path, order: edition.order, patient };
            stepwise(session, &edition.statements, rows, range.clone(), how, beside)
        });
        match attempt {
            Ok(steps) => self.stepped(range, steps),
            Err(failure) if failure.class == Class::Conflict && self.target.conflict_mode == ConflictMode::Strict => {
                Err(self.settle.conflict(failure.row, self.named(&failure)))
            }
            // Refused at COMMIT: no step is to blame.
            Err(failure) if matches!(failure.class, Class::Row | Class::Conflict) => {
                self.refused_whole(range, &failure)
            }
            Err(failure) if failure.class == Class::Other && !patient => self.refused_whole(range, &failure),
            Err(failure) => self.judge(range, &failure),
        }
    }

    /// Rows that are durable, but for those that were refused.
    fn stepped(&mut self, range: Range<usize>, steps: Vec<Step>) -> Result<()> {
        self.target.outage.ends(&self.target.name);
        self.backoff.reset();
        self.replaced = false;
        self.renewed = false;
        let mut outcome = self.release();
        self.work.settled();
        self.settle.left_out(self.rows.left_out(range.clone()));
        let mut done = (range.start, Written::default());
        for (row, step) in range.clone().zip(steps) {
            match step {
                Ok(written) => {
                    self.target.alike.broken();
                    done.1 += written;
                }
                Err(failure) if failure.class == Class::Conflict && self.ignores() => done.1.ignored += 1,
                Err(failure) => {
                    self.settle_durable(done.0..row, done.1);
                    done = (row + 1, Written::default());
                    let rejected = match failure.class {
                        Class::Other if self.target.alike.another(&failure) => Err(self.all_alike(&failure)),
                        _ => self.settle.rejected(row, failure.rejection()),
                    };
                    outcome = outcome.and(rejected);
                }
            }
        }
        self.settle_durable(done.0..range.end, done.1);
        outcome
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

    fn durable(&mut self, range: Range<usize>, written: Written) -> Result<()> {
        self.target.outage.ends(&self.target.name);
        self.target.alike.broken();
        self.target.conflicts.none(self.path);
        self.backoff.reset();
        self.replaced = false;
        self.renewed = false;
        // What is committed is settled even if a rejection before it stops the job.
        let released = self.release();
        self.work.settled();
        self.settle.left_out(self.rows.left_out(range.clone()));
        self.settle.durable(range, written);
        released
    }

    fn judge(&mut self, range: Range<usize>, failure: &Failure) -> Result<()> {
        log::debug!("{}: rows {range:?} of a batch: {failure:?}", self.target.name);
        match failure.class {
            Class::Outage | Class::Login => self.lost(failure),
            Class::Contention => self.wait(Some(CONTENTION)),
            Class::TooLong if self.units(&range) > 1 => {
                self.settle.retried();
                self.work.split(None);
                Ok(())
            }
            Class::TooLong => self.wait(Some(CONTENTION)),
            Class::Conflict => self.conflict(range, failure),
            Class::Row => self.refused(range, failure),
            Class::Configuration if !self.renewed => {
                // A plan or a staging table made before the table was altered: a new session knows better.
                self.renewed = true;
                self.target.pool.renew();
                self.settle.retried();
                Ok(())
            }
            Class::Configuration => {
                let why = match self.target.read_again(&self.edition, &Patience::of(self.stop)) {
                    Ok(Err(why)) => why + "; ",
                    _ => String::new(),
                };
                Err(failure.error(
                    &format!("{}: the database refuses to write", self.target.name),
                    &format!("{why}correct the table or the job and start it again; nothing is lost"),
                ))
            }
            Class::Letters => Err(self.target.letters_refused(failure)),
            Class::Altered => match self.target.read_again(&self.edition, &Patience::of(self.stop)) {
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
                self.wait(None)
            }
            Class::Other => {
                if range.len() == 1 && self.target.alike.another(failure) {
                    return Err(self.all_alike(failure));
                }
                self.refused(range, failure)
            }
        }
    }

    fn lost(&mut self, failure: &Failure) -> Result<()> {
        self.target.pool.doubt();
        // A silent server was asked for a new session by then.
        if !self.replaced && failure.silent_since.is_none() {
            // One session may be gone for any reason: only when a new one fails as well, the database is away.
            self.replaced = true;
            self.settle.retried();
            return Ok(());
        }
        // With other sessions at work a refused connection only means fewer of them.
        if failure.is("53300") && self.target.pool.open_sessions() > 0 {
            return self.wait(Some(FEWER));
        }
        self.target.outage.goes_on(&self.target.name, failure)?;
        self.wait(None)
    }

    fn conflict(&mut self, range: Range<usize>, failure: &Failure) -> Result<()> {
        match self.target.conflict_mode {
            ConflictMode::Strict => {
                let row = failure.row.or((range.len() == 1).then_some(range.start));
                Err(self.settle.conflict(row, self.named(failure)))
            }
            _ if self.path != Path::Staged => {
                self.target.conflicts.met();
                self.path = Path::Staged;
                Ok(())
            }
            ConflictMode::Ignore if range.len() == 1 => {
                self.durable(range, Written { ignored: 1, ..Written::default() })
            }
            // Another constraint than the key's. In their order, and unreduced, the rows may do.
            _ if range.len() > 1 => self.step_by_step(range),
            _ => self.refused(range, failure),
        }
    }

    /// Some row of `range` is bad: a lone one is rejected, others are tried apart.
    fn refused(&mut self, range: Range<usize>, failure: &Failure) -> Result<()> {
        if let Err(failure) = self.look() {
            return self.judge(range, &failure);
        }
        if self.units(&range) > 1 {
            self.work.split(failure.row.map(|row| self.rows.unit_of(row)));
            return Ok(());
        }
        if range.len() > 1 {
            return self.step_by_step(range);
        }
        self.held.push((range.start, failure.rejection()));
        self.work.settled();
        if failure.class == Class::Other { Ok(()) } else { self.release() }
    }

    /// Before the first row is refused: it may be the table that changed, and not the row that is bad.
    fn look(&mut self) -> Attempt<()> {
        if !self.looked {
            let mut session = self.target.pool.session_for(self.edition.revision, &Patience::of(self.stop))?;
            session.attempt(|session| self.edition.shape.compare(session))?;
            self.looked = true;
        }
        Ok(())
    }

    /// What fails only when it is committed: the unit it came from is rejected as a whole.
    fn refused_whole(&mut self, range: Range<usize>, failure: &Failure) -> Result<()> {
        if self.units(&range) > 1 {
            self.work.split(None);
            return Ok(());
        }
        self.held.extend(range.map(|row| (row, failure.rejection())));
        self.work.settled();
        self.release()
    }

    /// Hands the rejections over, in order.
    fn release(&mut self) -> Result<()> {
        for (row, rejection) in self.held.drain(..) {
            self.settle.rejected(row, rejection)?;
        }
        Ok(())
    }

    fn wait(&mut self, longest: Option<Duration>) -> Result<()> {
        self.settle.retried();
        let pause = self.backoff.next();
        let pause = longest.map_or(pause, |longest| pause.min(longest));
        if self.stop.wait(Phase::Abandoning, pause) { Err(Error::Stopped) } else { Ok(()) }
    }

    fn named(&self, failure: &Failure) -> Rejection {
        let mut rejection = failure.rejection();
        rejection.reason = format!("table {}: {}", self.target.name, rejection.reason);
        rejection
    }

    fn all_alike(&self, failure: &Failure) -> Error {
        failure.error(
            &format!("{}: the database refuses every row alike", self.target.name),
            "this is no row's fault (a trigger or an index?): correct it and start the job again; nothing is lost",
        )
    }
}
