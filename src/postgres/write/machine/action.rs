//! What the machine asks for, and what it is told.

use std::ops::Range;
use std::time::{Duration, Instant};

use super::rule::{Event, Task};
use crate::postgres::connect::failure::AttemptError;
use crate::postgres::write::rows::Rows;
use crate::postgres::write::written::Written;
use crate::types::target::TargetColumn;

/// A question to the server. The loop answers with an [`Outcome`].
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// These rows in one transaction, all at once.
    Write(Range<usize>),
    /// These rows in one transaction, each behind a savepoint of its own.
    WriteRowByRow(Range<usize>, RowByRow),
    /// Whether the table is still the one that the rows are encoded for.
    CheckSchema,
    /// Whether the server accepts the batch's statements without any row.
    WriteNothing,
    /// Which of these rows has a key that is in the table already.
    FindConflict(Range<usize>),
    ReadCatalog,
    /// Whether one of these rows is accepted alone, in a transaction that is rolled back.
    TryOthers(Vec<usize>),
    /// Whether a copy of a row of the table is accepted, in a transaction that is rolled back.
    TryCopy,
    /// What became of the transaction in doubt, by the ledger.
    Compare,
}

/// Which refusals of one row end the whole attempt, because another attempt may succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowByRow {
    /// A refusal for an unknown reason ends the attempt, which is then repeated.
    pub repeats: bool,
    /// A refusal because of the table or the statement ends the attempt: a new session may succeed.
    pub renews: bool,
}

/// The next thing to do.
#[derive(Debug)]
pub enum Action {
    Request(Request),
    /// These rows are settled.
    Settle(Range<usize>, Written),
    /// This row is at fault.
    Reject(usize, AttemptError),
    Effect(Effect),
    Stop(StopReason),
    /// Every row is settled or rejected.
    Finish,
}

/// What has to be done between two requests.
#[derive(Debug)]
pub enum Effect {
    /// The server has done what was asked of it, so it is not away.
    NoteAnswer,
    NoteOutage(AttemptError),
    /// Rows have waited since this time, for this reason.
    NoteWait(Instant, AttemptError),
    /// An attempt failed and will be repeated.
    CountRetry,
    /// The next attempts go through the staging table.
    UseStagingTable,
    /// Each session must show that it is alive before it is used again.
    DoubtSessions,
    /// Only sessions that are opened from now on may be used.
    NewSessions,
    /// Each transaction may get another session of the server.
    WorkBehindPooler,
    /// Wait before the next attempt: longer each time (`attempt` is the number of earlier pauses), but at most for `at_most`.
    Pause {
        attempt: u32,
        at_most: Option<Duration>,
    },
    /// Wait for what other writers find out about the table.
    WaitForEvidence(Duration),
}

/// Why a batch can't be written to its end.
#[derive(Debug)]
pub enum StopReason {
    /// With `conflictmode` = strict: a key is in the table already, that of this row if it is known.
    Conflict(Option<usize>, AttemptError),
    /// The table or the server refuses all rows.
    NotTheRows(AttemptError),
    /// The dead-letter table refuses the dead letters.
    DeadLetters(AttemptError),
    /// How the table was altered, and why the job can't go on with it.
    CanNotFollow(String, String),
    /// `max.outage` is over.
    AwayTooLong(AttemptError),
    /// The rows have waited since this time, for longer than `max.outage`, although the database answered.
    WaitedTooLong(Instant, AttemptError),
    /// Another process has changed the ledger.
    Fenced(AttemptError),
    /// The table of rules has no line for this. A bug.
    NoRule(Task, Event),
}

/// What became of a request.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// The rows were committed.
    Accepted(Written),
    /// The transaction was committed. What became of each row; rows that were left out count as written without a change.
    EachRow(Vec<Result<Written, AttemptError>>),
    /// The net effect of the rows isn't known before they are written.
    NoNetEffect,
    /// All of the rows belong to another process now.
    LeftOut,
    /// The check found nothing wrong, the catalog was read, or the copy was accepted.
    Passed,
    /// The table was altered in such a way that the job can't go on.
    CanNotFollow(String),
    /// This is the row.
    Found(usize),
    /// The row that was asked for wasn't found. For [`Request::TryCopy`]: no copy could be tried.
    NotFound,
    /// COMMIT was sent and not answered. If the transaction was committed, this became of its rows.
    InDoubt(Box<Outcome>, AttemptError),
    /// Another process has changed the ledger; nothing was committed.
    Fenced(AttemptError),
    /// With a ledger: nothing was committed, because of rows that were refused. What would have become of each row.
    SomeRefused(Vec<Result<Written, AttemptError>>),
    Failed(AttemptError),
}

impl Outcome {
    pub fn event(&self) -> Event {
        match self {
            Outcome::Accepted(_) | Outcome::EachRow(_) | Outcome::Passed => Event::Accepted,
            Outcome::NoNetEffect => Event::NoNetEffect,
            Outcome::LeftOut => Event::LeftOut,
            Outcome::CanNotFollow(_) => Event::CanNotFollow,
            Outcome::Found(_) => Event::Found,
            Outcome::NotFound => Event::NotFound,
            Outcome::InDoubt(..) => Event::InDoubt,
            Outcome::Fenced(_) => Event::Fenced,
            Outcome::SomeRefused(_) => Event::SomeRefused,
            Outcome::Failed(failure) => Event::Failed(failure.class),
        }
    }
}

/// The circumstances when a request ended.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    pub now: Instant,
    /// When the attempt began.
    pub began: Instant,
    /// Sessions that are open.
    pub open_sessions: u32,
    /// Since when the database has been away, as far as the sink's writers know.
    pub away_since: Option<Instant>,
    /// The attempt went through the staging table.
    pub is_staged: bool,
}

impl Facts {
    /// The circumstances of a decision that follows no request.
    pub fn at(now: Instant) -> Facts {
        Facts { now, began: now, open_sessions: 0, away_since: None, is_staged: false }
    }
}

/// The batch, as it is encoded at present.
#[derive(Clone, Copy)]
pub struct BatchFacts<'b> {
    pub rows: &'b Rows<'b>,
    /// The columns that the rows are encoded for.
    pub columns: &'b [TargetColumn],
    /// The columns of the key.
    pub key: &'b [String],
}

impl BatchFacts<'_> {
    /// How many units these rows are.
    pub fn units(&self, range: &Range<usize>) -> usize {
        if range.is_empty() { 0 } else { self.rows.unit_of(range.end - 1) + 1 - self.rows.unit_of(range.start) }
    }
}
