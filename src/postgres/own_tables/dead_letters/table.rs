//! A dead-letter table in the sink's own database, so that dead letters can share a transaction with rows.

use crate::dead_letters::dead_letter::DeadLetter;
use crate::postgres::connect::classify::During;
use crate::postgres::connect::driver::Parameter;
use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::session::Session;
use crate::postgres::connect::sql::{qualified, quote};

/// The columns besides `id`: name, type, and the type of the elements of the array that is the INSERT's parameter.
pub const COLUMNS: [(&str, &str, &str); 13] = [
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

/// A dead-letter table, and how it is written.
#[derive(Debug)]
pub struct DeadLetterTable {
    pub name: String,
    insert: String,
}

/// The statement that makes a dead-letter table.
pub fn dead_letter_table_ddl(schema: &str, table: &str) -> String {
    let column = |(name, data_type, _): &(&str, &str, &str)| format!("{} {data_type}", quote(name));
    let columns: Vec<String> = COLUMNS.iter().map(column).collect();
    format!("CREATE TABLE {} (\"id\" bigserial PRIMARY KEY, {})", qualified(schema, table), columns.join(", "))
}

impl DeadLetterTable {
    /// The table of this name, which may be missing.
    pub fn named(schema: &str, table: &str) -> DeadLetterTable {
        let name = qualified(schema, table);
        let columns: Vec<String> = COLUMNS.iter().map(|(column, ..)| quote(column)).collect();
        let value = |(column, data_type, _): &(&str, &str, &str)| match *data_type {
            "timestamptz" => format!("to_timestamp(l.{}::float8 / 1000)", quote(column)),
            _ => format!("l.{}::{data_type}", quote(column)),
        };
        let values: Vec<String> = COLUMNS.iter().map(value).collect();
        // All arrays have the same length, so this returns one dead letter in each row. PostgreSQL 9.3 has no unnest of several
        // arrays.
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
}
