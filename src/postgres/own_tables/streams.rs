//! The stream table: up to where the rows of a numbered push stream are durable, kept beside the rows themselves.

use std::sync::Arc;

use super::create::{create, exists};
use crate::error::Result;
use crate::postgres::connect::classify::{Class, During};
use crate::postgres::connect::database::Database;
use crate::postgres::connect::driver::wait_limit::WaitLimit;
use crate::postgres::connect::failure::{Attempt, AttemptError};
use crate::postgres::connect::opening::Opening;
use crate::postgres::connect::session::Session;
use crate::postgres::connect::sql::{literal, quote};
use crate::stop::Stop;

const TABLE: &str = "vecsink_stream";

/// Who a stream's position belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamName {
    pub job: String,
    pub sink: String,
    pub topic: String,
    /// How rows are spread. Only for people who look at the table.
    pub layout: String,
    /// This process.
    pub owner: String,
}

impl StreamName {
    fn id(&self) -> i64 {
        let image = [&self.job, &self.sink, &self.topic, "0"].join("\x1f");
        twox_hash::XxHash64::oneshot(0, image.as_bytes()).cast_signed()
    }
}

/// A stream that this process has taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnStream {
    id: i64,
    epoch: i64,
    /// Everything below it is durable.
    pub low: i64,
}

/// What became of a new position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PositionOutcome {
    Stored,
    /// Another process has opened the stream since.
    Fenced,
}

/// The table of streams beside a sink's table.
pub struct StreamTable {
    database: Arc<Database>,
    /// The schema of the sink's table.
    schema: String,
    greenplum: bool,
    /// The opening of the sink, which a take-over belongs to.
    opening: Arc<Opening>,
}

impl StreamTable {
    pub fn new(database: &Arc<Database>, schema: &str, greenplum: bool, opening: &Arc<Opening>) -> StreamTable {
        let (database, opening) = (Arc::clone(database), Arc::clone(opening));
        StreamTable { database, schema: schema.to_owned(), greenplum, opening }
    }

    /// Takes the stream over from whoever held it, and says where it stands: 0 for a new one. Makes the table where it is
    /// missing.
    pub fn take_over(&self, name: &StreamName) -> Result<OwnStream> {
        self.opening.repeat(|| self.try_take_over(name))
    }

    fn try_take_over(&self, name: &StreamName) -> Result<OwnStream> {
        let table = self.table();
        let ddl = self.ddl();
        let advice = format!("have someone who may create tables run: {ddl}");
        let session = self.database.pool.session(&self.opening.wait_limit());
        let mut session = session.map_err(|failure| failure.error(&format!("{table} can't be read"), ""))?;
        let held = session.attempt(|session| {
            if !exists(session, &self.schema, TABLE)? {
                create(session, &ddl)?;
            }
            hold(session, &table, name)
        });
        held.map_err(|failure| {
            let advice = if failure.is("42501") { &advice } else { "" };
            failure.error(&format!("{table}, where a stream's position is kept, can't be used"), advice)
        })
    }

    /// Notes that everything below `low` is durable. An error may pass: try again.
    pub fn advance(&self, held: &mut OwnStream, low: i64, stop: &Stop) -> Result<PositionOutcome> {
        let table = self.table();
        let advanced = self.database.pool.session(&WaitLimit::of(stop)).and_then(|mut session| {
            session.attempt(|session| session.with_settings(|session| advance(session, &table, held, low)))
        });
        advanced.map_err(|failure| failure.error(&format!("{table}: the position {low} can't be kept"), ""))
    }

    /// Where to see who holds a stream.
    pub fn owner_column(&self) -> String {
        format!("{}.owner", self.table())
    }

    fn table(&self) -> String {
        format!("{}.{TABLE}", quote(&self.schema))
    }

    fn ddl(&self) -> String {
        let distributed = if self.greenplum { " DISTRIBUTED BY (stream)" } else { "" };
        format!(
            "CREATE TABLE {} (stream bigint PRIMARY KEY, job text NOT NULL, sink text NOT NULL, topic text NOT NULL, \
             part int NOT NULL, source text NOT NULL, layout text NOT NULL, epoch bigint NOT NULL, low bigint NOT NULL, \
             owner text NOT NULL, seen timestamptz NOT NULL) WITH (fillfactor = 50){distributed}",
            self.table()
        )
    }
}

fn hold(session: &mut Session, table: &str, name: &StreamName) -> Attempt<OwnStream> {
    let id = name.id();
    let [job, sink, topic, layout, owner] =
        [&name.job, &name.sink, &name.topic, &name.layout, &name.owner].map(|text| literal(text));
    let insert = format!(
        "INSERT INTO {table} SELECT {id}, {job}, {sink}, {topic}, 0, '', {layout}, 0, 0, '', now()
         WHERE NOT EXISTS (SELECT 1 FROM {table} WHERE stream = {id})"
    );
    match session.run(&insert) {
        Err(failure) if failure.is("23505") => session.forgive(),
        result => result?,
    }
    let raise = format!(
        "UPDATE {table} SET epoch = epoch + 1, owner = {owner}, layout = {layout}, seen = now() WHERE stream = {id}
         RETURNING epoch, low, job = {job} AND sink = {sink} AND topic = {topic}"
    );
    let row = session.client().query_opt(raise.as_str(), &[]);
    match row.map_err(|error| session.failed(&error, During::Statement))? {
        Some(row) if row.get(2) => Ok(OwnStream { id, epoch: row.get(0), low: row.get(1) }),
        Some(_) => Err(AttemptError {
            class: Class::Configuration,
            ..AttemptError::outage(format!("row {id} belongs to a stream of another name; rename this one"))
        }),
        None => Err(AttemptError::outage(format!("row {id} was deleted"))),
    }
}

fn advance(session: &mut Session, table: &str, held: &mut OwnStream, low: i64) -> Attempt<PositionOutcome> {
    let OwnStream { id, epoch, .. } = *held;
    let sql = format!("UPDATE {table} SET low = {low}, seen = now() WHERE stream = {id} AND epoch = {epoch}");
    let updated = session.client().execute(sql.as_str(), &[]);
    let updated = updated.map_err(|error| session.failed(&error, During::Statement))?;
    if updated == 0 {
        return Ok(PositionOutcome::Fenced);
    }
    held.low = low;
    Ok(PositionOutcome::Stored)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_streams_number_depends_on_its_names_alone() {
        let name = |job: &str, owner: &str| StreamName {
            job: job.into(),
            sink: "s.t".into(),
            topic: "push:cars".into(),
            layout: String::new(),
            owner: owner.into(),
        };
        assert_eq!(name("cars", "a").id(), name("cars", "b").id());
        assert_ne!(name("cars", "a").id(), name("bikes", "a").id());
        // This must never change, because stored positions are found by it.
        assert_eq!(name("cars", "a").id(), twox_hash::XxHash64::oneshot(0, b"cars\x1fs.t\x1fpush:cars\x1f0") as i64);
    }
}
