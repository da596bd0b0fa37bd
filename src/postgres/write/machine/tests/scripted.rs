//! A server that answers the machine as a script says, on a clock of its own. It also checks what the machine does: a row is
//! settled once, and only if the server has it; a row is rejected only on evidence.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::ops::Range;
use std::time::{Duration, Instant};

use super::script::{Ending, Fate, RowEnd, Script, StopKind, failure, is_certain};
use crate::batch::{Batch, Chunk, Op, RowEntry, RowFormat};
use crate::error::{Error, Result};
use crate::postgres::connect::backoff::Backoff;
use crate::postgres::connect::classify::Class;
use crate::postgres::connect::failure::AttemptError;
use crate::postgres::connect::outage::Outage;
use crate::postgres::write::machine::evidence::{ChangeKind, Evidence};
use crate::postgres::write::machine::run::{World, run};
use crate::postgres::write::machine::{
    BatchFacts, Effect, Facts, Machine, MachineSettings, Outcome, Request, RowByRow, StopReason, is_ignored,
};
use crate::postgres::write::rows::Rows;
use crate::postgres::write::written::Written;
use crate::settings::{ConflictMode, RowOrigin};

/// More requests than any script needs.
const TOO_MANY: usize = 20_000;

/// What the server has said of the rows of a kind.
#[derive(Debug, Default, Clone, Copy)]
struct Said {
    accepted: Option<Instant>,
    /// The last row that was accepted in a trial.
    tried: Option<usize>,
}

struct ScriptedServer<'s> {
    script: &'s Script,
    rows: Rows<'s>,
    key: Vec<String>,
    clock: Instant,
    began: Instant,
    requests: usize,
    failures: VecDeque<Option<&'static str>>,
    outage: Outage,
    away_until: Option<Instant>,
    is_staged: bool,
    ends: Vec<RowEnd>,
    /// Rows that the server has committed.
    committed: Vec<bool>,
    /// When a row was last refused alone, and why.
    refused: Vec<Option<(Instant, String)>>,
    said: [Said; 3],
    copied: Option<Instant>,
    lost: VecDeque<Option<bool>>,
    /// A COMMIT was not answered, and whether it was carried out.
    in_doubt: Option<bool>,
    /// With a ledger: the rows before this one are claimed.
    claimed: usize,
}

/// Runs the machine to its end.
pub fn play(script: &Script) -> Ending {
    let batch = batch(&script.rows);
    let start = Instant::now();
    let mut server = ScriptedServer {
        script,
        rows: Rows::new(Cow::Borrowed(&batch)),
        key: vec!["id".to_owned()],
        clock: start,
        began: start,
        requests: 0,
        failures: script.failures.iter().copied().collect(),
        outage: Outage::new(script.max_outage, RowOrigin::Job),
        away_until: None,
        is_staged: false,
        ends: vec![RowEnd::Open; script.rows.len()],
        committed: vec![false; script.rows.len()],
        refused: vec![None; script.rows.len()],
        said: Default::default(),
        copied: None,
        lost: script.lost.iter().flatten().copied().collect(),
        in_doubt: None,
        claimed: 0,
    };
    let settings = MachineSettings {
        conflict_mode: script.mode,
        max_retry_times: 3,
        max_outage: script.max_outage,
        greenplum: false,
        ledger: script.lost.is_some(),
    };
    let evidence = Evidence::default();
    let mut machine = Machine::new(settings, &evidence, server.rows.units());
    let result = run(&mut machine, &mut server).map_err(|error| stop_kind(&error));
    assert!(script.lost.is_none() || result.is_err() || server.claimed == script.rows.len(), "rows are not claimed");
    Ending { result, rows: server.ends, requests: server.requests, took: server.clock - start }
}

fn batch(rows: &[(Op, Fate, bool)]) -> Batch {
    let mut chunk = Chunk::default();
    let mut offset = 0;
    for (op, _, continues) in rows {
        offset += i64::from(!continues);
        chunk.entries.push(RowEntry {
            stream: 0,
            format: RowFormat::Text,
            op: *op,
            schema_version: 0,
            row_len: 0,
            key_len: 0,
            original_len: 0,
            key_hash: 0,
            offset,
            ticket: offset as u64,
            produced_ms: 0,
        });
    }
    Batch { chunks: vec![chunk], shards: 1 }
}

/// The loop returns an `Error`, whose text has the kind of the stop.
fn stop_kind(error: &Error) -> StopKind {
    let text = error.to_string();
    let all = [
        StopKind::Conflict,
        StopKind::NotTheRows,
        StopKind::DeadLetters,
        StopKind::CanNotFollow,
        StopKind::AwayTooLong,
        StopKind::WaitedTooLong,
        StopKind::Fenced,
        StopKind::NoRule,
    ];
    all.into_iter().find(|kind| text.contains(&format!("{kind:?}"))).unwrap_or_else(|| panic!("{text}"))
}

impl ScriptedServer<'_> {
    fn kind(&self, row: usize) -> ChangeKind {
        ChangeKind::from(self.rows.op(row))
    }

    fn fate(&self, row: usize) -> Fate {
        match self.script.broken {
            Some(code) => Fate::Refused(code),
            None => self.script.rows[row].1,
        }
    }

    fn accept(&mut self, kind: ChangeKind) {
        self.said[kind as usize].accepted = Some(self.clock);
    }

    fn commit(&mut self, row: usize) {
        assert!(!self.committed[row], "row {row} is written twice");
        self.committed[row] = true;
        self.accept(self.kind(row));
    }

    /// A row was refused alone. If it is only ignored because of its key, everything else in it was accepted.
    fn refuse(&mut self, row: usize, code: &str) {
        self.refused[row] = Some((self.clock, code.to_owned()));
        if self.script.mode == ConflictMode::Ignore && matches!(code, "23505" | "key") {
            self.accept(self.kind(row));
        }
    }

    fn one(&self, row: usize) -> Written {
        match self.rows.op(row) {
            Op::Delete => Written { deleted: 1, ..Written::default() },
            Op::Insert | Op::Update | Op::Patch | Op::Reject => Written { inserted: 1, ..Written::default() },
        }
    }

    fn write(&mut self, range: Range<usize>) -> Outcome {
        if self.script.without_net_effect && range.len() > 1 {
            return Outcome::NoNetEffect;
        }
        if self.script.has_keys && (!self.is_staged || self.script.mode == ConflictMode::Strict) {
            return Outcome::Failed(failure("key"));
        }
        for row in range.clone().filter(|&row| !self.rows.is_left_out(row)) {
            if let Fate::Refused(code) | Fate::RefusedLate(code) = self.fate(row) {
                let named = self.script.names_rows && matches!(self.fate(row), Fate::Refused(_));
                if range.len() == 1 {
                    self.refuse(row, code);
                }
                return Outcome::Failed(AttemptError { row: named.then_some(row), ..failure(code) });
            }
        }
        let mut written = Written::default();
        let rows: Vec<usize> = range.clone().filter(|&row| !self.rows.is_left_out(row)).collect();
        rows.iter().for_each(|&row| written += self.one(row));
        self.end(range, &rows, Outcome::Accepted(written))
    }

    /// COMMIT of these rows of the range.
    fn end(&mut self, range: Range<usize>, rows: &[usize], outcome: Outcome) -> Outcome {
        let lost = self.lost.pop_front().flatten();
        if lost != Some(false) {
            rows.iter().for_each(|&row| self.commit(row));
            assert!(
                self.script.lost.is_none() || self.claimed == range.start,
                "a claim begins where the last one ended"
            );
            self.claimed = range.end;
        }
        self.in_doubt = lost;
        match lost {
            Some(_) => Outcome::InDoubt(Box::new(outcome), failure("lost")),
            None => outcome,
        }
    }

    fn write_row_by_row(&mut self, range: Range<usize>, which: RowByRow) -> Outcome {
        let mut outcomes = Vec::new();
        for row in range.clone() {
            match self.fate(row) {
                _ if self.rows.is_left_out(row) => outcomes.push(Ok(Written::default())),
                Fate::Refused(code) => {
                    let failure = AttemptError { row: Some(row), ..failure(code) };
                    let is_own = match failure.class {
                        Class::Value | Class::Row => true,
                        Class::Conflict => self.script.mode != ConflictMode::Strict,
                        Class::Configuration => !which.renews || code == "42501",
                        Class::Other => !which.repeats,
                        _ => false,
                    };
                    if !is_own {
                        return Outcome::Failed(failure);
                    }
                    self.refused[row] = Some((self.clock, code.to_owned()));
                    outcomes.push(Err(failure));
                }
                Fate::Taken | Fate::RefusedLate(_) => outcomes.push(Ok(self.one(row))),
            }
        }
        let late = |row: usize| match self.fate(row) {
            _ if self.rows.is_left_out(row) => None,
            Fate::RefusedLate(code) => Some(code),
            Fate::Taken | Fate::Refused(_) => None,
        };
        if let Some(code) = range.clone().find_map(late) {
            for row in range {
                self.refused[row] = Some((self.clock, code.to_owned()));
            }
            return Outcome::Failed(failure(code));
        }
        let taken = |row: &usize| outcomes[row - range.start].is_ok() && !self.rows.is_left_out(*row);
        let taken: Vec<usize> = range.clone().filter(taken).collect();
        let is_open = |outcome: &std::result::Result<Written, AttemptError>| {
            outcome.as_ref().is_err_and(|failure| !is_ignored(failure, self.script.mode))
        };
        if self.script.lost.is_some() && outcomes.iter().any(is_open) {
            taken.iter().for_each(|&row| self.accept(self.kind(row)));
            return Outcome::SomeRefused(outcomes);
        }
        self.end(range, &taken, Outcome::EachRow(outcomes))
    }

    fn answer(&mut self, request: &Request) -> Outcome {
        if let Some(until) = self.away_until
            && self.clock < until
        {
            return Outcome::Failed(failure("lost"));
        }
        if let Some(Some(code)) = self.failures.pop_front() {
            if let Request::Write(range) = request
                && range.len() == 1
            {
                self.refuse(range.start, code);
            }
            if let Request::WriteRowByRow(range, _) = request {
                for row in range.clone() {
                    self.refused[row] = Some((self.clock, code.to_owned()));
                }
            }
            let silent_since = (code == "silent").then_some(self.clock);
            return Outcome::Failed(AttemptError { silent_since, ..failure(code) });
        }
        match request {
            Request::Write(range) => self.write(range.clone()),
            Request::WriteRowByRow(range, which) => self.write_row_by_row(range.clone(), *which),
            Request::CheckSchema | Request::ReadCatalog => Outcome::Passed,
            Request::WriteNothing => match self.script.broken {
                Some(code) => Outcome::Failed(failure(code)),
                None => Outcome::Passed,
            },
            Request::FindConflict(range) => Outcome::Found(range.start),
            Request::TryOthers(rows) => match rows.iter().find(|&&row| self.fate(row) == Fate::Taken) {
                Some(&row) => {
                    self.accept(self.kind(row));
                    self.said[self.kind(row) as usize].tried = Some(row);
                    Outcome::Found(row)
                }
                None => Outcome::NotFound,
            },
            Request::Compare => match self.in_doubt.take() {
                Some(true) => Outcome::Passed,
                Some(false) => Outcome::NotFound,
                None => panic!("nothing is in doubt"),
            },
            Request::TryCopy => match self.script.broken {
                Some(code) => Outcome::Failed(failure(code)),
                None if self.script.has_rows => {
                    self.copied = Some(self.clock);
                    Outcome::Passed
                }
                None => Outcome::NotFound,
            },
        }
    }
}

impl World for ScriptedServer<'_> {
    fn now(&self) -> Instant {
        self.clock
    }

    fn batch(&self) -> BatchFacts<'_> {
        BatchFacts { rows: &self.rows, columns: &[], key: &self.key }
    }

    fn prepare(&mut self) -> Result<bool> {
        self.requests += 1;
        assert!(self.requests < TOO_MANY, "the batch doesn't end");
        Ok(self.script.altered.contains(&self.requests))
    }

    fn request(&mut self, request: &Request) -> (Outcome, Facts) {
        self.began = self.clock;
        self.clock += Duration::from_millis(1);
        if let Some((first, time)) = self.script.away
            && self.away_until.is_none()
            && self.requests >= first
        {
            self.away_until = Some(self.clock + time);
        }
        let outcome = self.answer(request);
        let facts = Facts {
            now: self.clock,
            began: self.began,
            open_sessions: 3,
            away_since: self.outage.since(),
            is_staged: self.is_staged,
        };
        (outcome, facts)
    }

    fn settle(&mut self, rows: Range<usize>, written: Written) {
        for row in rows.clone() {
            if self.rows.is_left_out(row) {
                assert_eq!(self.ends[row], RowEnd::Rejected);
                continue;
            }
            assert_eq!(self.ends[row], RowEnd::Open, "row {row} is settled again");
            let is_ignored = self.script.mode == ConflictMode::Ignore && written.ignored > 0;
            assert!(self.committed[row] || is_ignored, "row {row} is settled and was not written");
            self.ends[row] = RowEnd::Settled;
        }
    }

    fn reject(&mut self, row: usize, failure: &AttemptError) -> Result<()> {
        assert_eq!(self.ends[row], RowEnd::Open, "row {row} is rejected and was settled");
        assert!(!self.committed[row], "row {row} is rejected and was written");
        self.ends[row] = RowEnd::Rejected;
        if self.script.lost.is_some() {
            assert!(self.claimed <= row, "row {row} is claimed before it is rejected");
            self.rows.leave_out_row(row);
        }
        let Some((at, code)) = &self.refused[row] else { panic!("row {row} is rejected and was never refused alone") };
        let text = &failure.text;
        assert_eq!(text, code, "row {row} is rejected for another reason");
        let kind = self.kind(row);
        let Said { accepted, tried } = self.said[kind as usize];
        let copied = self.copied.filter(|_| kind == ChangeKind::Row);
        let is_proved = is_certain(code, self.rows.op(row))
            || accepted.max(copied).is_some_and(|accepted| accepted >= *at)
            || tried.is_some_and(|tried| row < tried);
        let waited = self.clock - *at >= Duration::from_secs(2);
        let is_known = accepted.is_some() || code.starts_with("22");
        assert!(is_proved || waited && is_known, "row {row} is rejected without evidence: {code}");
        Ok(())
    }

    fn carry_out(&mut self, effect: Effect) -> Result<()> {
        match effect {
            Effect::NoteAnswer => self.outage.ends("t"),
            Effect::NoteOutage(failure) => drop(self.outage.note("t", &failure, self.clock)),
            Effect::UseStagingTable => self.is_staged = true,
            Effect::Pause { attempt, at_most } => {
                let pause = Backoff::new(Duration::from_millis(200)).after(attempt);
                self.clock += at_most.map_or(pause, |at_most| pause.min(at_most));
            }
            Effect::WaitForEvidence(time) => self.clock += time,
            Effect::NoteWait(..)
            | Effect::CountRetry
            | Effect::DoubtSessions
            | Effect::NewSessions
            | Effect::WorkBehindPooler => {}
        }
        Ok(())
    }

    fn stopped(&mut self, reason: StopReason) -> Error {
        let kind = match reason {
            StopReason::Conflict(..) => StopKind::Conflict,
            StopReason::NotTheRows(_) => StopKind::NotTheRows,
            StopReason::DeadLetters(_) => StopKind::DeadLetters,
            StopReason::CanNotFollow(..) => StopKind::CanNotFollow,
            StopReason::AwayTooLong(_) => StopKind::AwayTooLong,
            StopReason::WaitedTooLong(..) => StopKind::WaitedTooLong,
            StopReason::Fenced(_) => StopKind::Fenced,
            StopReason::NoRule(..) => StopKind::NoRule,
        };
        Error::Internal(format!("{kind:?}"))
    }
}
