//! What a line of the table of rules is made of, and the texts for it.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use crate::postgres::connect::classify::Class;

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    Write,
    RowByRow,
    CheckSchema,
    WriteNothing,
    FindConflict,
    ReadCatalog,
    TryOthers,
    TryCopy,
    /// COMMIT was not answered, and the ledger is asked what became of it.
    Compare,
    /// Rows were refused, and it is decided what is done about them.
    Isolate,
    /// All rows were tried, and it is decided about those that are held back.
    End,
}

/// How a task ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    Accepted,
    NoNetEffect,
    LeftOut,
    CanNotFollow,
    Found,
    NotFound,
    /// COMMIT was sent and not answered.
    InDoubt,
    /// With a ledger: another process has changed it.
    Fenced,
    /// With a ledger: rows were refused, and it isn't decided yet whether they are rejected, so nothing was committed.
    SomeRefused,
    Failed(Class),
    /// Nothing happened: the machine decides by what it knows.
    None,
}

/// What else must be true for a rule to apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    SeveralUnits,
    ManyUnits,
    SeveralRows,
    OneRow,
    AtOnce,
    FirstLoss,
    NoMoreSessions,
    AwayTooLong,
    WaitedTooLong,
    Strict,
    Upsert,
    Ignore,
    RowIsKnown,
    NotStaged,
    KeyWasAdded,
    NotTwiceInStatement,
    NewSessionMayHelp,
    NewPlanMayHelp,
    FirstReading,
    RetriesLeft,
    SchemaUnchecked,
    StatementsUnchecked,
    SameError,
    NothingHeld,
    OthersAccepted,
    OthersMayTell,
    FewRefused,
    CopyMayTell,
    WaitedForEvidence,
    NoEvidence,
    /// What was written is stored in a ledger, in the rows' own transactions.
    Ledger,
}

/// What is done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Settle,
    SettleEachRow,
    SettleLeftOut,
    /// The transaction in doubt was committed.
    SettleInDoubt,
    IgnoreRow,
    /// Hold the refused rows back, or reject those that are certainly at fault.
    Hold,
    /// The same for the rows that were refused when written row by row. Then all are written again without those that are rejected.
    HoldEach,
    /// Reject the rows of the kind that are held back.
    RejectHeld,
    /// Reject the first row that is held back. The next one has a refusal, and a time, of its own.
    RejectFirst,
    Do(Task),
    /// Try the row that the server named apart from the others.
    SplitAtNamedRow,
    /// Several units can't be written at once: write each half.
    Halve,
    /// It took too long: write each half.
    HalveForTime,
    // After each of the following decisions, up to `WorkBehindPooler`, docs/writing-a-batch.md says *again*:
    // the rows are written again, or a trial or comparison is repeated.
    /// Through the staging table.
    UseStagingTable,
    /// The transaction in doubt was not committed.
    WriteAgain,
    /// In another session. The lost one is replaced at once.
    NewSession,
    /// In new sessions only: what the old ones prepared may be out of date.
    NewSessions,
    /// At once, because the catalog was read.
    WriteForNewSchema,
    /// After a pause, because the catalog was read before, or the table has just been altered again.
    PauseForSchema,
    /// After a pause. One of `maxretrytimes` is used up.
    UseOneRetry,
    /// After a pause. The job stops when the rows have waited for `max.outage`.
    Wait(Duration),
    /// After a wait for the transaction that added a key.
    WaitForOther,
    WaitForServer,
    WorkBehindPooler,
    // After these the rows aren't written again.
    CopyTellsNothing,
    OthersTellNothing,
    WaitForEvidence,
    Stop(Why),
    Finish,
}

/// See [`StopReason`](super::action::StopReason).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    Conflict,
    NotTheRows,
    /// The same, and the message is about the row that is held back.
    NotTheHeldRows,
    DeadLetters,
    CanNotFollow,
    AwayTooLong,
    WaitedTooLong,
    Fenced,
    NoRule,
}

/// One line of the table: the first whose task, event and conditions fit decides.
#[derive(Debug)]
pub struct Rule {
    pub during: &'static [Task],
    pub events: &'static [Event],
    pub conditions: &'static [Condition],
    pub decision: Decision,
}

impl Display for Task {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Task::Write => "write at once",
            Task::RowByRow => "write row by row",
            Task::CheckSchema => "check the schema",
            Task::WriteNothing => "run the statements without rows",
            Task::FindConflict => "find the row in conflict",
            Task::ReadCatalog => "read the catalog",
            Task::TryOthers => "try other rows",
            Task::TryCopy => "try a copy of a row of the table",
            Task::Compare => "compare with the ledger",
            Task::Isolate => "isolate",
            Task::End => "end of the batch",
        })
    }
}

impl Display for Event {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Event::Accepted => "success",
            Event::NoNetEffect => "no net effect is known",
            Event::LeftOut => "all rows belong to another process",
            Event::CanNotFollow => "the job can't go on with this table",
            Event::Found => "found",
            Event::NotFound => "not found",
            Event::InDoubt => "in doubt",
            Event::Fenced => "fenced",
            Event::SomeRefused => "some rows refused",
            Event::Failed(class) => return write!(f, "{class:?}"),
            Event::None => "",
        })
    }
}

impl Display for Condition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Condition::SeveralUnits => "several units",
            Condition::ManyUnits => "more than 64 units",
            Condition::SeveralRows => "several rows",
            Condition::OneRow => "one row",
            Condition::AtOnce => "the rows were refused when written at once",
            Condition::FirstLoss => "first loss since the last success, and the server was not silent",
            Condition::NoMoreSessions => "the server takes no more sessions (53300), and others are open",
            Condition::AwayTooLong => "the database has been away for `max.outage`",
            Condition::WaitedTooLong => "the rows have waited for `max.outage`",
            Condition::Strict => "`conflictmode` is strict",
            Condition::Upsert => "`conflictmode` is upsert",
            Condition::Ignore => "`conflictmode` is ignore",
            Condition::RowIsKnown => "it is known which row",
            Condition::NotStaged => "not through the staging table",
            Condition::KeyWasAdded => {
                "the conflict is about the table's key, and either there is only one row or there were fewer than 5 such conflicts"
            }
            Condition::NotTwiceInStatement => "the key isn't twice in the statement itself (21000)",
            Condition::NewSessionMayHelp => "not 42501, and the first time in this batch",
            Condition::NewPlanMayHelp => "the first time since the last success",
            Condition::FirstReading => "the first time since the last success",
            Condition::RetriesLeft => "retries are left (`maxretrytimes`)",
            Condition::SchemaUnchecked => "the schema is not checked yet",
            Condition::StatementsUnchecked => "the statements are not checked yet",
            Condition::SameError => "the same SQLSTATE as the row held back, and not 42501",
            Condition::NothingHeld => "no row is held back",
            Condition::OthersAccepted => "a row of the same kind was written since the refusal",
            Condition::OthersMayTell => "the batch has other rows of the kind, and they were not tried yet",
            Condition::FewRefused => "fewer than 16 rows of the kind were refused one after another",
            Condition::CopyMayTell => "a whole row, no partition is missing, no copy tried yet",
            Condition::WaitedForEvidence => "2 s are over",
            Condition::NoEvidence => "the SQLSTATE is one about the table, or no row of the same kind was ever written and the SQLSTATE is not of class 22 or 44",
            Condition::Ledger => "there is a ledger",
        })
    }
}

impl Display for Decision {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Decision::Settle => "the rows are settled",
            Decision::SettleEachRow => "written rows are settled, refused ones are held back or rejected",
            Decision::SettleLeftOut => "the rows are dropped: the other process writes them",
            Decision::SettleInDoubt => "it was committed: the rows are settled",
            Decision::IgnoreRow => "the row is ignored and settled",
            Decision::Hold => "hold the rows back, or reject those certainly at fault",
            Decision::HoldEach => "hold the refused rows back, or reject those certainly at fault",
            Decision::RejectHeld => "reject the held-back rows of the same kind",
            Decision::RejectFirst => "reject the first row held back",
            Decision::Do(task) => return write!(f, "{task}"),
            Decision::SplitAtNamedRow => "split at the row that the server named",
            Decision::Halve => "halve",
            Decision::HalveForTime => "halve, because it took too long",
            Decision::UseStagingTable => "again, through the staging table",
            Decision::WriteAgain => "it was not committed: again",
            Decision::NewSession => "again, in another session",
            Decision::NewSessions => "again, with new sessions only",
            Decision::CopyTellsNothing | Decision::OthersTellNothing => "decide without it",
            Decision::WriteForNewSchema => "again, for the new schema",
            Decision::PauseForSchema => "wait at most 1s, then again, for the new schema",
            Decision::UseOneRetry => "wait, then again: one of the retries is used up",
            Decision::Wait(at_most) => return write!(f, "wait at most {at_most:?}, then again"),
            Decision::WaitForOther => "count this conflict, wait at most 1s, then again",
            Decision::WaitForServer => "wait for the server, then again",
            Decision::WorkBehindPooler => "work as behind a transaction pooler, wait at most 200ms, then again",
            Decision::WaitForEvidence => "wait 20ms",
            Decision::Stop(why) => return write!(f, "**stop**: {why}"),
            Decision::Finish => "the batch is written",
        })
    }
}

impl Display for Why {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Why::Conflict => "a key is there already",
            Why::NotTheRows => "no row is at fault",
            Why::NotTheHeldRows => "no row is at fault; the error is that of the row held back",
            Why::DeadLetters => "the dead-letter table can't be written",
            Why::CanNotFollow => "the table was altered",
            Why::AwayTooLong => "the database is away",
            Why::WaitedTooLong => "rows have waited too long",
            Why::Fenced => "another process writes these rows",
            Why::NoRule => "no rule (a bug)",
        })
    }
}
