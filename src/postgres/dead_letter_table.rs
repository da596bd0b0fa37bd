//! Dead letters in a table of the sink's own database, so that they can share a transaction with rows.

use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use super::{Target, first_session};
use crate::dead_letters::dead_letter::{DeadLetter, headers_from_json};
use crate::error::{Error, Rejection, Result, Stage};
use crate::position::Position;
use crate::postgres::catalog::probe::{in_rollback, met_a_lock};
use crate::postgres::connect::classify::{Class, During};
use crate::postgres::connect::connector::Connector;
use crate::postgres::connect::driver::wait_limit::{Deadline, WaitLimit};
use crate::postgres::connect::driver::{Error as DriverError, Parameter};
use crate::postgres::connect::failure::AttemptError;
use crate::postgres::connect::session::{Attempt, Session};
use crate::postgres::write::backoff::Backoff;
use crate::postgres::write::statements::quote;
use crate::settings::Sink;
use crate::stop::{Phase, Stop};

/// The columns besides `id`: name, type, and how an INSERT brings the parameter, an array, into that type.
const COLUMNS: [(&str, &str, &str); 13] = [
    ("topic", "text", "text"),
    ("partition", "int", "int"),
    ("offset", "bigint", "bigint"),
    ("timestamp", "bigint", "bigint"),
    ("key", "bytea", "bytea"),
    ("headers", "json", "text"),
    ("value", "bytea", "bytea"),
    ("sink", "text", "text"),
    ("stage", "text", "text"),
    ("sqlstate", "text", "text"),
    ("reason", "text", "text"),
    ("column", "text", "text"),
    ("time", "timestamptz", "bigint"),
];

/// What shall be part of a transaction besides rows.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Beside {
    /// For the sink's dead-letter table.
    pub dead_letters: Vec<DeadLetter>,
    /// Dead letters that have been replayed: they leave their table with the rows they became.
    pub answered: Answered,
}

/// Dead letters of one table, by their `id`.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Answered {
    pub schema: String,
    pub table: String,
    pub ids: Vec<i64>,
}

/// A dead-letter table, and how it is written.
#[derive(Debug)]
pub struct DeadLetterTable {
    name: String,
    insert: String,
}

/// The statement that makes a dead-letter table.
pub fn dead_letter_table_ddl(schema: &str, table: &str) -> String {
    let column = |(name, data_type, _): &(&str, &str, &str)| format!("{} {data_type}", quote(name));
    let columns: Vec<String> = COLUMNS.iter().map(column).collect();
    format!("CREATE TABLE {}.{} (\"id\" bigserial PRIMARY KEY, {})", quote(schema), quote(table), columns.join(", "))
}

impl DeadLetterTable {
    /// Makes the table when it is missing, and makes sure that it can be written.
    pub fn open(session: &mut Session, schema: &str, table: &str) -> Result<DeadLetterTable> {
        let dead_letters = DeadLetterTable::named(schema, table);
        let ddl = dead_letter_table_ddl(schema, table);
        let wrong = |failure: &AttemptError, what: &str| dead_letters.wrong(failure, what, &ddl);
        if !exists(session, schema, table).map_err(|failure| wrong(&failure, "can't be looked for"))? {
            match session.run(&ddl) {
                Ok(()) => log::info!("table {} made for dead letters", dead_letters.name),
                // Another process was first.
                Err(failure) if failure.is("42P07") || failure.is("23505") => session.forgive(),
                Err(failure) => return Err(wrong(&failure, "doesn't exist and can't be created")),
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
            let made = session.run(&format!("BEGIN; {ddl}; ROLLBACK"));
            session.recover();
            made.map_err(|failure| wrong(&failure, "doesn't exist and can't be created"))?;
        }
        Ok(!is_there)
    }

    fn named(schema: &str, table: &str) -> DeadLetterTable {
        let name = format!("{}.{}", quote(schema), quote(table));
        let columns: Vec<String> = COLUMNS.iter().map(|(column, ..)| quote(column)).collect();
        let value = |(column, data_type, _): &(&str, &str, &str)| match *data_type {
            "timestamptz" => format!("to_timestamp(l.{}::float8 / 1000)", quote(column)),
            _ => format!("l.{}::{data_type}", quote(column)),
        };
        let values: Vec<String> = COLUMNS.iter().map(value).collect();
        // All arrays have one length, so this gives row by row. PostgreSQL 9.3 has no unnest of several arrays.
        let arrays = COLUMNS.iter().enumerate().map(|(at, (.., sent))| format!("unnest(${}::{sent}[])", at + 1));
        DeadLetterTable {
            insert: format!(
                "INSERT INTO {name} ({}) SELECT {} FROM (SELECT {}) AS l ({})",
                columns.join(", "),
                values.join(", "),
                arrays.collect::<Vec<_>>().join(", "),
                columns.join(", "),
            ),
            name,
        }
    }

    /// One letter, taken back: privileges, columns and the sequence are known now and not at the first rejected record.
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

    pub fn insert(&self, session: &mut Session, dead_letters: &[DeadLetter]) -> Attempt<()> {
        fn each<'a, T>(dead_letters: &'a [DeadLetter], field: impl Fn(&'a DeadLetter) -> T) -> Vec<T> {
            dead_letters.iter().map(field).collect()
        }
        // Text columns can't hold U+0000.
        let clean = |text: &str| text.replace('\0', "\u{fffd}");
        let topics = each(dead_letters, |dead_letter| &*dead_letter.position.topic);
        let partitions = each(dead_letters, |dead_letter| dead_letter.position.partition);
        let offsets = each(dead_letters, |dead_letter| dead_letter.position.offset);
        let timestamps = each(dead_letters, |dead_letter| dead_letter.timestamp_ms);
        let keys = each(dead_letters, |dead_letter| dead_letter.key.as_deref());
        let headers = each(dead_letters, |dead_letter| dead_letter.headers_json().to_string());
        let values = each(dead_letters, |dead_letter| dead_letter.value.as_deref());
        let sinks = each(dead_letters, |dead_letter| clean(&dead_letter.sink));
        let stages = each(dead_letters, |dead_letter| dead_letter.rejection.stage.as_str());
        let states = each(dead_letters, |dead_letter| dead_letter.rejection.sqlstate.as_deref());
        let reasons = each(dead_letters, |dead_letter| clean(&dead_letter.rejection.reason));
        let columns = each(dead_letters, |dead_letter| dead_letter.rejection.column.as_deref().map(clean));
        let times = each(dead_letters, |dead_letter| dead_letter.time_ms);
        let parameters: [&dyn Parameter; 13] = [
            &topics,
            &partitions,
            &offsets,
            &timestamps,
            &keys,
            &headers,
            &values,
            &sinks,
            &stages,
            &states,
            &reasons,
            &columns,
            &times,
        ];
        let inserted = session.client().execute(&self.insert, &parameters);
        inserted.map(drop).map_err(|error| session.failed(&error, During::Statement))
    }

    fn wrong(&self, failure: &AttemptError, what: &str, ddl: &str) -> Error {
        let code = failure.sqlstate.as_ref().map(|code| format!(" (SQLSTATE {code})")).unwrap_or_default();
        Error::DeadLetter(format!(
            "dead-letter table {} {what}: {}{code}; let this user write to it, or have it made: {ddl}; or change \
             'deadletter'",
            self.name, failure.text
        ))
    }
}

fn exists(session: &mut Session, schema: &str, table: &str) -> Attempt<bool> {
    let found = session.client().query_opt(
        "SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
          WHERE n.nspname = $1::text AND c.relname = $2::text",
        &[&schema, &table],
    );
    found.map(|row| row.is_some()).map_err(|error| session.failed(&error, During::Statement))
}

/// What a transaction does besides its rows. A refusal is no row's fault.
pub fn write_beside(session: &mut Session, table: Option<&DeadLetterTable>, beside: &Beside) -> Attempt<()> {
    let own = |failure: AttemptError| match failure.class {
        Class::Outage | Class::Login | Class::Contention | Class::TooLong | Class::OtherSession => failure,
        _ => AttemptError { class: Class::DeadLetters, ..failure },
    };
    if !beside.dead_letters.is_empty() {
        let Some(table) = table else { return Err(own(AttemptError::outage("there is no dead-letter table"))) };
        table.insert(session, &beside.dead_letters).map_err(own)?;
    }
    let Answered { schema, table, ids } = &beside.answered;
    if !ids.is_empty() {
        let delete = format!("DELETE FROM {}.{} WHERE id = ANY($1)", quote(schema), quote(table));
        let deleted = session.client().execute(&delete, &[ids]);
        deleted.map_err(|error| own(session.failed(&error, During::Statement)))?;
    }
    Ok(())
}

impl Target {
    /// A transaction of its own for dead letters that found no rows to go with. Waits out an outage, as [`Target::write`] does.
    pub fn write_dead_letters(&self, beside: &Beside, stop: &Stop) -> Result<()> {
        let backoff = Backoff::new(self.retry_wait_time);
        let mut waits = 0;
        loop {
            let attempt = self.pool.session(&WaitLimit::of(stop)).and_then(|mut session| {
                session.attempt(|session| {
                    session.begin_without_rows()?;
                    write_beside(session, self.dead_letters.as_ref(), beside)?;
                    session.run("COMMIT")
                })
            });
            let failure = match attempt {
                Ok(()) => {
                    self.outage.ends(&self.name);
                    return Ok(());
                }
                Err(failure) => failure,
            };
            match failure.class {
                Class::Outage | Class::Login => {
                    self.pool.doubt();
                    self.outage.goes_on(&self.name, &failure)?;
                }
                Class::Contention | Class::TooLong => {}
                Class::OtherSession => self.found_pooler(),
                _ => return Err(self.dead_letters_refused(&failure)),
            }
            if stop.wait(Phase::Abandoning, backoff.after(waits)) {
                return Err(Error::Stopped);
            }
            waits += 1;
        }
    }

    pub(super) fn dead_letters_refused(&self, failure: &AttemptError) -> Error {
        let code = failure.sqlstate.as_ref().map(|code| format!(" (SQLSTATE {code})")).unwrap_or_default();
        let table = self.dead_letters.as_ref().map(|dead_letters| dead_letters.name.clone()).unwrap_or_default();
        Error::DeadLetter(format!(
            "dead-letter table {table} can't be written: {}{code}; correct it, or change 'deadletter'; then {}",
            failure.text,
            self.sink.origin.again()
        ))
    }
}

/// Whether a sink's dead-letter table can be written, or made; leaves nothing behind. Tells whether it would be made.
pub fn check_dead_letters(sink: &Sink, schema: &str, table: &str) -> Result<bool> {
    let connector = Connector::new(&sink.connection, "vecsink check", None)?;
    let wait_limit = WaitLimit::until(Deadline::after(connector.timeout()));
    let mut session = first_session(&connector, sink, &Default::default(), &wait_limit)?;
    DeadLetterTable::check(&mut session, schema, table)
}

/// Reads all dead letters of a table of the sink's database and hands each on with its `id`. `false`: there is no such table.
pub fn read_dead_letters(
    sink: &Sink,
    schema: &str,
    table: &str,
    take: &mut dyn FnMut(i64, DeadLetter) -> Result<()>,
) -> Result<bool> {
    /// Dead letters fetched at once.
    const PAGE: i32 = 500;
    let connector = Connector::new(&sink.connection, "vecsink replay", None)?;
    let failed = |failure: &AttemptError| connector.unreachable(failure);
    let mut session = first_session(&connector, sink, &Default::default(), &WaitLimit::default())?;
    if !exists(&mut session, schema, table).map_err(|failure| failed(&failure))? {
        return Ok(false);
    }
    let columns: Vec<String> = COLUMNS.iter().map(|(name, ..)| quote(name)).collect();
    let query = format!(
        "SELECT id, {} FROM {}.{} ORDER BY id",
        columns.join(", ").replace("\"headers\"", "headers::text").replace("\"time\"", "1"),
        quote(schema),
        quote(table)
    );
    let wrong = |error: &DriverError| {
        let failure = AttemptError::new(error, During::Statement);
        failure.error(&format!("dead-letter table {schema}.{table} can't be read"), "look at its columns")
    };
    let client = session.client();
    let cursor = format!("BEGIN; DECLARE vecsink_dead_letters NO SCROLL CURSOR FOR {query}");
    client.batch_execute(&cursor).map_err(|error| wrong(&error))?;
    let next = format!("FETCH {PAGE} FROM vecsink_dead_letters");
    loop {
        let rows = client.query(&next, &[]).map_err(|error| wrong(&error))?;
        if rows.is_empty() {
            return Ok(true);
        }
        for row in &rows {
            let (id, dead_letter) = dead_letter_of(row).map_err(|what| {
                Error::DeadLetter(format!("dead-letter table {schema}.{table}: a row can't be read: {what}"))
            })?;
            take(id, dead_letter)?;
        }
    }
}

fn dead_letter_of(row: &Row) -> std::result::Result<(i64, DeadLetter), String> {
    fn get<'a, T: FromSql<'a>>(row: &'a Row, at: usize) -> std::result::Result<T, String> {
        row.try_get(at).map_err(|error| error.to_string())
    }
    let id: i64 = get(row, 0)?;
    let headers: Option<String> = get(row, 6)?;
    let headers = headers.map_or(Ok(serde_json::Value::Null), |text| serde_json::from_str(&text));
    let headers = headers.map_err(|error| format!("id {id}: headers: {error}"))?;
    let stage: Option<String> = get(row, 9)?;
    Ok((
        id,
        DeadLetter {
            position: Position { topic: get::<String>(row, 1)?.into(), partition: get(row, 2)?, offset: get(row, 3)? },
            timestamp_ms: get(row, 4)?,
            key: get(row, 5)?,
            headers: headers_from_json(&headers).map_err(|what| format!("id {id}: headers {what}"))?,
            value: get(row, 7)?,
            sink: get::<Option<String>>(row, 8)?.unwrap_or_default(),
            rejection: Rejection {
                stage: stage.and_then(|stage| Stage::named(&stage)).unwrap_or(Stage::Decode),
                sqlstate: get(row, 10)?,
                reason: get::<Option<String>>(row, 11)?.unwrap_or_default(),
                column: get(row, 12)?,
            },
            time_ms: 0,
        },
    ))
}
