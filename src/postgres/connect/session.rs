//! A connection with what belongs to it: its settings, prepared statements and staging table.
//!
//! Behind a transaction pooler (PgBouncer's `pool_mode = transaction`) a connection gets another session of the server for each
//! transaction, with what other clients left in it. So there are two ways to work. A session of our own keeps its settings,
//! prepared statements and staging table, under names that nobody else has, and [`Session::begin`] proves that they are
//! there. In a session *behind a pooler* each transaction sets up all that it needs and leaves nothing behind. Rules for new code:
//!
//! - begin with [`Session::begin`]; end with [`Session::commit`], which also asks whether the table is still the same, or with
//!   `COMMIT` or [`Session::recover`];
//! - what outlives a transaction by itself (`SET`, `PREPARE`, `pg_advisory_lock`, `LISTEN`, a temporary table) doesn't work
//!   where [`Session::is_behind_pooler`]: use `SET LOCAL`, `pg_advisory_xact_lock`, `ON COMMIT DROP` there;
//! - a setting for every session goes into [`Setup`], which handles both ways;
//! - a name in the server comes from [`own_name`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tokio_postgres::error::Severity;
use tokio_postgres::{SimpleQueryMessage, Statement as Prepared};

use super::classify::{Class, During};
use super::driver::{Client, Error};
use super::failure::{Attempt, AttemptError};
use crate::postgres::connect::connector::Connector;
use crate::postgres::connect::driver::wait_limit::WaitLimit;
use crate::postgres::connect::sql::{literal, own_name};

/// How long a session that may be lost has to answer an empty query.
const ANSWER: Duration = Duration::from_secs(2);

const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
/// A setting that a transaction behind a pooler makes. At its end it must still be there.
const MARK: &str = "vecsink.transaction";

/// What every session is set to, found out by the first one.
#[derive(Debug, Default, Clone)]
pub struct Setup {
    pub required: Vec<(&'static str, String)>,
    /// Settings that some servers don't know.
    pub optional: Vec<(&'static str, &'static str)>,
    /// Found out at the start or later: each transaction may get another session of the server.
    pub behind_pooler: Arc<AtomicBool>,
}

/// How a session's staging table is made.
#[derive(Debug)]
pub struct StagingTable {
    /// For the whole session, in a transaction of its own.
    pub for_session: Vec<String>,
    /// For one transaction.
    pub for_transaction: Vec<String>,
}

/// How long a setting lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lasting {
    Session,
    Transaction,
}

fn set((name, value): (&str, &str), lasting: Lasting) -> String {
    let local = lasting == Lasting::Transaction;
    match name {
        // The value is a list; SET would take it for one name.
        "search_path" => format!("SELECT pg_catalog.set_config('search_path', {}, {local})", literal(value)),
        _ => format!("SET {}{name} TO {}", if local { "LOCAL " } else { "" }, literal(value)),
    }
}

/// What became of a COMMIT.
#[derive(Debug)]
pub enum CommitOutcome {
    Done,
    /// The server has rolled back.
    Refused(AttemptError),
    /// It isn't known.
    InDoubt(AttemptError),
}

/// The server's process for a session. It is known by its id and its start, because ids are used again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backend {
    pub pid: i32,
    /// Seconds, as the server prints them.
    pub began: String,
}

pub struct Session {
    client: Client,
    /// The prepared statements, by the numbers that [`Session::prepare`] was given.
    prepared: Vec<Option<Prepared>>,
    has_staging: bool,
    usable: bool,
    /// This session has a session of the server only for the length of a transaction.
    behind_pooler: bool,
    /// The names of everything that this session has in the server begin with this.
    own: String,
    /// The statements that begin a transaction.
    beginning: String,
    /// What is asked before COMMIT: see [`shape`](crate::postgres::catalog::shape).
    closing: String,
    /// The server's process, once the session is ready for claims.
    pub backend: Option<Backend>,
    /// The `revision` of the schema version that the session is prepared for.
    pub revision: Option<u32>,
    /// The pool's generation in which it was opened.
    pub generation: u32,
    /// More statements at the beginning of transactions that write rows: empty, or each after a semicolon.
    pub begins_with: String,
    /// When it last did what was asked of it.
    pub proven: Instant,
    /// The number of open sessions, this one among them.
    open: Arc<AtomicU32>,
}

impl Session {
    /// Connects and logs in, within the connect time-out if the limit doesn't end earlier. The session's later waits have
    /// the same limit until it is given another one.
    pub fn open(
        connector: &Connector,
        setup: &Setup,
        open: &Arc<AtomicU32>,
        wait_limit: &WaitLimit,
    ) -> Attempt<Session> {
        let own = wait_limit.at_most(connector.timeout());
        let mut client = connector.connect(&own)?;
        client.set_wait_limit(own);
        open.fetch_add(1, Ordering::Relaxed);
        let mut session = Session {
            client,
            prepared: Vec::new(),
            has_staging: false,
            usable: true,
            behind_pooler: false,
            own: own_name("vecsink"),
            beginning: BEGIN.to_owned(),
            closing: String::new(),
            backend: None,
            revision: None,
            generation: 0,
            begins_with: String::new(),
            proven: Instant::now(),
            open: Arc::clone(open),
        };
        session.set_up(setup)?;
        session.client.set_wait_limit(wait_limit.clone());
        Ok(session)
    }

    /// Makes the settings, or remembers them for each transaction.
    pub fn set_up(&mut self, setup: &Setup) -> Attempt<()> {
        if setup.required.is_empty() {
            // The first session: it isn't known yet whether it may keep anything.
            return Ok(());
        }
        let required = setup.required.iter().map(|(name, value)| (*name, value.as_str()));
        self.behind_pooler = setup.behind_pooler.load(Ordering::Relaxed);
        if self.behind_pooler {
            let mark = (MARK, self.own.as_str());
            let mut settings: Vec<String> =
                required.chain([mark]).map(|setting| set(setting, Lasting::Transaction)).collect();
            for optional in &setup.optional {
                let setting = set(*optional, Lasting::Transaction);
                match self.run(&format!("BEGIN; {setting}; ROLLBACK")) {
                    Err(failure) if !failure.is("42704") => return Err(failure),
                    Err(_) => {
                        self.forgive();
                        self.recover();
                    }
                    Ok(()) => settings.push(setting),
                }
            }
            self.beginning = format!("{BEGIN}; {}", settings.join("; "));
            return Ok(());
        }
        let mut statements: Vec<String> = required.map(|setting| set(setting, Lasting::Session)).collect();
        statements.push(format!("PREPARE {} AS SELECT 1", self.own));
        self.run(&statements.join("; "))?;
        self.beginning = format!("{BEGIN}; EXECUTE {}", self.own);
        for optional in &setup.optional {
            match self.run(&set(*optional, Lasting::Session)) {
                Err(failure) if !failure.is("42704") => return Err(failure),
                Err(_) => self.forgive(),
                Ok(()) => {}
            }
        }
        Ok(())
    }

    /// Sets more, for as long as the settings of [`Session::set_up`] last.
    pub fn also_set(&mut self, settings: &[(&'static str, String)]) -> Attempt<()> {
        let lasting = if self.behind_pooler { Lasting::Transaction } else { Lasting::Session };
        let statements: Vec<String> = settings.iter().map(|(name, value)| set((name, value), lasting)).collect();
        match statements.join("; ") {
            none if none.is_empty() => Ok(()),
            more if self.behind_pooler => {
                self.beginning = format!("{}; {more}", self.beginning);
                Ok(())
            }
            more => self.run(&more),
        }
    }

    /// Whether nothing in the server outlives a transaction.
    pub fn is_behind_pooler(&self) -> bool {
        self.behind_pooler
    }

    /// Begins a transaction. The same message proves that this is our own session, or, behind a pooler, sets up what is needed.
    pub fn begin(&mut self) -> Attempt<()> {
        let begun = self.run(&format!("{}{}", self.beginning, self.begins_with));
        begun.map_err(|failure| self.recognize_pooler(failure))
    }

    /// As [`Session::begin`], but without `begins_with`, for a transaction that writes no rows of the job.
    pub fn begin_without_rows(&mut self) -> Attempt<()> {
        let begun = self.client.batch_execute(&self.beginning);
        begun.map_err(|error| self.failed(&error, During::Statement)).map_err(|failure| self.recognize_pooler(failure))
    }

    /// Begins a transaction that has an empty staging table.
    pub fn begin_with_staging(&mut self, staging: &StagingTable) -> Attempt<()> {
        if self.behind_pooler {
            let staging = staging.for_transaction.join("; ");
            return self.run(&format!("{}; {staging}{}", self.beginning, self.begins_with));
        }
        if !self.has_staging {
            let made = self.run(&format!("{}; {}; COMMIT", self.beginning, staging.for_session.join("; ")));
            made.map_err(|failure| self.recognize_pooler(failure))?;
            self.has_staging = true;
        }
        self.begin()
    }

    /// From now on each [`Session::commit`] runs `check`: a query that fails if the table is no longer what it was.
    pub fn check_before_commit(&mut self, check: &str) -> Attempt<()> {
        if self.behind_pooler {
            // If the marks differ, the cast fails, and its error text has both. If they don't, the server doesn't evaluate it.
            self.closing = format!(
                "SELECT CASE WHEN pg_catalog.current_setting('{MARK}') = '{0}' THEN 0 ELSE
                 CAST('{0} ' || pg_catalog.current_setting('{MARK}') AS int) END; {check}; ",
                self.own
            );
            return Ok(());
        }
        let name = format!("{}_check", self.own);
        let prepared = self.run(&format!("{}; PREPARE {name} AS {check}; COMMIT", self.beginning));
        prepared.map_err(|failure| self.recognize_pooler(failure))?;
        self.closing = format!("EXECUTE {name}; ");
        Ok(())
    }

    pub fn commit(&mut self) -> Attempt<()> {
        let message = format!("{}COMMIT", self.closing);
        self.run(&message).map_err(|failure| self.recognize_pooler(failure))
    }

    /// Prepares the claim for [`Session::check_and_claim`]. `statement` has the types of its parameters, AS, and the text.
    pub fn prepare_claim(&mut self, statement: &str) -> Attempt<()> {
        if self.behind_pooler {
            let text = "exactly-once needs sessions that outlive a transaction, but a pooler gives each transaction another one; \
                        connect to the server itself, or set pool_mode = session";
            return Err(AttemptError::of(Class::Configuration, text));
        }
        self.run(&format!("{}; PREPARE {}_claim {statement}; COMMIT", self.beginning, self.own))
    }

    /// Makes the check of [`Session::commit`], then executes the prepared claim with each of the arguments, in one message.
    /// Returns how many rows each has changed. Nothing is committed.
    pub fn check_and_claim(&mut self, arguments: &[String]) -> Attempt<Vec<u64>> {
        let claims: String =
            arguments.iter().map(|arguments| format!("EXECUTE {}_claim{arguments}; ", self.own)).collect();
        let message = format!("{}{claims}", self.closing);
        let answer = self.client.simple_query(&message).map_err(|error| self.failed(&error, During::Statement))?;
        let count = |part: &SimpleQueryMessage| match part {
            SimpleQueryMessage::CommandComplete(count) => Some(*count),
            _ => None,
        };
        let mut counts: Vec<u64> = answer.iter().filter_map(count).collect();
        Ok(counts.split_off(counts.len().saturating_sub(arguments.len())))
    }

    /// Sends COMMIT and nothing else.
    pub fn commit_alone(&mut self) -> CommitOutcome {
        let Err(error) = self.client.batch_execute("COMMIT") else { return CommitOutcome::Done };
        // A server that ends the session may have committed before, and then waited for a standby.
        let is_refusal = error.as_db_error().is_some_and(|answer| {
            let ends = matches!(answer.parsed_severity(), Some(Severity::Fatal | Severity::Panic));
            let code = answer.code().code();
            !ends && !["08", "57P", "40003"].iter().any(|prefix| code.starts_with(prefix))
        });
        let failure = self.failed(&error, During::Statement);
        if is_refusal && !self.client.is_closed() {
            return CommitOutcome::Refused(failure);
        }
        self.usable = false;
        CommitOutcome::InDoubt(failure)
    }

    /// Recognizes a failure that comes from being in another session of the server.
    fn recognize_pooler(&self, failure: AttemptError) -> AttemptError {
        if self.behind_pooler && (failure.text.contains(&self.own) || failure.text.contains(MARK)) {
            let text = "the transaction went on in another session of the server; a pooler that splits transactions \
                        (statement pooling) can't be used";
            return AttemptError::of(Class::Configuration, text);
        }
        if failure.is("26000") { AttemptError { class: Class::OtherSession, ..failure } } else { failure }
    }

    /// Runs what needs the session's settings but no transaction.
    pub fn with_settings<T>(&mut self, work: impl FnOnce(&mut Session) -> Attempt<T>) -> Attempt<T> {
        if !self.behind_pooler {
            return work(self);
        }
        self.begin_without_rows()?;
        let result = work(self)?;
        self.run("COMMIT")?;
        Ok(result)
    }

    pub fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    pub fn is_usable(&self) -> bool {
        self.usable && !self.client.is_closed()
    }

    /// Whether the server still answers this session.
    pub fn answers(&mut self) -> bool {
        self.client.answers(ANSWER)
    }

    /// Runs statements that return nothing.
    pub fn run(&mut self, sql: &str) -> Attempt<()> {
        let result = self.client.batch_execute(sql);
        result.map_err(|error| self.failed(&error, During::Statement))
    }

    /// Runs statements and returns the rows of all of them as texts, with an empty text for NULL.
    pub fn ask(&mut self, sql: &str) -> Attempt<Vec<Vec<String>>> {
        let answer = self.client.simple_query(sql).map_err(|error| self.failed(&error, During::Statement))?;
        let texts = |part: &SimpleQueryMessage| match part {
            SimpleQueryMessage::Row(row) => {
                Some((0..row.len()).map(|at| row.get(at).unwrap_or_default().to_owned()).collect())
            }
            _ => None,
        };
        Ok(answer.iter().filter_map(texts).collect())
    }

    /// Prepares a statement, unless this session has already prepared the one with this number.
    pub fn prepare(&mut self, number: usize, sql: &str) -> Attempt<Prepared> {
        if let Some(Some(prepared)) = self.prepared.get(number) {
            return Ok(prepared.clone());
        }
        let prepared = self.client.prepare(sql);
        let prepared = prepared.map_err(|error| match self.failed(&error, During::Statement) {
            // Another client left a statement with the driver's next name in the pooler's session.
            failure if self.behind_pooler && failure.is("42P05") => {
                AttemptError { class: Class::Contention, ..failure }
            }
            failure => failure,
        })?;
        if !self.behind_pooler {
            self.prepared.resize(self.prepared.len().max(number + 1), None);
            self.prepared[number] = Some(prepared.clone());
        }
        Ok(prepared)
    }

    /// Executes a statement and returns the number of rows that it wrote. It is prepared first, except behind a pooler.
    pub fn execute(&mut self, number: usize, sql: &str) -> Attempt<u64> {
        if self.behind_pooler {
            return self.run_and_count(sql);
        }
        let prepared = self.prepare(number, sql)?;
        let result = self.client.execute_prepared(&prepared, &[]);
        result.map_err(|error| self.failed(&error, During::Statement).of_statement(sql))
    }

    /// The first value of what a statement without parameters returns.
    pub fn first_value(&mut self, sql: &str) -> Attempt<Option<String>> {
        let answer = self.client.simple_query(sql).map_err(|error| self.failed(&error, During::Statement))?;
        let value = |part: &SimpleQueryMessage| match part {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        };
        Ok(answer.iter().find_map(value))
    }

    /// Runs one statement that leaves no name in the server, and returns the number of rows that it wrote.
    pub fn run_and_count(&mut self, sql: &str) -> Attempt<u64> {
        let answer =
            self.client.simple_query(sql).map_err(|error| self.failed(&error, During::Statement).of_statement(sql))?;
        let count = |part: &SimpleQueryMessage| match part {
            SimpleQueryMessage::CommandComplete(count) => Some(*count),
            _ => None,
        };
        Ok(answer.iter().find_map(count).unwrap_or(0))
    }

    /// Classifies an error, and remembers if the session can't be used any more.
    pub fn failed(&mut self, error: &Error, during: During) -> AttemptError {
        let failure = AttemptError::new(error, during);
        if failure.ends_session() {
            self.usable = false;
        }
        failure
    }

    /// The last error was expected: the session can be used again.
    pub fn forgive(&mut self) {
        self.usable = true;
    }

    /// Rolls back after a failure. The session can be used again only if it then answers as it should.
    ///
    /// A COPY that is refused before its first byte leaves the driver one answer behind: the next statement would take
    /// the late answer for its own, and a COMMIT could seem to have succeeded. So the session is asked a question to which only
    /// one answer is right.
    pub fn recover(&mut self) {
        if !self.is_usable() {
            return;
        }
        let in_step = self.client.simple_query("ROLLBACK; SELECT 'in step'").is_ok_and(|answer| {
            answer.iter().any(|part| matches!(part, SimpleQueryMessage::Row(row) if row.get(0) == Some("in step")))
        });
        self.usable = in_step;
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}
