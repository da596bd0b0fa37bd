//! A batch from its first attempt until every row is settled.

use std::ops::Range;
use std::time::Duration;

use super::classify::Class;
use super::failure::Failure;
use super::isolate::Isolation;
use super::retry::Backoff;
use super::rows::Rows;
use super::transaction::{Path, Written, transaction};
use super::{Settle, Target};
use crate::batch::Batch;
use crate::error::{Error, Rejection, Result};
use crate::settings::ConflictMode;
use crate::stop::{Phase, Stop};

/// The longest wait for another transaction's lock to go before the next try.
const CONTENTION: Duration = Duration::from_secs(1);

/// The longest wait for a session of another writer.
const FEWER: Duration = Duration::from_millis(200);

/// What one call of `Target::write` keeps in mind.
pub struct Write<'a> {
    target: &'a Target,
    rows: Rows<'a>,
    work: Isolation,
    settle: &'a mut dyn Settle,
    stop: &'a Stop,
    path: Path,
    backoff: Backoff,
    /// Repeats of a refusal of class *other*.
    repeats: u32,
    /// A lost session was replaced without a wait.
    replaced: bool,
    /// A new session was tried against a refusal of class *configuration*.
    renewed: bool,
    /// Rejections held back until it is clear that not every row fails alike.
    held: Vec<(usize, Rejection)>,
}

impl<'a> Write<'a> {
    pub fn new(target: &'a Target, batch: &'a Batch, settle: &'a mut dyn Settle, stop: &'a Stop) -> Self {
        let rows = Rows::new(batch);
        Write {
            target,
            work: Isolation::new(rows.len()),
            rows,
            settle,
            stop,
            path: target.conflicts.path(),
            backoff: Backoff::new(target.retry_wait_time),
            repeats: 0,
            replaced: false,
            renewed: false,
            held: Vec::new(),
        }
    }

    pub fn run(mut self) -> Result<()> {
        while let Some(range) = self.work.next() {
            if self.stop.phase() >= Phase::Abandoning {
                return Err(Error::Stopped);
            }
            match self.attempt(range.clone()) {
                Ok(written) => self.durable(range, written)?,
                Err(failure) => self.judge(range, &failure)?,
            }
        }
        self.release()
    }

    fn attempt(&mut self, range: Range<usize>) -> std::result::Result<Written, Failure> {
        let Write { target, rows, path, .. } = self;
        let mut session = target.pool.session()?;
        let beside = self.settle.beside(range.clone());
        let result = session.attempt(|session| {
            let beside = (target.letters.as_ref(), &beside);
            transaction(session, &target.statements, rows, range, *path, target.order, beside)
        });
        self.settle.beside_ended(beside, result.is_ok());
        result
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
        self.settle.durable(range, written);
        released
    }

    fn judge(&mut self, range: Range<usize>, failure: &Failure) -> Result<()> {
        log::debug!("{}: rows {range:?} of a batch: {failure:?}", self.target.name);
        match failure.class {
            Class::Outage | Class::Login => self.lost(failure),
            Class::Contention => self.wait(Some(CONTENTION)),
            Class::TooLong if range.len() > 1 => {
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
            Class::Configuration => Err(failure.error(
                &format!("{}: the database refuses to write", self.target.name),
                "correct the table or the job and start it again; nothing is lost",
            )),
            Class::Letters => Err(self.target.letters_refused(failure)),
            Class::Altered => Err(Error::target(format!(
                "table {} was altered while the job ran ({}): start the job again; nothing is lost",
                self.target.name, failure.text
            ))),
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
        if !self.replaced {
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
            _ => self.refused(range, failure),
        }
    }

    /// Some row of `range` is bad: a lone one is rejected, others are tried apart.
    fn refused(&mut self, range: Range<usize>, failure: &Failure) -> Result<()> {
        if range.len() > 1 {
            self.work.split(failure.row);
            return Ok(());
        }
        self.held.push((range.start, failure.rejection()));
        self.work.settled();
        if failure.class == Class::Other { Ok(()) } else { self.release() }
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
