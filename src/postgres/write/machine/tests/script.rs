//! What a scripted server is like, and how the machine's work with it can end.

use std::time::Duration;

use crate::batch::Op;
use crate::postgres::connect::classify::Class;
use crate::postgres::connect::failure::AttemptError;
use crate::settings::ConflictMode;

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
    /// The net effect of several rows isn't known before they are written.
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
    /// With a ledger: whether the answers to the first COMMITs are lost, and then whether they were carried out. `None`: no ledger.
    pub lost: Option<Vec<Option<bool>>>,
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
    Fenced,
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
