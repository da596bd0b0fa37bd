//! The position of a push stream that the host numbers, in the ledger's table of streams: all rows below `low` are durable. They are
//! written at least once, so the stream has no shards in the ledger.

use std::sync::Arc;

use super::create::{create, exists};
use super::ledger::low::PositionOutcome;
use super::ledger::tables::Ledger;
use crate::error::Result;
use crate::postgres::connect::classify::{Class, During};
use crate::postgres::connect::database::Database;
use crate::postgres::connect::driver::wait_limit::WaitLimit;
use crate::postgres::connect::failure::{Attempt, AttemptError};
use crate::postgres::connect::opening::Opening;
use crate::postgres::connect::session::Session;
use crate::postgres::connect::sql::literal;
use crate::progress::ledger::StreamName;
use crate::settings::LedgerTables;
use crate::stop::Stop;

/// A stream that this process has taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnStream {
    number: i64,
    epoch: i64,
    /// Everything below it is durable.
    pub low: i64,
}

/// The ledger's table of streams, for the streams of a sink that rows are pushed into.
pub struct StreamTable {
    database: Arc<Database>,
    tables: LedgerTables,
    ledger: Ledger,
    /// The opening of the sink, which a take-over belongs to.
    opening: Arc<Opening>,
}

impl StreamTable {
    pub fn new(database: &Arc<Database>, tables: LedgerTables, greenplum: bool, opening: &Arc<Opening>) -> StreamTable {
        let (database, opening) = (Arc::clone(database), Arc::clone(opening));
        let ledger = Ledger::new(tables.clone(), greenplum);
        StreamTable { database, tables, ledger, opening }
    }

    /// Takes the stream over from whoever had it, and returns its position: 0 for a new one. Makes the table where it is
    /// missing. `layout` is only for people who look at the table.
    pub fn take_over(&self, name: &StreamName, layout: &str, owner: &str) -> Result<OwnStream> {
        self.opening.repeat(|| self.try_take_over(name, layout, owner))
    }

    fn try_take_over(&self, name: &StreamName, layout: &str, owner: &str) -> Result<OwnStream> {
        let table = self.ledger.stream();
        let ddl = self.ledger.stream_ddl();
        let advice = format!("ask someone who may create tables to run: {ddl}");
        let session = self.database.pool.session(&self.opening.wait_limit());
        let mut session = session.map_err(|failure| failure.error(&format!("{table} can't be read"), ""))?;
        let held = session.attempt(|session| {
            if !exists(session, &self.tables.stream.0, &self.tables.stream.1)? {
                create(session, &ddl)?;
            }
            raise(session, &table, name, layout, owner)
        });
        held.map_err(|failure| {
            let advice = if failure.is("42501") { &advice } else { "" };
            failure.error(&format!("table {table}, which stores the positions of streams, can't be used"), advice)
        })
    }

    /// Stores that everything below `low` is durable. An error may pass, so the caller tries again.
    pub fn advance(&self, held: &mut OwnStream, low: i64, stop: &Stop) -> Result<PositionOutcome> {
        let OwnStream { number, epoch, .. } = *held;
        let advanced = self.database.pool.session(&WaitLimit::of(stop)).and_then(|mut session| {
            session.attempt(|session| {
                session.with_settings(|session| self.ledger.advance(session, number, epoch, low, None))
            })
        });
        let table = self.ledger.stream();
        let outcome =
            advanced.map_err(|failure| failure.error(&format!("{table}: the position {low} can't be stored"), ""))?;
        if outcome == PositionOutcome::Stored {
            held.low = low;
        }
        Ok(outcome)
    }

    /// The column that says who has a stream, for messages.
    pub fn owner_column(&self) -> String {
        format!("{}.owner", self.ledger.stream())
    }
}

/// Makes the stream's row where it is missing, and raises its epoch.
fn raise(session: &mut Session, table: &str, name: &StreamName, layout: &str, owner: &str) -> Attempt<OwnStream> {
    let number = name.number();
    let [job, sink, topic, layout, owner] = [&*name.job, &*name.sink, &*name.topic, layout, owner].map(literal);
    let insert = format!(
        "INSERT INTO {table} SELECT {number}, {job}, {sink}, {topic}, 0, '', {layout}, 0, 0, '', now()
         WHERE NOT EXISTS (SELECT 1 FROM {table} WHERE stream = {number})"
    );
    match session.run(&insert) {
        Err(failure) if failure.is("23505") => session.forgive(),
        result => result?,
    }
    let raise = format!(
        "UPDATE {table} SET epoch = epoch + 1, owner = {owner}, layout = {layout}, seen = now() WHERE stream = {number}
         RETURNING epoch, low, job = {job} AND sink = {sink} AND topic = {topic}"
    );
    let row = session.client().query_opt(raise.as_str(), &[]);
    match row.map_err(|error| session.failed(&error, During::Statement))? {
        Some(row) if row.get(2) => Ok(OwnStream { number, epoch: row.get(0), low: row.get(1) }),
        Some(_) => {
            let text = format!("row {number} belongs to a stream of another name; rename this one");
            Err(AttemptError::of(Class::Configuration, text))
        }
        None => Err(AttemptError::outage(format!("row {number} was deleted"))),
    }
}
