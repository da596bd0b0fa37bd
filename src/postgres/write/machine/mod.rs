//! Writing a batch as a state machine: from its first attempt until every row is settled.
//!
//! The machine does no I/O and has no clock. [`Machine::next`] gives the next [`Action`]. Where that is a [`Request`], the
//! loop ([`run`]) asks the server and reports the [`Outcome`] with [`Machine::ended`]. What is done after each outcome stands
//! in one table ([`rules`]); docs/writing-a-batch.md shows it.

pub mod action;
mod carry_out;
pub mod evidence;
mod held;
mod isolate;
mod rule;
mod rules;
pub mod run;
mod situation;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::ops::Range;
use std::time::{Duration, Instant};

pub use self::carry_out::is_ignored;

pub use self::action::{Action, BatchFacts, Effect, Facts, Outcome, Request, RowByRow, StopReason};

use self::evidence::{Evidence, LONGEST_WAIT};
use self::held::Held;
use self::isolate::Isolation;
use self::rule::{Event, Task};
use self::rules::decide;
use self::situation::{Ended, Situation};
use crate::postgres::connect::failure::AttemptError;
use crate::settings::ConflictMode;

/// What was configured, and what the server is.
#[derive(Debug, Clone, Copy)]
pub struct MachineSettings {
    pub conflict_mode: ConflictMode,
    pub max_retry_times: u32,
    pub max_outage: Option<Duration>,
    pub greenplum: bool,
    /// What was written is stored in a ledger, in the rows' own transactions. Then rows after a refused one are written only when it is
    /// decided whether that one is rejected.
    pub ledger: bool,
}

/// What was tried already.
#[derive(Debug, Default)]
struct Tried {
    /// Pauses since the last success.
    pauses: u32,
    /// Repeats of a refusal of class *other*.
    repeats: u32,
    /// How often another transaction had added one of the keys.
    added_keys: u32,
    /// A new session was tried against a refusal of class *configuration*.
    renewed: bool,
    /// Since the last success a lost session was replaced without a wait.
    replaced: bool,
    /// Since the last success new sessions were tried because a plan no longer fitted the table.
    replanned: bool,
    /// Since the last success the catalog was read.
    catalog_read: bool,
    /// Since when rows have waited for a cause that will pass.
    waiting: Option<Instant>,
}

impl Tried {
    /// The server has done what it was asked.
    fn succeeded(&mut self) {
        let Tried { repeats, added_keys, renewed, .. } = *self;
        *self = Tried { repeats, added_keys, renewed, ..Tried::default() };
    }
}

/// What was checked before the first row is held back or rejected. It holds for one schema version.
#[derive(Debug, Default)]
struct Checked {
    table: bool,
    /// The server accepts the statements without any row.
    statements: bool,
}

/// A failure that led to further questions.
#[derive(Debug)]
struct Refusal {
    failure: AttemptError,
    /// The rows were written at once, and not row by row.
    at_once: bool,
}

/// What is done at the end, when all rows were tried. With a ledger: when those before the one held back are written.
#[derive(Debug)]
struct End {
    deadline: Instant,
    others_tried: bool,
    copy_tried: bool,
}

/// COMMIT was sent and not answered.
#[derive(Debug)]
struct Doubt {
    /// What became of the rows, if the transaction was committed.
    outcome: Outcome,
    /// When the transaction began.
    began: Instant,
}

/// A batch that is being written.
pub struct Machine<'a> {
    settings: MachineSettings,
    evidence: &'a Evidence,
    /// What is still to be settled, counted in units, not rows.
    work: Isolation,
    /// What is being done; `None`: it is still to be chosen.
    task: Option<Task>,
    /// The rows that it is about.
    range: Range<usize>,
    /// The failure that led to the task.
    refusal: Option<Refusal>,
    tried: Tried,
    checked: Checked,
    held: Held,
    /// Rows were refused alone: if this has happened often enough, other rows are tried.
    may_try_others: bool,
    end: Option<End>,
    /// Until it is known what became of this transaction, nothing else is done.
    doubt: Option<Doubt>,
    actions: VecDeque<Action>,
}

impl<'a> Machine<'a> {
    pub fn new(settings: MachineSettings, evidence: &'a Evidence, units: usize) -> Self {
        Machine {
            settings,
            evidence,
            work: Isolation::new(units),
            task: None,
            range: 0..0,
            refusal: None,
            tried: Tried::default(),
            checked: Checked::default(),
            held: Held::new(settings.greenplum),
            may_try_others: false,
            end: None,
            doubt: None,
            actions: VecDeque::new(),
        }
    }

    /// The next thing to do. A request is given again until it has ended.
    pub fn next(&mut self, batch: &BatchFacts<'_>, now: Instant) -> Action {
        loop {
            if let Some(action) = self.actions.pop_front() {
                return action;
            }
            let task = match self.task {
                Some(task) => task,
                None => self.choose(batch),
            };
            self.task = Some(task);
            let range = self.range.clone();
            return Action::Request(match task {
                Task::Write => Request::Write(range),
                Task::RowByRow => Request::WriteRowByRow(range, self.row_by_row()),
                Task::CheckSchema => Request::CheckSchema,
                Task::WriteNothing => Request::WriteNothing,
                Task::FindConflict => Request::FindConflict(range),
                Task::ReadCatalog => Request::ReadCatalog,
                Task::TryOthers => Request::TryOthers(self.held.rows_to_try(batch, self.evidence)),
                Task::TryCopy => Request::TryCopy,
                Task::Compare => Request::Compare,
                Task::Isolate | Task::End => {
                    self.decide_alone(task, batch, now);
                    continue;
                }
            });
        }
    }

    /// The rows are encoded for another schema version now: what was found out about the former one no longer counts.
    pub fn table_altered(&mut self) {
        self.checked = Checked::default();
        self.task = None;
    }

    /// The request that [`Machine::next`] gave last has ended.
    pub fn ended(&mut self, batch: &BatchFacts<'_>, outcome: &Outcome, facts: &Facts) {
        let Some(task) = self.task.take() else { return };
        let ended = Ended { task, event: outcome.event(), outcome: Some(outcome), facts: *facts };
        self.decide(batch, &ended);
    }

    /// Decides by what is known already.
    fn decide_alone(&mut self, task: Task, batch: &BatchFacts<'_>, now: Instant) {
        self.task = None;
        if task == Task::End {
            self.end.get_or_insert(End { deadline: now + LONGEST_WAIT, others_tried: false, copy_tried: false });
        }
        self.decide(batch, &Ended { task, event: Event::None, outcome: None, facts: Facts::at(now) });
    }

    fn decide(&mut self, batch: &BatchFacts<'_>, ended: &Ended<'_>) {
        let situation = Situation { machine: self, batch, ended };
        let decision = decide(ended.task, ended.event, |condition| situation.holds(condition));
        self.carry_out(decision, batch, ended);
    }

    fn choose(&mut self, batch: &BatchFacts<'_>) -> Task {
        if self.doubt.is_some() {
            return Task::Compare;
        }
        if self.may_try_others && self.held.kind_to_try(self.evidence).is_some() {
            return Task::TryOthers;
        }
        self.may_try_others = false;
        if self.settings.ledger && self.held.first().is_some() {
            return Task::End;
        }
        match self.work.next() {
            Some(units) => {
                self.range = batch.rows.rows_of(&units);
                Task::Write
            }
            None => Task::End,
        }
    }

    fn row_by_row(&self) -> RowByRow {
        RowByRow { repeats: self.tried.repeats < self.settings.max_retry_times, renews: !self.tried.renewed }
    }
}
