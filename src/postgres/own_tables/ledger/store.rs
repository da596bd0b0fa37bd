//! The ledger of a sink, with sessions from the sink's pool.

use std::sync::Arc;

use super::low::PositionOutcome;
use super::tables::{Forgotten, Ledger, StreamsOf};
use super::take_over::{Start, TakenStream};
use crate::error::{Error, Result};
use crate::postgres::connect::database::Database;
use crate::postgres::connect::driver::wait_limit::WaitLimit;
use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::opening::Opening;
use crate::postgres::connect::session::Session;
use crate::progress::ledger::{AssignmentRefusal, OwnStreams, StoredLow, Wanted};
#[cfg(feature = "internals")]
use crate::progress::ledger::{LedgerComparison, StreamClaim};
use crate::stop::Stop;

pub struct LedgerStore {
    database: Arc<Database>,
    ledger: Ledger,
    /// The name of this process. The application names of its sessions end with it.
    owner: String,
    /// The sink is exactly-once.
    is_on: bool,
    opening: Arc<Opening>,
    /// The streams that this process owns.
    pub streams: OwnStreams,
}

impl LedgerStore {
    pub fn new(
        database: &Arc<Database>,
        ledger: Ledger,
        application_name: &str,
        is_on: bool,
        opening: &Arc<Opening>,
    ) -> LedgerStore {
        let owner = application_name.rsplit_once('/').map_or(application_name, |(_, process)| process);
        LedgerStore {
            database: Arc::clone(database),
            ledger,
            owner: owner.to_owned(),
            is_on,
            opening: Arc::clone(opening),
            streams: OwnStreams::default(),
        }
    }

    #[inline]
    pub fn is_on(&self) -> bool {
        self.is_on
    }

    /// The column that says who has a stream, for messages.
    pub fn owner_column(&self) -> String {
        format!("{}.owner", self.ledger.stream())
    }

    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Makes the tables where they are missing.
    pub fn open(&self, stop: &Stop) -> Result<()> {
        let limit = WaitLimit::of(stop);
        self.opening.renewed().repeat(|| self.in_session(&limit, |session| Ok(self.ledger.open(session)))?)
    }

    /// An error if they can neither be used nor made; leaves nothing behind. Returns those that would be made.
    pub fn check(&self, stop: &Stop) -> Result<Vec<String>> {
        let limit = WaitLimit::of(stop);
        self.opening.renewed().repeat(|| self.in_session(&limit, |session| Ok(self.ledger.check(session)))?)
    }

    /// Takes a stream over from whoever had it. If this process may not continue it, the error names it.
    pub fn take_over(&self, wanted: &Wanted<'_>, start: Start, stop: &Stop) -> Result<TakenStream> {
        let limit = WaitLimit::of(stop);
        self.opening.renewed().repeat(|| {
            let taken = self.in_session(&limit, |session| self.try_take_over(session, wanted, start))?;
            taken.map_err(|refusal| self.refused(wanted, &refusal))
        })
    }

    /// Makes the tables if they are missing, and takes over the stream of a program. This is a part of the sink's opening and ends
    /// within its time limit. A new stream begins at 0.
    pub fn open_pushed(&self, wanted: &Wanted<'_>) -> Result<TakenStream> {
        let (limit, start) = (self.opening.wait_limit(), Start { offset: 0, epoch: 0 });
        self.opening.repeat(|| {
            self.in_session(&limit, |session| Ok(self.ledger.open(session)))??;
            let taken = self.in_session(&limit, |session| self.try_take_over(session, wanted, start))?;
            taken.map_err(|refusal| self.refused(wanted, &refusal))
        })
    }

    fn try_take_over(
        &self,
        session: &mut Session,
        wanted: &Wanted<'_>,
        start: Start,
    ) -> Attempt<std::result::Result<TakenStream, AssignmentRefusal>> {
        self.ledger.take_over(session, wanted, start, &self.owner, self.is_on)
    }

    fn refused(&self, wanted: &Wanted<'_>, refusal: &AssignmentRefusal) -> Error {
        let (database, position) = (&self.database.name, wanted.name);
        let refusal = refusal.describe(self.database.origin);
        Error::target(format!("{database}: {}[{}]: {refusal}", position.topic, position.partition))
    }

    /// Stores that everything of an own stream below `low` is durable. An error may pass, so the caller tries again.
    pub fn advance(&self, stored: StoredLow, low: i64, stop: &Stop) -> Result<PositionOutcome> {
        let StoredLow { number, epoch, .. } = stored;
        let Some(next) = self.streams.next(stored) else { return Ok(PositionOutcome::Stored) };
        self.in_session(&WaitLimit::of(stop), |session| {
            session.with_settings(|session| self.ledger.advance(session, number, epoch, low, &next))
        })
    }

    /// What became of a transaction with these claims whose COMMIT was not answered. For tests: writers ask in sessions of their
    /// own.
    #[cfg(feature = "internals")]
    pub fn compare(&self, claims: &[StreamClaim], stop: &Stop) -> Result<LedgerComparison> {
        self.in_session(&WaitLimit::of(stop), |session| self.ledger.compare(session, claims, None))
    }

    /// Whether the database answers.
    pub fn answers(&self, stop: &Stop) -> Result<()> {
        self.in_session(&WaitLimit::of(stop), |session| session.first_value("SELECT 1").map(drop))
    }

    /// Deletes what the ledger has of this job's sink: the job is at-least-once now, or begins from the start, or a replay begins or has
    /// ended.
    pub fn forget(&self, job: &str, sink: &str, which: StreamsOf, stop: &Stop) -> Result<Forgotten> {
        self.in_session(&WaitLimit::of(stop), |session| self.ledger.forget(session, job, sink, which))
    }

    /// Makes the table of replayed records where it is missing.
    pub fn open_replayed(&self, stop: &Stop) -> Result<()> {
        self.opening
            .renewed()
            .repeat(|| self.in_session(&WaitLimit::of(stop), |session| Ok(self.ledger.open_replayed(session)))?)
    }

    /// The offsets of a partition's records that replays have written.
    pub fn replayed_records(&self, of: (&str, &str), partition: (&str, i32), stop: &Stop) -> Result<Vec<i64>> {
        self.in_session(&WaitLimit::of(stop), |session| self.ledger.replayed_records(session, of, partition))
    }

    fn in_session<T>(&self, limit: &WaitLimit, work: impl FnOnce(&mut Session) -> Attempt<T>) -> Result<T> {
        let session = self.database.pool.session(limit);
        let done = session.and_then(|mut session| session.attempt(work));
        done.map_err(|failure| failure.error(&format!("{}: the ledger can't be used", self.database.name), ""))
    }
}
