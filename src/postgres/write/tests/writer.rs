//! A writer with a batch: the production's machine, rows and net effect, one step after another.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;
use std::time::{Duration, Instant};

use rand::Rng;

use super::database::{Claimed, Effect};
use super::records::{DeadLetter, Kind};
use super::world::{Mistake, Surroundings};
use crate::batch::{Batch, Op};
use crate::postgres::connect::classify::Class;
use crate::postgres::connect::failure::AttemptError;
use crate::postgres::schema::order::Keep;
use crate::postgres::write::machine::evidence::Evidence;
use crate::postgres::write::machine::{
    Action, BatchFacts, Effect as Carried, Facts, Machine, MachineSettings, Outcome, Request,
};
use crate::postgres::write::net_effect::net;
use crate::postgres::write::rows::Rows;
use crate::postgres::write::written::Written;
use crate::progress::Progress;
use crate::progress::ledger::{OwnStreams, StreamClaim, Verdict, compare};
use crate::settings::ConflictMode;

enum Phase {
    /// The machine says what is next.
    Next,
    Write {
        range: Range<usize>,
        row_by_row: bool,
    },
    Commit {
        id: u64,
        claims: Vec<StreamClaim>,
        outcome: Box<Outcome>,
    },
    Compare,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    GoesOn,
    /// The batch is written.
    Finished,
    /// The process must end.
    Stopped,
}

pub struct Writer {
    rows: Rows<'static>,
    machine: Machine<'static>,
    phase: Phase,
    rejected: BTreeSet<usize>,
    in_doubt: Option<Vec<StreamClaim>>,
    pub shards: u64,
}

/// What the writers of a process share.
pub struct Process<'p> {
    pub id: u32,
    pub own: &'p OwnStreams,
    pub progress: &'p Progress,
}

fn failure(code: &str, row: Option<usize>) -> AttemptError {
    let class = match code {
        "22P02" => Class::Value,
        "23503" => Class::Row,
        _ => Class::Outage,
    };
    let sqlstate = (code != "lost").then(|| code.to_owned());
    AttemptError { class, sqlstate, row, ..AttemptError::outage(code) }
}

impl Writer {
    pub fn new(batch: Batch, kind: Kind, evidence: &'static Evidence) -> Writer {
        let conflict_mode = match kind {
            Kind::WithoutKey => ConflictMode::Ignore,
            Kind::Changes(mode) => mode,
        };
        let settings =
            MachineSettings { conflict_mode, max_retry_times: 1, max_outage: None, greenplum: false, ledger: true };
        let shards = batch.shards;
        let entries = batch.chunks.iter().flat_map(|chunk| &chunk.entries).enumerate();
        let rejected = entries.filter(|(_, entry)| entry.op == Op::Reject).map(|(row, _)| row).collect();
        let rows = Rows::new(Cow::Owned(batch));
        let machine = Machine::new(settings, evidence, rows.units());
        Writer { rows, machine, phase: Phase::Next, rejected, in_doubt: None, shards }
    }

    pub fn step(&mut self, process: &Process<'_>, world: &mut Surroundings<'_>) -> Step {
        match std::mem::replace(&mut self.phase, Phase::Next) {
            Phase::Next => return self.next(process, world),
            Phase::Write { range, row_by_row } => self.write(range, row_by_row, process, world),
            Phase::Commit { id, claims, outcome } => self.commit(id, claims, *outcome, process, world),
            Phase::Compare => self.compare(process, world),
        }
        Step::GoesOn
    }

    fn ended(&mut self, outcome: &Outcome, now: Instant) {
        let facts = Facts { now, began: now, open_sessions: 2, away_since: None, is_staged: true };
        let batch = BatchFacts { rows: &self.rows, columns: &[], key: &[] };
        self.machine.ended(&batch, outcome, &facts);
    }

    /// Does what the machine says until it has a question that takes a step of its own.
    fn next(&mut self, process: &Process<'_>, world: &mut Surroundings<'_>) -> Step {
        loop {
            *world.clock += Duration::from_micros(10);
            let batch = BatchFacts { rows: &self.rows, columns: &[], key: &[] };
            let request = match self.machine.next(&batch, *world.clock) {
                Action::Settle(rows, _) => {
                    let all = self.rows.batch().chunks.iter().flat_map(|chunk| &chunk.entries);
                    process
                        .progress
                        .settle(all.skip(rows.start).take(rows.len()).map(|entry| (entry.stream, entry.ticket)));
                    continue;
                }
                Action::Reject(row, _) => {
                    self.rejected.insert(row);
                    self.rows.leave_out_row(row);
                    continue;
                }
                Action::Effect(Carried::Pause { .. }) => {
                    *world.clock += Duration::from_millis(200);
                    return Step::GoesOn;
                }
                Action::Effect(Carried::WaitForEvidence(time)) => {
                    *world.clock += time;
                    continue;
                }
                Action::Effect(_) => continue,
                Action::Stop(_) => return Step::Stopped,
                Action::Finish => return Step::Finished,
                Action::Request(request) => request,
            };
            let outcome = match request {
                Request::Write(range) => {
                    self.phase = Phase::Write { range, row_by_row: false };
                    return Step::GoesOn;
                }
                Request::WriteRowByRow(range, _) => {
                    self.phase = Phase::Write { range, row_by_row: true };
                    return Step::GoesOn;
                }
                Request::Compare => {
                    self.phase = Phase::Compare;
                    return Step::GoesOn;
                }
                Request::TryOthers(rows) => {
                    let good = rows.into_iter().find(|&row| self.refusal(row, world).is_none());
                    good.map_or(Outcome::NotFound, Outcome::Found)
                }
                Request::CheckSchema | Request::WriteNothing | Request::ReadCatalog | Request::TryCopy => {
                    Outcome::Passed
                }
                Request::FindConflict(range) => Outcome::Found(range.start),
            };
            self.ended(&outcome, *world.clock);
        }
    }

    /// The record and place of a row.
    fn place(&self, row: usize) -> DeadLetter {
        let mut all = self.rows.batch().chunks.iter().flat_map(|chunk| &chunk.entries);
        let entry = all.nth(row).expect("the row is in the batch");
        (entry.stream as usize, entry.offset, entry.produced_ms as u8)
    }

    /// The SQLSTATE with which the database refuses the row.
    fn refusal(&self, row: usize, world: &Surroundings<'_>) -> Option<&'static str> {
        let (partition, offset, place) = self.place(row);
        let records = &world.partitions[partition].records;
        let at = records.binary_search_by_key(&offset, |record| record.offset).expect("the record is there");
        records[at].entries[usize::from(place)].refused
    }

    fn write(&mut self, range: Range<usize>, row_by_row: bool, process: &Process<'_>, world: &mut Surroundings<'_>) {
        if world.happens(0.03) {
            return self.ended(&Outcome::Failed(failure("lost", None)), *world.clock);
        }
        let gathered = self.rows.gather_claims(range.clone());
        let claims = process.own.claims(&gathered);
        if claims.is_empty() {
            return self.ended(&Outcome::LeftOut, *world.clock);
        }
        let written: Vec<usize> = range.clone().filter(|&row| !self.rows.is_left_out(row)).collect();
        let refusals: Vec<Option<&str>> = range.clone().map(|row| self.refusal(row, world)).collect();
        let mut each = Vec::new();
        for row in range.clone() {
            each.push(match refusals[row - range.start] {
                _ if self.rows.is_left_out(row) => Ok(Written::default()),
                Some(code) => Err(failure(code, Some(row))),
                None => Ok(Written { inserted: 1, ..Written::default() }),
            });
        }
        let refused = each.iter().find_map(|outcome| outcome.as_ref().err()).cloned();
        match (refused, row_by_row) {
            (Some(failure), false) => return self.ended(&Outcome::Failed(failure), *world.clock),
            (Some(_), true) => return self.ended(&Outcome::SomeRefused(each), *world.clock),
            (None, _) => {}
        }
        let mut effects: Vec<Effect> = match row_by_row {
            true => written.iter().flat_map(|&row| self.effects(row..row + 1, world)).collect(),
            false => self.effects(range.clone(), world),
        };
        let dead = self.rejected.range(range.clone()).map(|&row| Effect::DeadLetter(self.place(row)));
        effects.extend(dead);
        let outcome = match row_by_row {
            true => Outcome::EachRow(each),
            false => Outcome::Accepted(Written { inserted: written.len() as u64, ..Written::default() }),
        };
        match world.database.claim(process.id, &claims, effects) {
            Claimed::By(id) => self.phase = Phase::Commit { id, claims, outcome: Box::new(outcome) },
            Claimed::Waits => self.phase = Phase::Write { range, row_by_row },
            Claimed::Unexpected => self.ended(&Outcome::Fenced(failure("fenced", None)), *world.clock),
        }
    }

    /// What a transaction over these rows does, by their net effect.
    fn effects(&mut self, range: Range<usize>, world: &Surroundings<'_>) -> Vec<Effect> {
        let keep = match world.kind {
            Kind::WithoutKey => Keep::All,
            Kind::Changes(ConflictMode::Ignore) => Keep::First,
            Kind::Changes(_) => Keep::Last,
        };
        if world.mistake == Some(Mistake::LastChangeOnly) && world.kind != Kind::WithoutKey {
            return self.last_changes(range);
        }
        let net = net(&mut self.rows, range, keep).expect("it depends on no row of the table");
        let deletes = net.deletes.iter().map(|&row| Effect::Delete(self.rows.key(row as usize).to_vec()));
        let rows = net
            .rows
            .iter()
            .map(|&row| Effect::Put(self.rows.key(row as usize).to_vec(), self.rows.row(row as usize).to_vec()));
        deletes.chain(rows).collect()
    }

    /// The mistake: of a key's changes only the last one counts.
    fn last_changes(&self, range: Range<usize>) -> Vec<Effect> {
        let is_last = |&row: &usize| !(row + 1..range.end).any(|later| self.rows.key(later) == self.rows.key(row));
        let effect = |row: usize| match self.rows.op(row) {
            Op::Delete => Effect::Delete(self.rows.key(row).to_vec()),
            Op::Insert | Op::Update | Op::Patch | Op::Reject => {
                Effect::Put(self.rows.key(row).to_vec(), self.rows.row(row).to_vec())
            }
        };
        range.clone().filter(is_last).map(effect).collect()
    }

    fn commit(
        &mut self,
        id: u64,
        claims: Vec<StreamClaim>,
        outcome: Outcome,
        process: &Process<'_>,
        world: &mut Surroundings<'_>,
    ) {
        let is_there = world.database.has(id);
        if is_there && !world.happens(0.15) {
            world.database.commit(id);
            process.own.committed(&claims);
            return self.ended(&outcome, *world.clock);
        }
        match world.random.random_range(0..3) {
            _ if !is_there => {}
            0 => world.database.commit(id),
            1 => world.database.roll_back(id),
            _ => world.database.lose(id),
        }
        if world.mistake == Some(Mistake::LostCommitRepeated) {
            // It is written again, from where the ledger is now.
            for claim in &claims {
                let positions = world.database.positions(claim.number);
                process.own.own(claim.index, claim.number, claim.epoch, &positions);
            }
            return self.ended(&Outcome::Failed(failure("lost", None)), *world.clock);
        }
        self.in_doubt = Some(claims);
        self.ended(&Outcome::InDoubt(Box::new(outcome), failure("lost", None)), *world.clock);
    }

    fn compare(&mut self, process: &Process<'_>, world: &mut Surroundings<'_>) {
        if world.happens(0.1) {
            return self.ended(&Outcome::Failed(failure("lost", None)), *world.clock);
        }
        let claims = self.in_doubt.clone().unwrap_or_default();
        let Some(rows) = world.database.claimed_rows(&claims) else {
            // The lost transaction's session is ended. The transaction may have been committed before.
            world.decide_one();
            self.phase = Phase::Compare;
            return;
        };
        let comparison = compare(&claims, &rows);
        let verdict = if comparison.lost.is_empty() { comparison.verdict } else { Verdict::Fenced };
        self.in_doubt = None;
        let outcome = match verdict {
            Verdict::Durable => {
                process.own.committed(&claims);
                Outcome::Passed
            }
            Verdict::NotWritten => Outcome::NotFound,
            Verdict::Fenced => Outcome::Fenced(failure("fenced", None)),
        };
        self.ended(&outcome, *world.clock);
    }
}
