//! What a decision changes, and the actions it leads to.

use std::ops::Range;
use std::time::{Duration, Instant};

use super::evidence::{ChangeKind, KINDS};
use super::held::HeldRow;
use super::rule::{Decision, Event, Task, Why};
use super::rules::{LOCK_WAIT, SESSION_WAIT};
use super::situation::Ended;
use super::{Action, BatchFacts, Doubt, Effect, Facts, Machine, Outcome, Refusal, StopReason};
use crate::postgres::connect::classify::Class;
use crate::postgres::connect::failure::AttemptError;
use crate::postgres::write::written::Written;
use crate::settings::ConflictMode;

/// How often to check for evidence of other writers.
const CHECK_EVERY: Duration = Duration::from_millis(20);

impl Machine<'_> {
    pub(super) fn carry_out(&mut self, decision: Decision, batch: &BatchFacts<'_>, ended: &Ended<'_>) {
        let (failure, facts) = (ended.failure(), &ended.facts);
        if matches!(ended.event, Event::Failed(Class::Outage | Class::Login) | Event::InDoubt) {
            self.effect(Effect::DoubtSessions);
        }
        match decision {
            Decision::Settle => {
                if let Some(Outcome::Accepted(written)) = ended.outcome {
                    self.settle(batch, *written, facts.began);
                }
            }
            Decision::SettleInDoubt => self.settle_in_doubt(batch, ended),
            Decision::IgnoreRow => self.settle(batch, Written { ignored: 1, ..Written::default() }, facts.began),
            Decision::SettleEachRow => {
                if let Some(Outcome::EachRow(rows)) = ended.outcome {
                    self.settle_each(batch, rows, ended);
                }
            }
            Decision::SettleLeftOut => {
                self.work.settled();
                self.actions.push_back(Action::Settle(self.range.clone(), Written::default()));
            }
            Decision::Hold => self.hold(batch, ended),
            Decision::HoldEach => {
                if let Some(Outcome::SomeRefused(rows)) = ended.outcome {
                    self.hold_each(batch, rows, ended);
                }
            }
            Decision::RejectHeld => self.found_evidence(ended),
            Decision::RejectFirst => {
                let released = self.held.release_first();
                self.reject(released);
                self.begin_new_end();
            }
            Decision::Do(task) => self.do_next(task, ended),
            Decision::SplitAtNamedRow => {
                let named = self.refusal.as_ref().and_then(|refusal| refusal.failure.row);
                self.work.split(named.map(|row| batch.rows.unit_of(row)));
            }
            Decision::Halve => self.work.split(None),
            Decision::HalveForTime => {
                self.effect(Effect::CountRetry);
                self.work.split_for_time();
            }
            Decision::UseStagingTable => self.effect(Effect::UseStagingTable),
            Decision::WriteAgain => {
                self.doubt = None;
                self.effect(Effect::CountRetry);
            }
            Decision::NewSession => {
                self.tried.replaced = true;
                self.effect(Effect::CountRetry);
            }
            Decision::NewSessions => {
                match ended.event == Event::Failed(Class::Stale) {
                    true => self.tried.replanned = true,
                    false => self.tried.renewed = true,
                }
                self.effect(Effect::NewSessions);
                self.effect(Effect::CountRetry);
            }
            Decision::CopyTellsNothing => self.copy_was_tried(),
            Decision::OthersTellNothing => self.others_were_tried(),
            Decision::WriteForNewSchema => {
                self.tried.catalog_read = true;
                self.effect(Effect::CountRetry);
            }
            Decision::PauseForSchema => {
                self.effect(Effect::CountRetry);
                self.pause(Some(LOCK_WAIT));
            }
            Decision::UseOneRetry => {
                self.tried.repeats += 1;
                self.effect(Effect::CountRetry);
                self.pause(None);
            }
            Decision::Wait(at_most) => self.wait(at_most, ended),
            Decision::WaitForOther => {
                self.tried.added_keys += 1;
                self.wait(LOCK_WAIT, ended);
            }
            Decision::WaitForServer => {
                self.note_outage(failure);
                self.effect(Effect::CountRetry);
                self.pause(None);
            }
            Decision::WorkBehindPooler => {
                self.effect(Effect::WorkBehindPooler);
                self.effect(Effect::CountRetry);
                self.pause(Some(SESSION_WAIT));
            }
            Decision::WaitForEvidence => self.effect(Effect::WaitForEvidence(CHECK_EVERY)),
            Decision::Stop(why) => self.stop(why, ended),
            Decision::Finish => self.actions.push_back(Action::Finish),
        }
    }

    fn do_next(&mut self, task: Task, ended: &Ended<'_>) {
        match ended.task {
            Task::CheckSchema => self.checked.table = true,
            Task::WriteNothing => self.checked.statements = true,
            _ => {}
        }
        if let Some(Outcome::InDoubt(outcome, _)) = ended.outcome {
            self.doubt = Some(Doubt { outcome: (**outcome).clone(), began: ended.facts.began });
        }
        if let Some(failure) = ended.failure() {
            self.refusal = Some(Refusal { failure: failure.clone(), at_once: ended.task == Task::Write });
        }
        self.task = Some(task);
    }

    fn effect(&mut self, effect: Effect) {
        self.actions.push_back(Action::Effect(effect));
    }

    fn note_outage(&mut self, failure: Option<&AttemptError>) {
        if let Some(failure) = failure {
            self.effect(Effect::NoteOutage(failure.clone()));
        }
    }

    fn pause(&mut self, at_most: Option<Duration>) {
        self.effect(Effect::Pause { attempt: self.tried.pauses, at_most });
        self.tried.pauses += 1;
    }

    /// Waits because of a cause that will pass.
    fn wait(&mut self, at_most: Duration, ended: &Ended<'_>) {
        let since = *self.tried.waiting.get_or_insert(ended.facts.began);
        self.effect(Effect::CountRetry);
        if let Some(failure) = ended.failure() {
            self.effect(Effect::NoteWait(since, failure.clone()));
        }
        self.pause(Some(at_most));
    }

    fn succeeded(&mut self) {
        self.tried.succeeded();
        self.effect(Effect::NoteAnswer);
    }

    /// A transaction over the range is durable.
    fn settle(&mut self, batch: &BatchFacts<'_>, written: Written, began: Instant) {
        self.succeeded();
        self.work.settled();
        let has_rows = written.inserted + written.ignored > 0;
        for kind in KINDS {
            let is_there = match (batch.rows.has_changes, kind) {
                (false, ChangeKind::Row) => has_rows,
                (false, ChangeKind::Patch | ChangeKind::Delete) => false,
                (true, ChangeKind::Delete) => written.deleted > 0,
                (true, ChangeKind::Row | ChangeKind::Patch) => {
                    let is_one =
                        |row: usize| ChangeKind::from(batch.rows.op(row)) == kind && !batch.rows.is_left_out(row);
                    has_rows && self.range.clone().any(is_one)
                }
            };
            if is_there {
                self.evidence.accepted(kind, began);
                self.release(kind);
            }
        }
        self.actions.push_back(Action::Settle(self.range.clone(), written));
    }

    /// The transaction whose COMMIT was not answered is durable.
    fn settle_in_doubt(&mut self, batch: &BatchFacts<'_>, ended: &Ended<'_>) {
        let Some(Doubt { outcome, began }) = self.doubt.take() else { return };
        match &outcome {
            Outcome::Accepted(written) => self.settle(batch, *written, began),
            Outcome::EachRow(rows) => {
                let facts = Facts { began, ..ended.facts };
                let ended = Ended { task: Task::RowByRow, event: Event::Accepted, outcome: None, facts };
                self.settle_each(batch, rows, &ended);
            }
            // No other outcome has a COMMIT.
            Outcome::NoNetEffect
            | Outcome::LeftOut
            | Outcome::Passed
            | Outcome::CanNotFollow(_)
            | Outcome::Found(_)
            | Outcome::NotFound
            | Outcome::InDoubt(..)
            | Outcome::Fenced(_)
            | Outcome::SomeRefused(_)
            | Outcome::Failed(_) => {}
        }
    }

    /// Some rows were refused when they were written row by row, so nothing was committed. Nevertheless the rows that were accepted are
    /// evidence.
    fn hold_each(&mut self, batch: &BatchFacts<'_>, rows: &[Result<Written, AttemptError>], ended: &Ended<'_>) {
        let mode = self.settings.conflict_mode;
        let proved = self.held.proved;
        for (row, outcome) in self.range.clone().zip(rows) {
            if let Ok(written) = outcome
                && *written != Written::default()
            {
                let kind = ChangeKind::from(batch.rows.op(row));
                self.evidence.accepted(kind, ended.facts.began);
                self.held.prove(kind, row);
            }
        }
        for (row, outcome) in self.range.clone().zip(rows) {
            match outcome {
                Err(failure) if !is_ignored(failure, mode) => self.hold_row(batch, row, failure, ended.facts.now),
                Ok(_) | Err(_) => {}
            }
        }
        // What was accepted now is no evidence against a row that a later attempt refuses: then the table may be the cause.
        self.held.proved = proved;
        self.may_try_others = true;
    }

    /// Rows were written row by row: those that were accepted are durable.
    fn settle_each(&mut self, batch: &BatchFacts<'_>, rows: &[Result<Written, AttemptError>], ended: &Ended<'_>) {
        self.succeeded();
        self.work.settled();
        let mode = self.settings.conflict_mode;
        let (mut start, mut written) = (self.range.start, Written::default());
        for (row, outcome) in self.range.clone().zip(rows) {
            match outcome {
                // Left out: its partition belongs to another process, or it was rejected before.
                Ok(none) if *none == Written::default() => {}
                Ok(one) => {
                    let kind = ChangeKind::from(batch.rows.op(row));
                    self.evidence.accepted(kind, ended.facts.began);
                    if self.held.has(kind) {
                        self.settle_some(start..row, std::mem::take(&mut written));
                        start = row;
                        self.release(kind);
                    }
                    written += *one;
                }
                Err(failure) if is_ignored(failure, mode) => {
                    written.ignored += 1;
                }
                Err(failure) => {
                    self.settle_some(start..row, std::mem::take(&mut written));
                    start = row + 1;
                    self.hold_row(batch, row, failure, ended.facts.now);
                }
            }
        }
        self.settle_some(start..self.range.end, written);
        self.may_try_others = true;
    }

    fn settle_some(&mut self, rows: Range<usize>, written: Written) {
        if !rows.is_empty() {
            self.actions.push_back(Action::Settle(rows, written));
        }
    }

    /// The range can't be divided any more, and it was refused.
    fn hold(&mut self, batch: &BatchFacts<'_>, ended: &Ended<'_>) {
        let failure = match ended.failure() {
            Some(failure) => failure.clone(),
            None => match &self.refusal {
                Some(refusal) => refusal.failure.clone(),
                None => return,
            },
        };
        if !self.settings.ledger {
            self.work.settled();
        }
        for row in self.range.clone() {
            // With a ledger the range is written again without its rejected rows.
            if !batch.rows.is_left_out(row) {
                self.hold_row(batch, row, &failure, ended.facts.now);
            }
        }
        self.may_try_others = true;
    }

    fn hold_row(&mut self, batch: &BatchFacts<'_>, row: usize, failure: &AttemptError, now: Instant) {
        let rejected = self.held.hold(batch, row, failure, self.evidence, now);
        self.actions.extend(rejected.map(|failure| Action::Reject(row, failure)));
    }

    fn release(&mut self, kind: ChangeKind) {
        let released = self.held.release(kind);
        self.reject(released);
    }

    fn reject(&mut self, released: Vec<HeldRow>) {
        self.actions.extend(released.into_iter().map(|held| Action::Reject(held.row, held.failure)));
    }

    /// Other rows are accepted, so those held back are at fault.
    fn found_evidence(&mut self, ended: &Ended<'_>) {
        let kind = match (ended.task, ended.outcome) {
            (Task::TryOthers, Some(Outcome::Found(row))) => {
                let kind = self.held.kind_in_question(self.evidence);
                if let Some(kind) = kind {
                    self.evidence.accepted(kind, ended.facts.began);
                    self.held.prove(kind, *row);
                }
                kind
            }
            _ => self.held.first().map(|held| held.kind),
        };
        match ended.task {
            Task::TryCopy => self.copy_was_tried(),
            Task::TryOthers => self.others_were_tried(),
            _ => {}
        }
        if let Some(kind) = kind {
            self.release(kind);
            self.begin_new_end();
        }
    }

    /// With a ledger, each row that is held back has its own wait for evidence, and its own trials.
    fn begin_new_end(&mut self) {
        if self.settings.ledger {
            self.end = None;
        }
    }

    fn others_were_tried(&mut self) {
        if let Some(end) = &mut self.end {
            end.others_tried = true;
        }
    }

    fn copy_was_tried(&mut self) {
        if let Some(end) = &mut self.end {
            end.copy_tried = true;
        }
    }

    /// The row of the range that the server named as the one in conflict. Greenplum 6 names a line of one segment.
    pub(super) fn named_row(&self, failure: Option<&AttemptError>) -> Option<usize> {
        failure.and_then(|failure| failure.row).filter(|_| !self.settings.greenplum)
    }

    fn stop(&mut self, why: Why, ended: &Ended<'_>) {
        let failure = ended.failure().cloned();
        if why == Why::AwayTooLong {
            self.note_outage(failure.as_ref());
        }
        let reason = match why {
            Why::Conflict => self.conflict(ended),
            Why::NotTheRows => failure.map(StopReason::NotTheRows),
            Why::NotTheHeldRows => self.held_failure(ended.task).map(StopReason::NotTheRows),
            Why::DeadLetters => failure.map(StopReason::DeadLetters),
            Why::CanNotFollow => match (ended.outcome, &self.refusal) {
                (Some(Outcome::CanNotFollow(why)), Some(Refusal { failure, .. })) => {
                    Some(StopReason::CanNotFollow(failure.text.clone(), why.clone()))
                }
                _ => None,
            },
            Why::AwayTooLong => failure.map(StopReason::AwayTooLong),
            Why::WaitedTooLong => {
                let since = self.tried.waiting.unwrap_or(ended.facts.began);
                failure.map(|failure| StopReason::WaitedTooLong(since, failure))
            }
            Why::Fenced => failure.map(StopReason::Fenced),
            Why::NoRule => None,
        };
        self.actions.push_back(Action::Stop(reason.unwrap_or(StopReason::NoRule(ended.task, ended.event))));
    }

    /// With `strict`: the refusal, and the row if it is known.
    fn conflict(&self, ended: &Ended<'_>) -> Option<StopReason> {
        let refused = self.refusal.as_ref().map(|refusal| &refusal.failure);
        let (row, failure) = match (ended.task, ended.outcome) {
            (Task::FindConflict, Some(Outcome::Found(row))) => (Some(*row), refused),
            (Task::FindConflict, _) => (None, refused),
            (Task::Write, _) if self.range.len() == 1 => (Some(self.range.start), ended.failure()),
            (Task::Write, _) => (self.named_row(ended.failure()), ended.failure()),
            _ => (ended.failure().and_then(|failure| failure.row), ended.failure()),
        };
        failure.map(|failure| StopReason::Conflict(row, failure.clone()))
    }

    /// The error of the row that is held back, and that the task was about.
    fn held_failure(&self, task: Task) -> Option<AttemptError> {
        let held = match task {
            Task::TryOthers => self.held.last_undecided(self.held.kind_in_question(self.evidence)?),
            _ => self.held.first(),
        };
        held.map(|held| held.failure.clone())
    }
}

/// Whether the conflict mode leaves the row out.
pub fn is_ignored(failure: &AttemptError, mode: ConflictMode) -> bool {
    mode == ConflictMode::Ignore && failure.class == Class::Conflict && !failure.is("21000")
}
