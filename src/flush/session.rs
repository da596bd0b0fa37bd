//! A connection with what belongs to it: its settings, prepared statements and staging table.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tokio_postgres::{SimpleQueryMessage, Statement as Prepared};

use super::classify::During;
use super::connect::Connector;
use super::driver::patience::Patience;
use super::driver::{Client, Error};
use super::failure::Failure;
use super::statements::{COUNT, Statement, Statements};

/// How long a session in doubt has to answer an empty query.
const ANSWER: Duration = Duration::from_secs(2);

pub type Attempt<T> = std::result::Result<T, Failure>;

/// What every session is set to, found out by the first one.
#[derive(Debug, Default, Clone)]
pub struct Setup {
    /// Sent as one string.
    pub required: String,
    /// Settings that some servers don't know.
    pub optional: Vec<&'static str>,
}

pub struct Session {
    client: Client,
    prepared: [Option<Prepared>; COUNT],
    has_stage: bool,
    usable: bool,
    /// Of the table's editions the one it is ready for.
    pub revision: Option<u32>,
    /// The pool's generation it was opened in.
    pub generation: u32,
    /// What its transactions begin with, besides BEGIN.
    pub begins_with: String,
    /// When it last did what it was asked.
    pub proven: Instant,
    open: Arc<AtomicU32>,
}

impl Session {
    /// Connects and logs in, in the connect time-out if the patience isn't over earlier. The patience is then that of the
    /// session's waits until it is given another.
    pub fn open(connector: &Connector, setup: &Setup, open: &Arc<AtomicU32>, patience: &Patience) -> Attempt<Session> {
        let own = patience.at_most(connector.timeout());
        let mut client = connector.connect(&own)?;
        client.set_patience(own);
        open.fetch_add(1, Ordering::Relaxed);
        let mut session = Session {
            client,
            prepared: [const { None }; COUNT],
            has_stage: false,
            usable: true,
            revision: None,
            generation: 0,
            begins_with: String::new(),
            proven: Instant::now(),
            open: Arc::clone(open),
        };
        session.set_up(setup)?;
        session.client.set_patience(patience.clone());
        Ok(session)
    }

    pub fn set_up(&mut self, setup: &Setup) -> Attempt<()> {
        if !setup.required.is_empty() {
            self.run(&setup.required)?;
        }
        for statement in &setup.optional {
            match self.run(statement) {
                Err(failure) if !failure.is("42704") => return Err(failure),
                Err(_) => self.forgive(),
                Ok(()) => {}
            }
        }
        Ok(())
    }

    pub fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    pub fn is_usable(&self) -> bool {
        self.usable && !self.client.is_closed()
    }

    /// Whether the server still is at the other end.
    pub fn answers(&mut self) -> bool {
        self.client.answers(ANSWER)
    }

    /// Runs statements that return nothing.
    pub fn run(&mut self, sql: &str) -> Attempt<()> {
        let result = self.client.batch_execute(sql);
        result.map_err(|error| self.failed(&error, During::Statement))
    }

    /// Begins a transaction.
    pub fn begin(&mut self) -> Attempt<()> {
        self.run(&format!("BEGIN ISOLATION LEVEL READ COMMITTED{}", self.begins_with))
    }

    /// Runs statements and gives the rows of all of them as texts, NULL as an empty one.
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

    pub fn prepare(&mut self, statements: &Statements, statement: Statement) -> Attempt<Prepared> {
        if let Some(prepared) = &self.prepared[statement as usize] {
            return Ok(prepared.clone());
        }
        let prepared =
            self.client.prepare(statements.text(statement)).map_err(|error| self.failed(&error, During::Statement))?;
        self.prepared[statement as usize] = Some(prepared.clone());
        Ok(prepared)
    }

    /// The number of rows the statement wrote.
    pub fn execute(&mut self, statements: &Statements, statement: Statement) -> Attempt<u64> {
        let prepared = self.prepare(statements, statement)?;
        let result = self.client.execute(&prepared, &[]);
        let text = statements.text(statement);
        result.map_err(|error| self.failed(&error, During::Statement).of_statement(text))
    }

    /// Makes the staging table unless it is there. Outside a transaction.
    pub fn ensure_stage(&mut self, statements: &Statements) -> Attempt<()> {
        if !self.has_stage {
            self.run(&format!("BEGIN; {}; COMMIT", statements.create_stage.join("; ")))?;
            self.has_stage = true;
        }
        Ok(())
    }

    /// Reads an error and remembers whether the session outlives it.
    pub fn failed(&mut self, error: &Error, during: During) -> Failure {
        let failure = Failure::new(error, during);
        if failure.ends_session() {
            self.usable = false;
        }
        failure
    }

    /// A refusal that was asked for doesn't end the session.
    pub fn forgive(&mut self) {
        self.usable = true;
    }

    /// Back to a clean session after a failed transaction, or none.
    ///
    /// A COPY that is refused before its first byte leaves the driver one answer behind: the next statement would take
    /// the late answer for its own, and a COMMIT could seem to have succeeded. So the session has to show that it
    /// answers what it is asked.
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
