//! Writes dead letters in transactions of their own.

use std::sync::Arc;

use super::changes::{DeadLetterChanges, write_changes};
use super::table::DeadLetterTable;
use crate::error::{Error, Result};
use crate::postgres::connect::backoff::Backoff;
use crate::postgres::connect::classify::Class;
use crate::postgres::connect::database::Database;
use crate::postgres::connect::driver::wait_limit::WaitLimit;
use crate::postgres::connect::failure::AttemptError;
use crate::stop::{Phase, Stop};

/// A sink's dead-letter table, if its dead letters go into one.
pub struct DeadLetterWriter {
    database: Arc<Database>,
    table: Option<DeadLetterTable>,
    backoff: Backoff,
}

impl DeadLetterWriter {
    pub fn new(database: &Arc<Database>, table: Option<DeadLetterTable>, backoff: Backoff) -> DeadLetterWriter {
        DeadLetterWriter { database: Arc::clone(database), table, backoff }
    }

    pub fn table(&self) -> Option<&DeadLetterTable> {
        self.table.as_ref()
    }

    /// Writes dead letters that go with no transaction of rows. During an outage of the database it waits, as
    /// [`Writer::write`](crate::postgres::write::writer::Writer::write) does.
    pub fn write(&self, changes: &DeadLetterChanges, stop: &Stop) -> Result<()> {
        let database = &self.database;
        let mut waits = 0;
        loop {
            let attempt = database.pool.session(&WaitLimit::of(stop)).and_then(|mut session| {
                session.attempt(|session| {
                    session.begin_without_rows()?;
                    write_changes(session, self.table(), changes)?;
                    session.run("COMMIT")
                })
            });
            let failure = match attempt {
                Ok(()) => {
                    database.outage.ends(&database.name);
                    return Ok(());
                }
                Err(failure) => failure,
            };
            match failure.class {
                Class::Outage | Class::Login => {
                    database.pool.doubt();
                    database.outage.goes_on(&database.name, &failure)?;
                }
                Class::Contention | Class::TooLong => {}
                Class::OtherSession => database.found_pooler(),
                Class::Value
                | Class::Row
                | Class::Conflict
                | Class::Configuration
                | Class::Other
                | Class::Damage
                | Class::Stale
                | Class::Altered
                | Class::DeadLetters => return Err(self.refused(&failure)),
            }
            if stop.wait(Phase::Abandoning, self.backoff.after(waits)) {
                return Err(Error::Stopped);
            }
            waits += 1;
        }
    }

    /// The error when the table refuses dead letters.
    pub fn refused(&self, failure: &AttemptError) -> Error {
        let code = failure.sqlstate.as_ref().map(|code| format!(" (SQLSTATE {code})")).unwrap_or_default();
        let table = self.table().map(|table| table.name.as_str()).unwrap_or_default();
        Error::DeadLetter(format!(
            "dead-letter table {table} can't be written: {}{code}; correct it, or change 'deadletter'; then {}",
            failure.text,
            self.database.origin.again()
        ))
    }
}
