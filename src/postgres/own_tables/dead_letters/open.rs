//! Opening a dead-letter table: it is made where it is missing, and a dead letter is written and taken back.

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
                log::info!("table {} made for dead letters", dead_letters.name);
            }
        }
        dead_letters.probe(session).map_err(|failure| wrong(&failure, "can't be written"))?;
        Ok(dead_letters)
    }

    /// Whether [`DeadLetterTable::open`] would succeed; leaves nothing behind. Tells whether the table would be created.
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

    /// Writes one dead letter and takes it back: privileges, columns and the sequence are known now and not at the first rejected record.
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
            "dead-letter table {} {what}: {}{code}; let this user write to it, or have it made: {ddl}; or change \
             'deadletter'",
            self.name, failure.text
        ))
    }
}

/// Whether a sink's dead-letter table can be written, or made; leaves nothing behind. Tells whether it would be made.
pub fn check_dead_letters(sink: &Sink, schema: &str, table: &str) -> Result<bool> {
    let connector = Connector::new(&sink.connection, "vecsink check", None)?;
    let opening = Opening::new(sink, &connector, None);
    opening.repeat(|| {
        let mut session = opening.first_session(&connector, &Default::default())?;
        DeadLetterTable::check(&mut session, schema, table)
    })
}
