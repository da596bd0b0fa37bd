//! The ledger as `vecsink offsets` shows and resets it, in a session of its own.

use std::sync::Arc;

use super::answer::{read, unreadable};
use super::tables::{Ledger, StreamsOf};
use crate::dispatch::SHARDS;
use crate::error::Result;
use crate::postgres::connect::connector::Connector;
use crate::postgres::connect::failure::{Attempt, AttemptError};
use crate::postgres::connect::opening::Opening;
use crate::postgres::connect::server::Server;
use crate::postgres::connect::session::Session;
use crate::postgres::connect::sql::literal;
use crate::settings::Sink;

/// A stream as the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerStream {
    pub number: i64,
    pub topic: Arc<str>,
    pub partition: i32,
    /// Everything below it is written.
    pub low: i64,
    /// The highest offset of a shard: nothing from it on is written.
    pub highest: i64,
    /// How many shards the ledger has of it; all of them unless it is damaged.
    pub shards: usize,
    pub epoch: i64,
    /// The process that took it over last; empty after a reset.
    pub owner: String,
    /// When its owner last stored `low`, in UTC.
    pub seen: String,
}

impl LedgerStream {
    /// Whether all that was read is written, so that the next run may divide rows in another way.
    pub fn is_clean(&self) -> bool {
        self.shards == SHARDS && self.highest <= self.low
    }
}

/// A session to the database of a sink.
pub struct LedgerSession {
    name: String,
    session: Session,
    ledger: Ledger,
}

impl LedgerSession {
    pub fn open(sink: &Sink) -> Result<LedgerSession> {
        let connector = Connector::new(&sink.connection, "vecsink offsets", None)?;
        let opening = Opening::new(sink, &connector, None);
        let (session, greenplum) = opening.repeat(|| {
            let mut session = opening.first_session(&connector, &Default::default())?;
            let server = Server::read(&mut session).map_err(|failure| connector.unreachable(&failure))?;
            Ok((session, server.greenplum))
        })?;
        Ok(LedgerSession { name: sink.name.clone(), session, ledger: Ledger::new(sink.ledger_tables(), greenplum) })
    }

    /// The streams of a sink in the ledger, but for pushed ones. Without the tables there are none.
    pub fn streams(&mut self, job: &str, sink: &str) -> Result<Vec<LedgerStream>> {
        let found = self.ledger.streams(&mut self.session, job, sink);
        found.map_err(|failure| self.failed(&failure, "read"))
    }

    /// The application names of the sessions that are of this job by their beginning, or of one of these processes by their end.
    pub fn sessions_of(&mut self, job: &str, processes: &[&str]) -> Result<Vec<String>> {
        let is_of_job =
            |name: &str| name.rsplit_once('/').is_some_and(|(own, process)| own == job || processes.contains(&process));
        Ok(self.sessions()?.into_iter().filter(|name| is_of_job(name)).collect())
    }

    /// Those of these processes that have sessions.
    pub fn processes(&mut self, processes: &[&str]) -> Result<Vec<String>> {
        let sessions = self.sessions()?;
        let found = sessions.iter().filter_map(|name| Some(name.rsplit_once('/')?.1));
        Ok(found.filter(|process| processes.contains(process)).map(str::to_owned).collect())
    }

    /// The application names of the sessions in this database.
    fn sessions(&mut self) -> Result<Vec<String>> {
        let all = self.session.ask(
            "SELECT DISTINCT application_name FROM pg_catalog.pg_stat_activity
              WHERE datname = current_database() AND application_name IS NOT NULL ORDER BY 1",
        );
        let all = all.map_err(|failure| failure.error(&format!("{}: sessions can't be looked for", self.name), ""))?;
        Ok(all.into_iter().flatten().collect())
    }

    /// Sets all shards of these streams to an offset each, in one transaction. A process that still writes them is fenced by it. The
    /// topic may be another one from now on.
    pub fn reset(&mut self, job: &str, sink: &str, streams: &[(LedgerStream, i64)]) -> Result<()> {
        let reset = self.ledger.reset(&mut self.session, (job, sink), streams);
        reset.map_err(|failure| self.failed(&failure, "changed"))
    }

    fn failed(&self, failure: &AttemptError, what: &str) -> crate::error::Error {
        let (stream, shard) = (self.ledger.stream(), self.ledger.shard());
        failure.error(&format!("{}: the ledger ({stream}, {shard}) can't be {what}", self.name), "")
    }
}

impl Ledger {
    fn streams(&self, session: &mut Session, job: &str, sink: &str) -> Attempt<Vec<LedgerStream>> {
        if !self.is_there(session)? {
            return Ok(Vec::new());
        }
        let rows = session.ask(&format!(
            "SELECT s.stream, s.topic, s.part, s.low, coalesce(max(h.next_offset), s.low), count(h.shard), s.epoch, s.owner,
                    to_char(s.seen AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')
              FROM {} s LEFT JOIN {} h ON h.stream = s.stream
              WHERE s.job = {} AND s.sink = {} AND s.{}
              GROUP BY s.stream, s.topic, s.part, s.low, s.epoch, s.owner, s.seen ORDER BY s.topic, s.part",
            self.stream(),
            self.shard(),
            literal(job),
            literal(sink),
            StreamsOf::Job.condition()
        ))?;
        rows.iter().map(|row| stream(row)).collect()
    }

    fn reset(&self, session: &mut Session, of: (&str, &str), streams: &[(LedgerStream, i64)]) -> Attempt<()> {
        session.begin_without_rows()?;
        for (LedgerStream { number, topic, partition, .. }, offset) in streams {
            let raised = session.ask(&format!(
                "UPDATE {} SET epoch = epoch + 1, low = {offset}, owner = '', source = '', seen = pg_catalog.now()
                  WHERE stream = {number} RETURNING epoch",
                self.stream()
            ))?;
            let Some(epoch) = raised.first().and_then(|row| row.first()) else { continue };
            let epoch = read(epoch)?;
            self.begin_shards(session, *number, epoch, *offset)?;
            self.forget_replayed(session, of, Some((&**topic, *partition, *offset)))?;
        }
        session.run("COMMIT")
    }
}

fn stream(row: &[String]) -> Attempt<LedgerStream> {
    let [number, topic, partition, low, highest, shards, epoch, owner, seen] = row else { return Err(unreadable()) };
    Ok(LedgerStream {
        number: read(number)?,
        topic: topic.as_str().into(),
        partition: read(partition)?,
        low: read(low)?,
        highest: read(highest)?,
        shards: read(shards)?,
        epoch: read(epoch)?,
        owner: owner.clone(),
        seen: seen.clone(),
    })
}
