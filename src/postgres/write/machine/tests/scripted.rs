//! A server that answers the machine as a script says, on a clock of its own. It also checks what the machine does: a row is
//! settled once, and only if the server has it; a row is rejected only on evidence.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::ops::Range;
use std::time::{Duration, Instant};

use crate::batch::{Batch, Chunk, Op, RowEntry, RowFormat};
use crate::error::{Error, Result};
use crate::postgres::connect::backoff::Backoff;
use crate::postgres::connect::classify::Class;
use crate::postgres::connect::failure::AttemptError;
use crate::postgres::connect::outage::Outage;
use crate::postgres::write::machine::evidence::{ChangeKind, Evidence};
use crate::postgres::write::machine::run::{World, run};
use crate::postgres::write::machine::{
    BatchFacts, Effect, Facts, Machine, MachineSettings, Outcome, Request, RowByRow, StopReason,
};
use crate::postgres::write::rows::Rows;
use crate::postgres::write::written::Written;
use crate::settings::{ConflictMode, RowOrigin};

/// More requests than any script needs.
const TOO_MANY: usize = 20_000;

/// What becomes of a row that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Taken,
    /// Refused with this SQLSTATE.
    Refused(&'static str),
    /// Refused with this SQLSTATE by COMMIT.
    RefusedLate(&'static str),
}

/// Which server there is, and which rows.
#[derive(Debug, Clone)]
pub struct Script {
    pub mode: ConflictMode,
    pub max_outage: Option<Duration>,
    /// For each row: what it is, what becomes of it, and whether it belongs to the record of the row before it.
    pub rows: Vec<(Op, Fate, bool)>,
    /// The table refuses everything with this SQLSTATE.
    pub broken: Option<&'static str>,
    /// The server names the row that it refuses.
    pub names_rows: bool,
    /// It can be told only by writing them which of several rows count.
    pub without_net_effect: bool,
    /// A COPY that goes straight into the table meets keys that are there.
    pub has_keys: bool,
    /// The table has a row that can be copied.
    pub has_rows: bool,
    /// Failures of the first requests; `None`: the server answers.
    pub failures: Vec<Option<&'static str>>,
    /// Before which requests the table is found altered.
    pub altered: Vec<usize>,
    /// The server is away from this request on, for so long.
    pub away: Option<(usize, Duration)>,
}

/// How it ended.
#[derive(Debug)]
pub struct Ending {
    pub result: std::result::Result<(), StopKind>,
    /// For each row.
    pub rows: Vec<RowEnd>,
    pub requests: usize,
    pub took: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowEnd {
    Open,
    Settled,
    Rejected,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopKind {
    Conflict,
    NotTheRows,
    DeadLetters,
    CanNotFollow,
    AwayTooLong,
    WaitedTooLong,
    NoRule,
}

/// The class and the details of an SQLSTATE, as the server would send them. Names without digits stand for failures that have
/// no SQLSTATE.
pub fn failure(code: &str) -> AttemptError {
    let class = match code {
        "lost" | "silent" | "53300" => Class::Outage,
        "28P01" => Class::Login,
        "40001" => Class::Contention,
        "57014" => Class::TooLong,
        "22P02" => Class::Value,
        "23503" | "23514" | "22003" => Class::Row,
        "23505" | "21000" | "key" => Class::Conflict,
        "42501" | "42P01" => Class::Configuration,
        "P0001" => Class::Other,
        "XX001" => Class::Damage,
        "stale" => Class::Stale,
        "altered" => Class::Altered,
        "no dead letters" => Class::DeadLetters,
        "other session" => Class::OtherSession,
        other => unreachable!("{other}"),
    };
    let has_code = code.bytes().any(|byte| byte.is_ascii_digit());
    AttemptError {
        class,
        sqlstate: if code == "key" { Some("23505".into()) } else { has_code.then(|| code.to_owned()) },
        constraint: matches!(code, "23505" | "23514").then(|| "c".to_owned()),
        key: (code == "key").then(|| "id".to_owned()),
        ..AttemptError::outage(code)
    }
}

/// Refusals that are certainly the row's fault.
pub fn is_certain(code: &str, op: Op) -> bool {
    matches!(code, "22P02" | "23514" | "23505" | "key") || code == "23503" && op == Op::Delete
}

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
    /// Rows that the server has, or that belong to nobody here.
    committed: Vec<bool>,
    /// When a row was last refused alone, and why.
    refused: Vec<Option<(Instant, String)>>,
    said: [Said; 3],
    copied: Option<Instant>,
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
    };
    let settings = MachineSettings {
        conflict_mode: script.mode,
        max_retry_times: 3,
        max_outage: script.max_outage,
        greenplum: false,
    };
    let evidence = Evidence::default();
    let mut machine = Machine::new(settings, &evidence, server.rows.units());
    let result = run(&mut machine, &mut server).map_err(|error| stop_kind(&error));
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

    /// A row was refused alone. If it is only left out for its key, all else in it was accepted.
    fn refuse(&mut self, row: usize, code: &str) {
        self.refused[row] = Some((self.clock, code.to_owned()));
        if self.script.mode == ConflictMode::Ignore && matches!(code, "23505" | "key") {
            self.accept(self.kind(row));
        }
    }

    fn one(&self, row: usize) -> Written {
        match self.rows.op(row) {
            Op::Delete => Written { deleted: 1, ..Written::default() },
            Op::Insert | Op::Update | Op::Patch => Written { inserted: 1, ..Written::default() },
        }
    }

    fn write(&mut self, range: Range<usize>) -> Outcome {
        if self.script.without_net_effect && range.len() > 1 {
            return Outcome::NoNetEffect;
        }
        if self.script.has_keys && (!self.is_staged || self.script.mode == ConflictMode::Strict) {
            return Outcome::Failed(failure("key"));
        }
        for row in range.clone() {
            if let Fate::Refused(code) | Fate::RefusedLate(code) = self.fate(row) {
                let named = self.script.names_rows && matches!(self.fate(row), Fate::Refused(_));
                if range.len() == 1 {
                    self.refuse(row, code);
                }
                return Outcome::Failed(AttemptError { row: named.then_some(row), ..failure(code) });
            }
        }
        let mut written = Written::default();
        for row in range {
            self.commit(row);
            written += self.one(row);
        }
        Outcome::Accepted(written)
    }

    fn write_row_by_row(&mut self, range: Range<usize>, which: RowByRow) -> Outcome {
        let mut outcomes = Vec::new();
        for row in range.clone() {
            match self.fate(row) {
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
            Fate::RefusedLate(code) => Some(code),
            Fate::Taken | Fate::Refused(_) => None,
        };
        if let Some(code) = range.clone().find_map(late) {
            for row in range {
                self.refused[row] = Some((self.clock, code.to_owned()));
            }
            return Outcome::Failed(failure(code));
        }
        for (row, outcome) in range.zip(&outcomes) {
            if outcome.is_ok() {
                self.commit(row);
            }
        }
        Outcome::EachRow(outcomes)
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
            StopReason::NoRule(..) => StopKind::NoRule,
        };
        Error::Internal(format!("{kind:?}"))
    }
}
