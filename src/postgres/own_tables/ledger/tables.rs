//! The ledger's tables: how they are made, and whether they can be used.

use super::answer::{read, unreadable};
use crate::dispatch::SHARDS;
use crate::error::{Error, Result};
use crate::postgres::connect::failure::{Attempt, AttemptError};
use crate::postgres::connect::session::Session;
use crate::postgres::connect::sql::{literal, qualified};
use crate::postgres::own_tables::create::{create, exists, try_create};
use crate::settings::LedgerTables;

/// Which streams of a sink.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamsOf {
    /// Those that the job reads.
    Job,
    /// Those of replays.
    Replay,
}

impl StreamsOf {
    /// As a condition on the column `topic`. No topic of Kafka has a name with a colon.
    pub(super) fn condition(self) -> &'static str {
        match self {
            StreamsOf::Job => "topic NOT LIKE '%:%'",
            StreamsOf::Replay => "topic LIKE 'replay:%'",
        }
    }
}

/// What was deleted of a sink.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// How many streams.
    pub streams: usize,
    /// The highest epoch of them. A process that still has it must not meet it again.
    pub epoch: i64,
}

/// The tables, and how they are made.
#[derive(Debug, Clone)]
pub struct Ledger {
    tables: LedgerTables,
    greenplum: bool,
}

impl Ledger {
    pub fn new(tables: LedgerTables, greenplum: bool) -> Ledger {
        Ledger { tables, greenplum }
    }

    /// The name of the table of streams, for statements.
    pub fn stream(&self) -> String {
        qualified(&self.tables.stream.0, &self.tables.stream.1)
    }

    /// The name of the table of shards, for statements.
    pub fn shard(&self) -> String {
        qualified(&self.tables.shard.0, &self.tables.shard.1)
    }

    /// The name of the table of replayed records, for statements.
    pub(super) fn replayed(&self) -> String {
        qualified(&self.tables.replayed.0, &self.tables.replayed.1)
    }

    /// Schema and name of the table of replayed records.
    pub(super) fn replayed_name(&self) -> (&str, &str) {
        (&self.tables.replayed.0, &self.tables.replayed.1)
    }

    pub(super) fn greenplum(&self) -> bool {
        self.greenplum
    }

    /// The statement that makes the table of streams.
    fn stream_ddl(&self) -> String {
        format!(
            "CREATE TABLE {} (stream bigint PRIMARY KEY, job text NOT NULL, sink text NOT NULL, topic text NOT NULL, \
             part int NOT NULL, source text NOT NULL, layout text NOT NULL, epoch bigint NOT NULL, low bigint NOT NULL, \
             owner text NOT NULL, seen timestamptz NOT NULL) WITH (fillfactor = 50){}",
            self.stream(),
            self.distributed()
        )
    }

    /// The statement that makes the table of shards. Without a further index, and with room in its pages, an update touches no
    /// index.
    fn shard_ddl(&self) -> String {
        format!(
            "CREATE TABLE {} (stream bigint NOT NULL, shard smallint NOT NULL, epoch bigint NOT NULL, \
             next_offset bigint NOT NULL, PRIMARY KEY (stream, shard)) WITH (fillfactor = 25){}",
            self.shard(),
            self.distributed()
        )
    }

    /// The statements that make both.
    pub fn ddl(&self) -> String {
        format!("{};\n{};\n", self.stream_ddl(), self.shard_ddl())
    }

    fn distributed(&self) -> &'static str {
        if self.greenplum { " DISTRIBUTED BY (stream)" } else { "" }
    }

    /// Makes what is missing, and makes sure that this user has the privileges that a job needs.
    pub fn open(&self, session: &mut Session) -> Result<()> {
        for ((schema, table), ddl) in self.both() {
            let is_there = exists(session, schema, table).map_err(|failure| self.wrong(&failure))?;
            if !is_there && create(session, &ddl).map_err(|failure| self.wrong(&failure))? {
                log::info!(
                    "created table {}: it stores how far the job's streams are written",
                    qualified(schema, table)
                );
            }
        }
        self.both().iter().try_for_each(|(name, _)| self.examine(session, name))
    }

    /// An error if [`Ledger::open`] would fail; leaves nothing behind. Returns the tables that would be made.
    pub fn check(&self, session: &mut Session) -> Result<Vec<String>> {
        let mut missing = Vec::new();
        for (name, ddl) in self.both() {
            if exists(session, &name.0, &name.1).map_err(|failure| self.wrong(&failure))? {
                self.examine(session, name)?;
            } else {
                try_create(session, &ddl).map_err(|failure| self.wrong(&failure))?;
                missing.push(qualified(&name.0, &name.1));
            }
        }
        Ok(missing)
    }

    fn both(&self) -> [(&(String, String), String); 2] {
        [(&self.tables.stream, self.stream_ddl()), (&self.tables.shard, self.shard_ddl())]
    }

    /// Tries everything that a job does with one of the tables, without changing a row.
    fn examine(&self, session: &mut Session, name: &(String, String)) -> Result<()> {
        let (schema, table) = name;
        let full = qualified(schema, table);
        let nothing = if *name == self.tables.stream {
            format!(
                "UPDATE {full} SET layout = layout, source = source, epoch = epoch, low = low, owner = owner, seen = seen WHERE false;
                 INSERT INTO {full} (stream, job, sink, topic, part, source, layout, epoch, low, owner, seen)
                  SELECT stream, job, sink, topic, part, source, layout, epoch, low, owner, seen FROM {full} WHERE false"
            )
        } else {
            format!(
                "UPDATE {full} SET epoch = epoch, next_offset = next_offset WHERE false;
                 INSERT INTO {full} (stream, shard, epoch, next_offset)
                  SELECT stream, shard, epoch, next_offset FROM {full} WHERE false"
            )
        };
        session.run(&format!("{nothing}; DELETE FROM {full} WHERE false")).map_err(|failure| {
            session.forgive();
            self.wrong(&failure)
        })?;
        let persistence = format!(
            "SELECT c.relpersistence FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
              WHERE n.nspname = {} AND c.relname = {}",
            literal(schema),
            literal(table)
        );
        let kind = session.first_value(&persistence).map_err(|failure| self.wrong(&failure))?;
        if kind.as_deref() != Some("p") {
            return Err(Error::target(format!(
                "table {full} is unlogged, so a crash of the server would empty it; run: ALTER TABLE {full} SET LOGGED"
            )));
        }
        Ok(())
    }

    pub(super) fn wrong(&self, failure: &AttemptError) -> Error {
        let advice = match failure.sqlstate.as_deref() {
            Some("42501") => format!(
                "the user needs SELECT, INSERT, UPDATE and DELETE on both tables; where they are missing, ask someone who may \
                 create tables to run: {}",
                self.ddl().replace('\n', " ").trim_end()
            ),
            Some("42703" | "42804") => {
                format!(
                    "a table of that name has other columns; choose other names with 'sink.ledger.stream-table' and \
                     'sink.ledger.shard-table', or create the tables like this: {}",
                    self.ddl().replace('\n', " ").trim_end()
                )
            }
            _ => String::new(),
        };
        failure.error(&format!("the ledger ({}, {}) can't be used", self.stream(), self.shard()), &advice)
    }

    /// Schema and name of both.
    pub(super) fn names(&self) -> [&(String, String); 2] {
        [&self.tables.stream, &self.tables.shard]
    }

    /// Deletes what the ledger has of a job's sink. Without the tables there is nothing to delete.
    pub fn forget(&self, session: &mut Session, job: &str, sink: &str, which: StreamsOf) -> Attempt<Forgotten> {
        if !self.is_there(session)? {
            return Ok(Forgotten::default());
        }
        let (stream, shard) = (self.stream(), self.shard());
        session.begin_without_rows()?;
        let deleted = session.ask(&format!(
            "DELETE FROM {stream} WHERE job = {} AND sink = {} AND {} RETURNING stream, epoch",
            literal(job),
            literal(sink),
            which.condition()
        ))?;
        let mut forgotten = Forgotten { streams: deleted.len(), epoch: 0 };
        for row in &deleted {
            let [number, epoch] = row.as_slice() else { return Err(unreadable()) };
            forgotten.epoch = forgotten.epoch.max(read(epoch)?);
            session.run(&format!("DELETE FROM {shard} WHERE stream = {number}"))?;
        }
        if which == StreamsOf::Job {
            self.forget_replayed(session, (job, sink), None)?;
        }
        session.run("COMMIT")?;
        Ok(forgotten)
    }

    /// Gives a stream all its shards at one offset, whatever it had. In an open transaction that holds the stream's row.
    pub(super) fn begin_shards(&self, session: &mut Session, number: i64, epoch: i64, offset: i64) -> Attempt<()> {
        let shard = self.shard();
        session.run(&format!(
            "DELETE FROM {shard} WHERE stream = {number};
             INSERT INTO {shard} (stream, shard, epoch, next_offset)
              SELECT {number}, g, {epoch}, {offset} FROM pg_catalog.generate_series(0, {}) g",
            SHARDS - 1
        ))
    }

    /// Whether both tables are there.
    pub(super) fn is_there(&self, session: &mut Session) -> Attempt<bool> {
        for (schema, table) in self.names() {
            if !exists(session, schema, table)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
