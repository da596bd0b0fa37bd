//! What is done after each outcome: the table of rules. docs/writing-a-batch.md shows it; a test keeps that up to date.

use std::time::Duration;

use super::rule::Condition::*;
use super::rule::Decision::{self, *};
use super::rule::Event::{
    self, Accepted, CanNotFollow, Failed, Fenced, Found, InDoubt, LeftOut, NoNetEffect, NotFound, SomeRefused,
};
use super::rule::Task::{self, *};
use super::rule::{Condition, Rule, Why};
use crate::postgres::connect::classify::Class;

/// How long to wait at most before the next try, when another transaction holds a lock.
pub const LOCK_WAIT: Duration = Duration::from_secs(1);
/// The same when there is no session for this writer: another writer ends its batch soon, and its session is free then.
pub const SESSION_WAIT: Duration = Duration::from_millis(200);

const EACH: &[Task] =
    &[Write, RowByRow, CheckSchema, WriteNothing, FindConflict, ReadCatalog, TryOthers, TryCopy, Compare];
/// The requests that come while a range of rows is being written, so that the range can be halved. `TryOthers` and `TryCopy` are about
/// no range, and `Compare` writes nothing.
const OF_A_RANGE: &[Task] = &[Write, RowByRow, CheckSchema, WriteNothing, FindConflict, ReadCatalog];
const WRITES: &[Task] = &[Write, RowByRow];
/// Requests that are about no row.
const CHECKS: &[Task] = &[CheckSchema, WriteNothing, ReadCatalog];
/// Where new sessions may help against a refusal.
const MAY_RENEW: &[Task] = &[Write, RowByRow, CheckSchema, WriteNothing, ReadCatalog];

const VALUE: Event = Failed(Class::Value);
const ROW: Event = Failed(Class::Row);
const CONFLICT: Event = Failed(Class::Conflict);
const CONFIGURATION: Event = Failed(Class::Configuration);
const OTHER: Event = Failed(Class::Other);
const DAMAGE: Event = Failed(Class::Damage);
const REFUSALS: &[Event] = &[VALUE, ROW, CONFLICT, CONFIGURATION, OTHER, DAMAGE];
const LOST: &[Event] = &[Failed(Class::Outage), Failed(Class::Login)];
const TOO_LONG: &[Event] = &[Failed(Class::TooLong)];
const LOCKED_OR_SLOW: &[Event] = &[Failed(Class::Contention), Failed(Class::TooLong)];
const STALE: &[Event] = &[Failed(Class::Stale)];
const NOTHING: &[Event] = &[Event::None];

const fn rule(
    during: &'static [Task],
    events: &'static [Event],
    conditions: &'static [Condition],
    decision: Decision,
) -> Rule {
    Rule { during, events, conditions, decision }
}

#[rustfmt::skip]
pub const RULES: &[Rule] = &[
    // The server has answered.
    rule(&[Write], &[Accepted], &[], Settle),
    rule(&[RowByRow], &[Accepted], &[], SettleEachRow),
    rule(WRITES, &[LeftOut], &[], SettleLeftOut),
    rule(&[Write], &[NoNetEffect], &[ManyUnits], Halve),
    rule(&[Write], &[NoNetEffect], &[], Do(RowByRow)),
    rule(&[CheckSchema, WriteNothing], &[Accepted], &[], Do(Isolate)),
    rule(&[FindConflict], &[Found, NotFound], &[], Stop(Why::Conflict)),
    rule(&[ReadCatalog], &[Accepted], &[FirstReading], WriteForNewSchema),
    rule(&[ReadCatalog], &[Accepted], &[], PauseForSchema),
    rule(&[ReadCatalog], &[CanNotFollow], &[], Stop(Why::CanNotFollow)),
    rule(&[TryOthers], &[Found], &[], RejectHeld),
    rule(&[TryOthers], &[NotFound], &[Condition::Ledger, FewRefused], OthersTellNothing),
    rule(&[TryOthers], &[NotFound], &[], Stop(Why::NotTheHeldRows)),
    rule(&[TryCopy], &[Accepted], &[], RejectHeld),
    rule(&[TryCopy], &[NotFound], &[], CopyTellsNothing),

    // With a ledger: what became of a transaction is found out, never assumed.
    rule(WRITES, &[InDoubt], &[], Do(Compare)),
    rule(&[Compare], &[Accepted], &[], SettleInDoubt),
    rule(&[Compare], &[NotFound], &[], WriteAgain),
    rule(&[Write, RowByRow, Compare], &[Fenced], &[], Stop(Why::Fenced)),
    rule(&[RowByRow], &[SomeRefused], &[], HoldEach),

    // Causes that will pass. They are no row's fault.
    rule(EACH, LOST, &[FirstLoss], NewSession),
    rule(EACH, LOST, &[NoMoreSessions, WaitedTooLong], Stop(Why::WaitedTooLong)),
    rule(EACH, LOST, &[NoMoreSessions], Wait(SESSION_WAIT)),
    rule(EACH, LOST, &[AwayTooLong], Stop(Why::AwayTooLong)),
    rule(EACH, LOST, &[], WaitForServer),
    rule(OF_A_RANGE, TOO_LONG, &[SeveralUnits], HalveForTime),
    rule(EACH, LOCKED_OR_SLOW, &[WaitedTooLong], Stop(Why::WaitedTooLong)),
    rule(EACH, LOCKED_OR_SLOW, &[], Wait(LOCK_WAIT)),
    rule(EACH, &[Failed(Class::OtherSession)], &[], WorkBehindPooler),
    // While a transaction is in doubt, its rows must not be divided, so the comparison leads to nothing else.
    rule(&[ReadCatalog, Compare], &[Failed(Class::Altered)], &[], PauseForSchema),
    rule(EACH, &[Failed(Class::Altered)], &[], Do(ReadCatalog)),
    rule(EACH, STALE, &[NewPlanMayHelp], NewSessions),
    rule(EACH, STALE, &[], Stop(Why::NotTheRows)),
    rule(EACH, &[Failed(Class::DeadLetters)], &[], Stop(Why::DeadLetters)),

    // A key that is there already.
    rule(&[Write], &[CONFLICT], &[Strict, RowIsKnown], Stop(Why::Conflict)),
    rule(&[Write], &[CONFLICT], &[Strict], Do(FindConflict)),
    rule(&[Write], &[CONFLICT], &[NotStaged], UseStagingTable),
    rule(&[Write], &[CONFLICT], &[Upsert, KeyWasAdded, WaitedTooLong], Stop(Why::WaitedTooLong)),
    rule(&[Write], &[CONFLICT], &[Upsert, KeyWasAdded], WaitForOther),
    rule(&[Write], &[CONFLICT], &[Ignore, OneRow, NotTwiceInStatement, Condition::Ledger], Do(RowByRow)),
    rule(&[Write], &[CONFLICT], &[Ignore, OneRow, NotTwiceInStatement], IgnoreRow),
    rule(&[Write], &[CONFLICT], &[SeveralRows, ManyUnits], Halve),
    rule(&[Write], &[CONFLICT], &[SeveralRows], Do(RowByRow)),
    rule(&[Write], &[CONFLICT], &[], Do(Isolate)),
    rule(&[RowByRow], &[CONFLICT], &[Strict], Stop(Why::Conflict)),
    rule(&[FindConflict], REFUSALS, &[], Stop(Why::Conflict)),

    // Other refusals of rows. A row that is refused alone, behind its savepoint, doesn't make RowByRow fail: that ends with
    // Accepted. RowByRow fails when the error is worth another attempt first, or when COMMIT is refused.
    rule(MAY_RENEW, &[CONFIGURATION], &[NewSessionMayHelp], NewSessions),
    rule(WRITES, &[OTHER], &[RetriesLeft], UseOneRetry),
    rule(&[Write], &[VALUE, ROW, CONFIGURATION, OTHER], &[], Do(Isolate)),
    rule(&[RowByRow], &[CONFIGURATION], &[], Do(Isolate)),
    rule(&[RowByRow], &[VALUE, ROW, CONFLICT, OTHER], &[SeveralUnits], Halve),
    rule(&[RowByRow], &[VALUE, ROW, CONFLICT, OTHER], &[], Hold),
    rule(WRITES, &[DAMAGE], &[], Stop(Why::NotTheRows)),

    // Refusals without a row of the batch.
    rule(CHECKS, REFUSALS, &[], Stop(Why::NotTheRows)),
    rule(&[Compare], REFUSALS, &[], Stop(Why::NotTheRows)),
    rule(&[TryOthers], REFUSALS, &[], Stop(Why::NotTheRows)),
    rule(&[TryCopy], REFUSALS, &[SameError], Stop(Why::NotTheHeldRows)),
    rule(&[TryCopy], REFUSALS, &[], CopyTellsNothing),

    // Refused rows, before the first of them is held back or rejected.
    rule(&[Isolate], NOTHING, &[SchemaUnchecked], Do(CheckSchema)),
    rule(&[Isolate], NOTHING, &[StatementsUnchecked], Do(WriteNothing)),
    rule(&[Isolate], NOTHING, &[SeveralUnits], SplitAtNamedRow),
    rule(&[Isolate], NOTHING, &[SeveralRows, AtOnce], Do(RowByRow)),
    rule(&[Isolate], NOTHING, &[], Hold),

    // Every row was tried, or, with a ledger, all rows before the one held back.
    rule(&[End], NOTHING, &[NothingHeld], Finish),
    rule(&[End], NOTHING, &[OthersAccepted], RejectFirst),
    rule(&[End], NOTHING, &[Condition::Ledger, OthersMayTell], Do(TryOthers)),
    rule(&[End], NOTHING, &[CopyMayTell], Do(TryCopy)),
    rule(&[End], NOTHING, &[WaitedForEvidence, NoEvidence], Stop(Why::NotTheHeldRows)),
    rule(&[End], NOTHING, &[WaitedForEvidence], RejectFirst),
    rule(&[End], NOTHING, &[], WaitForEvidence),
];

/// The decision of the first rule that fits.
pub fn decide(task: Task, event: Event, holds: impl Fn(Condition) -> bool) -> Decision {
    let fits = |rule: &&Rule| {
        rule.during.contains(&task)
            && rule.events.contains(&event)
            && rule.conditions.iter().all(|&condition| holds(condition))
    };
    RULES.iter().find(fits).map_or(Stop(Why::NoRule), |rule| rule.decision)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLASSES: [Class; 14] = [
        Class::Outage,
        Class::Login,
        Class::Contention,
        Class::TooLong,
        Class::Value,
        Class::Row,
        Class::Conflict,
        Class::Configuration,
        Class::Other,
        Class::Damage,
        Class::Stale,
        Class::Altered,
        Class::DeadLetters,
        Class::OtherSession,
    ];

    /// How a task can end.
    fn events(task: Task) -> Vec<Event> {
        let answers: &[Event] = match task {
            Write => &[Accepted, NoNetEffect, LeftOut, InDoubt, Fenced],
            RowByRow => &[Accepted, LeftOut, InDoubt, Fenced, SomeRefused],
            Compare => &[Accepted, NotFound, Fenced],
            CheckSchema | WriteNothing => &[Accepted],
            FindConflict | TryOthers => &[Found, NotFound],
            ReadCatalog => &[Accepted, CanNotFollow],
            TryCopy => &[Accepted, NotFound],
            Isolate | End => return NOTHING.to_vec(),
        };
        answers.iter().copied().chain(CLASSES.map(Failed)).collect()
    }

    fn tasks() -> impl Iterator<Item = Task> {
        EACH.iter().copied().chain([Isolate, End])
    }

    #[test]
    fn each_outcome_of_each_task_is_decided_whatever_the_conditions_are() {
        for task in tasks() {
            for event in events(task) {
                assert_ne!(decide(task, event, |_| false), Stop(Why::NoRule), "{task}: {event}");
            }
        }
    }

    #[test]
    fn each_rule_can_be_reached() {
        for (at, rule) in RULES.iter().enumerate() {
            let is_free = |task: Task, event: Event| {
                events(task).contains(&event)
                    && !RULES[..at].iter().any(|before| {
                        before.during.contains(&task)
                            && before.events.contains(&event)
                            && before.conditions.iter().all(|condition| rule.conditions.contains(condition))
                    })
            };
            let reached = rule.during.iter().any(|&task| rule.events.iter().any(|&event| is_free(task, event)));
            assert!(reached, "{rule:?}");
        }
    }

    fn words<T: ToString>(all: &[T]) -> String {
        all.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
    }

    /// The table as docs/writing-a-batch.md shows it.
    fn printed() -> String {
        let mut text = String::from("| while | outcome | if | then |\n|---|---|---|---|\n");
        for Rule { during, events, conditions, decision } in RULES {
            let during = match *during {
                EACH => "any request".to_owned(),
                OF_A_RANGE => format!("any request, except: {TryOthers}, {TryCopy}, {Compare}"),
                some => words(some),
            };
            let events = if *events == REFUSALS { "any refusal".to_owned() } else { words(events) };
            let conditions = conditions.iter().map(Condition::to_string).collect::<Vec<_>>().join("; ");
            text += &format!("| {during} | {events} | {conditions} | {decision} |\n");
        }
        text
    }

    #[test]
    fn the_table_in_the_docs_is_up_to_date() {
        let page = include_str!("../../../../docs/writing-a-batch.md");
        let table = printed();
        assert!(page.contains(&table), "docs/writing-a-batch.md must contain:\n{table}");
    }
}
