//! Opening a dead-letter table: it is made where it is missing, and a dead letter is inserted in a transaction that is rolled back.

use super::table::{DeadLetterTable, dead_letter_table_ddl};
use crate::dead_letters::dead_letter::DeadLetter;
use crate::error::{Error, Rejection, Result, Stage};
use crate::position::Position;
use crate::postgres::connect::connector::Connector;
use crate::postgres::connect::failure::{Attempt, AttemptError};
use crate::postgres::connect::opening::Opening;
use crate::postgres::connect::rollback::{in_rollback, met_a_lock};
use crate::postgres::connect::session::Session;
use crate::postgres::own_tables::create::{create, exists, try_create};
use crate::settings::Sink;

impl DeadLetterTable {
    /// Makes the table when it is missing, and makes sure that it can be written.
    pub fn open(session: &mut Session, schema: &str, table: &str) -> Result<DeadLetterTable> {
        let dead_letters = DeadLetterTable::named(schema, table);
        let ddl = dead_letter_table_ddl(schema, table);
        let wrong = |failure: &AttemptError, what: &str| dead_letters.wrong(failure, what, &ddl);
        if !exists(session, schema, table).map_err(|failure| wrong(&failure, "can't be looked for"))? {
            let made =
                create(session, &ddl).map_err(|failure| wrong(&failure, "doesn't exist and can't be created"))?;
            if made {
                log::info!("created table {} for dead letters", dead_letters.name);
            }
        }
        dead_letters.probe(session).map_err(|failure| wrong(&failure, "can't be written"))?;
        Ok(dead_letters)
    }

    /// An error if [`DeadLetterTable::open`] would fail; leaves nothing behind. Returns whether the table would be created.
    pub fn check(session: &mut Session, schema: &str, table: &str) -> Result<bool> {
        let dead_letters = DeadLetterTable::named(schema, table);
        let ddl = dead_letter_table_ddl(schema, table);
        let wrong = |failure: &AttemptError, what: &str| dead_letters.wrong(failure, what, &ddl);
        let is_there = exists(session, schema, table).map_err(|failure| wrong(&failure, "can't be looked for"))?;
        if is_there {
            dead_letters.probe(session).map_err(|failure| wrong(&failure, "can't be written"))?;
        } else {
            try_create(session, &ddl).map_err(|failure| wrong(&failure, "doesn't exist and can't be created"))?;
        }
        Ok(!is_there)
    }

    /// Inserts one dead letter and rolls back. So privileges, columns and the sequence are checked now, and not at the first rejected
    /// record.
    fn probe(&self, session: &mut Session) -> Attempt<()> {
        let dead_letter = DeadLetter {
            position: Position { topic: "".into(), partition: 0, offset: 0 },
            timestamp_ms: None,
            key: None,
            headers: Vec::new(),
            value: None,
            sink: String::new(),
            rejection: Rejection::new(Stage::Decode, ""),
            time_ms: 0,
        };
        match in_rollback(session, |session| self.insert(session, &[dead_letter])) {
            Err(failure) if met_a_lock(&failure) => Ok(()),
            tried => tried,
        }
    }

    fn wrong(&self, failure: &AttemptError, what: &str, ddl: &str) -> Error {
        if failure.passes() {
            return failure.error(&format!("dead-letter table {} {what}", self.name), "");
        }
        let code = failure.sqlstate.as_ref().map(|code| format!(" (SQLSTATE {code})")).unwrap_or_default();
        Error::DeadLetter(format!(
            "dead-letter table {} {what}: {}{code}; let this user write to it, or let another user create it: {ddl}; \
             or change 'deadletter'",
            self.name, failure.text
        ))
    }
}

/// An error if a sink's dead-letter table can neither be written nor made; leaves nothing behind. Returns whether it would be made.
pub fn check_dead_letters(sink: &Sink, schema: &str, table: &str) -> Result<bool> {
    let connector = Connector::new(&sink.connection, "vecsink check", None)?;
    let opening = Opening::new(sink, &connector, None);
    opening.repeat(|| {
        let mut session = opening.first_session(&connector, &Default::default())?;
        DeadLetterTable::check(&mut session, schema, table)
    })
}
