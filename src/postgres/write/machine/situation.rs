//! Whether a condition of a rule holds.

use std::time::{Duration, Instant};

use super::Machine;
use super::action::{BatchFacts, Facts, Outcome};
use super::rule::{Condition, Event, Task};
use crate::postgres::connect::failure::AttemptError;
use crate::settings::ConflictMode;

/// The most units that are written row by row in one transaction: more are halved first.
const MOST_UNITS: usize = 64;

/// How often a batch is tried again when another transaction has added one of its keys, before it is written row by row.
const MOST_ADDED_KEYS: u32 = 5;

/// What has ended, and how.
pub struct Ended<'o> {
    pub task: Task,
    pub event: Event,
    pub outcome: Option<&'o Outcome>,
    pub facts: Facts,
}

impl<'o> Ended<'o> {
    pub fn failure(&self) -> Option<&'o AttemptError> {
        match self.outcome {
            Some(Outcome::Failed(failure) | Outcome::InDoubt(_, failure) | Outcome::Fenced(failure)) => Some(failure),
            _ => None,
        }
    }
}

/// What is known when a decision is made.
pub struct Situation<'s> {
    pub machine: &'s Machine<'s>,
    pub batch: &'s BatchFacts<'s>,
    pub ended: &'s Ended<'s>,
}

impl Situation<'_> {
    pub fn holds(&self, condition: Condition) -> bool {
        let Machine { settings, tried, checked, held, evidence, range, .. } = self.machine;
        let facts = &self.ended.facts;
        match condition {
            Condition::SeveralUnits => self.batch.units(range) > 1,
            Condition::ManyUnits => self.batch.units(range) > MOST_UNITS,
            Condition::SeveralRows => range.len() > 1,
            Condition::OneRow => range.len() == 1,
            Condition::AtOnce => self.machine.refusal.as_ref().is_some_and(|refusal| refusal.at_once),
            Condition::FirstLoss => {
                // A silent server has been asked for a new session already.
                !tried.replaced && self.failure().is_none_or(|failure| failure.silent_since.is_none())
            }
            Condition::NoMoreSessions => self.is("53300") && facts.open_sessions > 0,
            Condition::AwayTooLong => {
                let silent_since = self.failure().and_then(|failure| failure.silent_since);
                self.is_over(facts.away_since.or(silent_since).unwrap_or(facts.now))
            }
            Condition::WaitedTooLong => self.is_over(tried.waiting.unwrap_or(facts.began)),
            Condition::Strict => settings.conflict_mode == ConflictMode::Strict,
            Condition::Upsert => settings.conflict_mode == ConflictMode::Upsert,
            Condition::Ignore => settings.conflict_mode == ConflictMode::Ignore,
            Condition::RowIsKnown => range.len() == 1 || self.machine.named_row(self.failure()).is_some(),
            Condition::NotStaged => !facts.is_staged,
            Condition::KeyWasAdded => {
                self.failure().is_some_and(|failure| failure.violates_key(self.batch.key))
                    && (tried.added_keys < MOST_ADDED_KEYS || range.len() == 1)
            }
            Condition::NotTwiceInStatement => !self.is("21000"),
            // A plan or a staging table from before the table was altered: a new session makes them again.
            Condition::NewSessionMayHelp => !tried.renewed && !self.is("42501"),
            Condition::NewPlanMayHelp => !tried.replanned,
            Condition::FirstReading => !tried.catalog_read,
            Condition::RetriesLeft => tried.repeats < settings.max_retry_times,
            Condition::SchemaUnchecked => !checked.table,
            Condition::StatementsUnchecked => !checked.statements,
            Condition::SameError => {
                let code = self.failure().and_then(|failure| failure.sqlstate.as_ref());
                !self.is("42501") && held.first().is_some_and(|held| held.failure.sqlstate.as_ref() == code)
            }
            Condition::NothingHeld => held.first().is_none(),
            Condition::OthersAccepted => held.others_are_accepted(evidence),
            Condition::OthersMayTell => {
                !held.rows_to_try(self.batch, evidence).is_empty()
                    && self.machine.end.as_ref().is_some_and(|end| !end.others_tried)
            }
            Condition::FewRefused => held.kind_to_try(evidence).is_none(),
            Condition::CopyMayTell => {
                held.copy_may_tell() && self.machine.end.as_ref().is_some_and(|end| !end.copy_tried)
            }
            Condition::WaitedForEvidence => self.machine.end.as_ref().is_some_and(|end| facts.now >= end.deadline),
            Condition::NoEvidence => held.lacks_evidence(evidence),
            Condition::Ledger => settings.ledger,
        }
    }

    fn failure(&self) -> Option<&AttemptError> {
        self.ended.failure()
    }

    fn is(&self, sqlstate: &str) -> bool {
        self.failure().is_some_and(|failure| failure.is(sqlstate))
    }

    /// Whether `max.outage` is over since then.
    fn is_over(&self, since: Instant) -> bool {
        let passed: Duration = self.ended.facts.now.saturating_duration_since(since);
        self.machine.settings.max_outage.is_some_and(|longest| passed >= longest)
    }
}
