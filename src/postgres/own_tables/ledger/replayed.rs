//! The table of the records that replays have written: a dead letter that is replayed twice is written once. It is made by the first
//! replay into a sink that is exactly-once.

use super::answer::read;
use super::tables::Ledger;
use crate::error::Result;
use crate::postgres::connect::failure::{Attempt, AttemptError};
use crate::postgres::connect::session::Session;
use crate::postgres::connect::sql::literal;
use crate::postgres::own_tables::create::{create, exists};

impl Ledger {
    /// The statement that makes the table.
    pub fn replayed_ddl(&self) -> String {
        format!(
            "CREATE TABLE {} (job text NOT NULL, sink text NOT NULL, topic text NOT NULL, part int NOT NULL, record_offset bigint \
             NOT NULL, written timestamptz NOT NULL, PRIMARY KEY (topic, part, record_offset, sink, job)){}",
            self.replayed(),
            if self.greenplum() { " DISTRIBUTED BY (topic, part, record_offset)" } else { "" }
        )
    }

    /// The statement that adds records, by arrays of their topics, partitions and offsets.
    pub fn replayed_insert(&self, job: &str, sink: &str) -> String {
        format!(
            "INSERT INTO {} (job, sink, topic, part, record_offset, written) SELECT {}, {}, l.topic, l.part, l.at, pg_catalog.now()
              FROM (SELECT unnest($1::text[]), unnest($2::int[]), unnest($3::bigint[])) AS l (topic, part, at)",
            self.replayed(),
            literal(job),
            literal(sink)
        )
    }

    /// Makes the table where it is missing, and makes sure that it can be used.
    pub fn open_replayed(&self, session: &mut Session) -> Result<()> {
        let (schema, table) = self.replayed_name();
        let wrong = |failure: AttemptError| self.wrong(&failure);
        if !exists(session, schema, table).map_err(wrong)? && create(session, &self.replayed_ddl()).map_err(wrong)? {
            log::info!("table {} made: it stores which records replays have written", self.replayed());
        }
        let nothing = format!(
            "INSERT INTO {0} (job, sink, topic, part, record_offset, written)
              SELECT job, sink, topic, part, record_offset, written FROM {0} WHERE false",
            self.replayed()
        );
        session.run(&nothing).map_err(|failure| {
            session.forgive();
            self.wrong(&failure)
        })
    }

    /// The offsets of a partition's records that replays into this sink have written.
    pub fn replayed_records(
        &self,
        session: &mut Session,
        (job, sink): (&str, &str),
        (topic, partition): (&str, i32),
    ) -> Attempt<Vec<i64>> {
        let found = session.ask(&format!(
            "SELECT record_offset FROM {} WHERE job = {} AND sink = {} AND topic = {} AND part = {partition}",
            self.replayed(),
            literal(job),
            literal(sink),
            literal(topic)
        ))?;
        found.iter().flatten().map(|offset| read(offset)).collect()
    }

    /// Forgets the records from an offset on: they are read again, so their dead letters are others.
    pub(super) fn forget_replayed(
        &self,
        session: &mut Session,
        (job, sink): (&str, &str),
        from: Option<(&str, i32, i64)>,
    ) -> Attempt<()> {
        let (schema, table) = self.replayed_name();
        if !exists(session, schema, table)? {
            return Ok(());
        }
        let of_partition = from.map_or_else(String::new, |(topic, partition, offset)| {
            format!(" AND topic = {} AND part = {partition} AND record_offset >= {offset}", literal(topic))
        });
        let (job, sink) = (literal(job), literal(sink));
        session.run(&format!("DELETE FROM {} WHERE job = {job} AND sink = {sink}{of_partition}", self.replayed()))
    }
}
