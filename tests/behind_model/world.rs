//! What can happen next, and what must always hold.

use crate::database::{Row, SessionId, Sessions};
use crate::protocol::{Batch, Mistake, Role, Statement, statements};
use crate::serial::explains;
use crate::state::{Case, State};
use crate::steps::Step;

/// The cases that are tried, and the mistake in the protocol.
pub struct World {
    pub cases: Vec<Case>,
    pub mistake: Option<Mistake>,
}

/// What must hold in each state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Property {
    EachKeyIsInOneTableAtMost,
    EachKeyIsAsAfterSomeOrderOfTheCommittedChanges,
    NoMoverMeetsItsKeyInTheParent,
    QueriesSeeEachCommittedRowOnce,
    NoSealWaitsInACircle,
    SomeSessionGoesOnUntilAllHaveEnded,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Step(SessionId),
    /// The transaction is rolled back at any point: a process is killed, or a session of the server. It is repeated.
    Lose(SessionId),
    /// COMMIT happens, but its answer is lost. The transaction is repeated.
    CommitUnanswered(SessionId),
    /// The server ends a transaction that waits in a circle. It is repeated.
    EndDeadlock(SessionId),
}

fn has_ended(case: &Case, state: &State, who: SessionId) -> bool {
    let all = match &case.roles[usize::from(who)] {
        Role::Writer(batches) => batches.len() as u8,
        Role::Mover { rounds, .. } => *rounds,
        Role::Sealer | Role::Dropper { .. } | Role::Merger { .. } | Role::Reader => 1,
    };
    state.sessions[usize::from(who)].done == all
}

/// What the session writes now.
fn batch<'a>(case: &'a Case, state: &State, who: SessionId) -> Option<&'a Batch> {
    match &case.roles[usize::from(who)] {
        Role::Writer(batches) => batches.get(usize::from(state.sessions[usize::from(who)].done)),
        Role::Mover { .. } | Role::Sealer | Role::Dropper { .. } | Role::Merger { .. } | Role::Reader => None,
    }
}

impl World {
    pub fn have_all_ended(&self, case: &Case, state: &State) -> bool {
        (0..case.roles.len()).all(|who| has_ended(case, state, who as SessionId))
    }

    /// The statement that runs, or the next one.
    fn statement(&self, case: &Case, state: &State, who: SessionId) -> Statement {
        let session = &state.sessions[usize::from(who)];
        let role = &case.roles[usize::from(who)];
        let mut all = statements(role, session.done.into(), session.staged, &session.known, self.mistake);
        all.swap_remove(session.at)
    }

    /// Everything that can happen in a state, with the state after it.
    pub fn next(&self, case: &Case, state: &State) -> Vec<(Action, State)> {
        let mut next = Vec::new();
        let mut waiting: Vec<(SessionId, Sessions)> = Vec::new();
        for who in (0..case.roles.len() as SessionId).filter(|who| !has_ended(case, state, *who)) {
            let statement = self.statement(case, state, who);
            let batch = batch(case, state, who);
            let step = || Step {
                state: state.clone(),
                who,
                statement: &statement,
                batch,
                all_keys: case.keys().collect(),
                forgets_marks: self.mistake == Some(Mistake::ReplacedRowsDeleted),
            };
            match step().make() {
                Ok(after) => next.push((Action::Step(who), after)),
                Err(waits_for) => waiting.push((who, waits_for)),
            }
            if state.losses > 0 && state.sessions[usize::from(who)].is_open {
                next.push((Action::Lose(who), rolled_back(state, who, state.losses - 1)));
                if batch.is_some() && statement == Statement::Commit {
                    next.push((Action::CommitUnanswered(who), step().commit_unanswered()));
                }
            }
        }
        for (who, _) in waiting.iter().filter(|(who, _)| waits_in_a_circle(*who, &waiting)) {
            let mut after = rolled_back(state, *who, state.losses);
            after.seal_deadlocked |= case.roles[usize::from(*who)] == Role::Sealer;
            next.push((Action::EndDeadlock(*who), after));
        }
        next
    }

    /// The properties that don't hold.
    pub fn broken(&self, case: &Case, state: &State, can_go_on: bool) -> Vec<Property> {
        let is_once = case.keys().all(|key| state.database.committed(key).count() < 2);
        let is_explained = case.keys().all(|key| {
            let effects: Vec<_> = state.effects.iter().enumerate().filter(|(_, effect)| effect.key == key).collect();
            let now: Option<Row> = state.database.committed(key).next().map(|(_, row)| row);
            explains(&effects, case.first_row(key), now)
        });
        let all = [
            (is_once, Property::EachKeyIsInOneTableAtMost),
            (is_explained, Property::EachKeyIsAsAfterSomeOrderOfTheCommittedChanges),
            (!state.met, Property::NoMoverMeetsItsKeyInTheParent),
            (!state.misread, Property::QueriesSeeEachCommittedRowOnce),
            (!state.seal_deadlocked, Property::NoSealWaitsInACircle),
            (can_go_on || self.have_all_ended(case, state), Property::SomeSessionGoesOnUntilAllHaveEnded),
        ];
        all.into_iter().filter(|(holds, _)| !holds).map(|(_, property)| property).collect()
    }

    /// What happens, in words, for the reader of a counterexample.
    pub fn describe(&self, case: &Case, state: &State, action: Action) -> String {
        match action {
            Action::Step(who) => {
                let session = &state.sessions[usize::from(who)];
                let goes_on = if session.work.is_empty() { "begins" } else { "goes on:" };
                format!("session {who}: {:?} {goes_on} {:?}", self.statement(case, state, who), session.work)
            }
            Action::Lose(who) => format!("session {who} is rolled back"),
            Action::CommitUnanswered(who) => format!("session {who} commits, and the answer is lost"),
            Action::EndDeadlock(who) => format!("session {who} is rolled back because of a deadlock"),
        }
    }
}

fn rolled_back(state: &State, who: SessionId, losses: u8) -> State {
    let mut next = State { losses, ..state.clone() };
    next.roll_back(who);
    next.tidy();
    next
}

/// Whether a session waits for others that wait for it.
fn waits_in_a_circle(who: SessionId, waiting: &[(SessionId, Sessions)]) -> bool {
    let waits_for = |who: SessionId| waiting.iter().find(|(other, _)| *other == who).map_or(0, |(_, others)| *others);
    let mut reached = waits_for(who);
    loop {
        let further = waiting.iter().filter(|(other, _)| reached & 1 << other != 0);
        let all = further.fold(reached, |all, (_, others)| all | others);
        if all == reached {
            return reached & 1 << who != 0;
        }
        reached = all;
    }
}
