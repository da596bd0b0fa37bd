//! A sink into a test's own table, batches of `(id bigint, name text)` rows, and their outcomes.

use std::ops::Range;
use std::time::Duration;

use vecsink::internals::batch::{Batch, Chunk, Op, RowEntry, RowFormat};
use vecsink::internals::error::{Rejection, Result};
use vecsink::internals::postgres::{Settle, Target, Written};
use vecsink::internals::settings::sink::options::SinkOptions;
use vecsink::internals::settings::{Connection, Host, Password, Sink, SinkColumn, SslMode};
use vecsink::internals::stop::Stop;
use vecsink::internals::types::data_type::DataType;

use crate::support::Schema;
use crate::support::postgresql::Postgres;

pub fn connection(server: &Postgres) -> Connection {
    Connection {
        hosts: vec![Host::tcp(&server.host, server.port)],
        database: server.database.clone(),
        user: server.user.clone(),
        password: Password::new(&server.password),
        ssl_mode: SslMode::Disable,
        connect_timeout: Duration::from_secs(5),
        ..Connection::default()
    }
}

/// A sink that writes the columns `id` and `name` of a table.
pub fn sink(schema: &Schema, table: &str) -> Sink {
    sink_of(schema, table, &["id", "name"])
}

pub fn sink_of(schema: &Schema, table: &str, columns: &[&str]) -> Sink {
    let column = |name: &&str| SinkColumn { name: (*name).to_owned(), data_type: DataType::STRING, not_null: false };
    Sink {
        origin: vecsink::internals::settings::RowOrigin::Job,
        name: format!("{}.{table}", schema.name),
        columns: columns.iter().map(column).collect(),
        connection: connection(&schema.server),
        schema: schema.name.clone(),
        table: table.to_owned(),
        connection_max_active: 4,
        retry_wait_time: Duration::from_millis(20),
        ..SinkOptions::new().sink
    }
}

pub fn open(sink: &Sink) -> Target {
    Target::open(sink, "vecsink-test/0123456789abcdef", None).unwrap_or_else(|error| panic!("{error}"))
}

/// The error when a target can't be opened.
#[track_caller]
pub fn refusal(sink: &Sink) -> String {
    match Target::open(sink, "vecsink-test", None) {
        Ok(_) => panic!("the target opens"),
        Err(error) => error.to_string(),
    }
}

/// Rows of a batch under construction; the key is `id`.
#[derive(Default)]
pub struct Rows(Chunk);

impl Rows {
    pub fn binary(mut self, id: i64, name: Option<&str>) -> Self {
        let start = self.0.rows.len();
        self.0.rows.extend_from_slice(&2i16.to_be_bytes());
        self.0.rows.extend_from_slice(&8i32.to_be_bytes());
        self.0.rows.extend_from_slice(&id.to_be_bytes());
        match name {
            Some(name) => {
                self.0.rows.extend_from_slice(&(name.len() as i32).to_be_bytes());
                self.0.rows.extend_from_slice(name.as_bytes());
            }
            None => self.0.rows.extend_from_slice(&(-1i32).to_be_bytes()),
        }
        self.entry(id, RowFormat::Binary, start)
    }

    pub fn text(mut self, id: i64, name: &str) -> Self {
        let start = self.0.rows.len();
        self.0.rows.extend_from_slice(format!("{id}\t{name}\n").as_bytes());
        self.entry(id, RowFormat::Text, start)
    }

    pub fn many(self, ids: Range<i64>, name: &str) -> Self {
        ids.fold(self, |rows, id| rows.binary(id, Some(name)))
    }

    fn entry(mut self, id: i64, format: RowFormat, start: usize) -> Self {
        let key = [&8u32.to_be_bytes()[..], &id.to_be_bytes()].concat();
        self.0.entries.push(RowEntry {
            stream: 0,
            format,
            op: Op::Insert,
            schema_version: 0,
            row_len: (self.0.rows.len() - start) as u32,
            key_len: key.len() as u32,
            original_len: 0,
            key_hash: (id as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15),
            offset: self.0.entries.len() as i64,
            ticket: self.0.entries.len() as u64,
            produced_ms: 0,
        });
        self.0.keys.extend_from_slice(&key);
        self
    }

    /// The batch as one chunk.
    pub fn batch(self) -> Batch {
        Batch { chunks: vec![self.0], shards: 1 }
    }
}

/// The rows of several chunks, one after another.
pub fn chunks(parts: impl IntoIterator<Item = Rows>) -> Batch {
    Batch { chunks: parts.into_iter().map(|rows| rows.0).collect(), shards: 1 }
}

/// The outcome of a batch. It fails the test if the rows are not settled in order, each once.
#[derive(Default)]
pub struct Outcome {
    pub written: Written,
    pub rejected: Vec<(usize, Rejection)>,
    pub retried: u32,
    pub transactions: u32,
    pub left_out: usize,
    /// Rows that were left out and are not settled yet.
    leaves_out: usize,
    settled: usize,
}

impl Settle for Outcome {
    fn durable(&mut self, rows: Range<usize>, written: Written) {
        assert_eq!(rows.start, self.settled, "settled in order, each once");
        let Written { inserted, deleted, ignored, superseded, unchanged, replaced_in_others: _ } = written;
        let left_out = std::mem::take(&mut self.leaves_out);
        let written_rows = (rows.len() - left_out) as u64;
        assert_eq!(inserted + deleted + ignored + superseded + unchanged, written_rows, "{written:?}");
        self.settled = rows.end;
        self.written += written;
        self.transactions += 1;
    }

    fn rejected(&mut self, row: usize, rejection: Rejection) -> Result<()> {
        assert_eq!(row, self.settled, "settled in order, each once");
        self.settled += 1;
        self.rejected.push((row, rejection));
        Ok(())
    }

    fn left_out(&mut self, rows: usize) {
        self.leaves_out += rows;
        self.left_out += rows;
    }

    fn retried(&mut self) {
        self.retried += 1;
    }
}

impl Outcome {
    pub fn settled(&self) -> usize {
        self.settled
    }

    /// How many rows were inserted, ignored and superseded.
    pub fn counts(&self) -> (u64, u64, u64) {
        (self.written.inserted, self.written.ignored, self.written.superseded)
    }

    pub fn rejected_rows(&self) -> Vec<usize> {
        self.rejected.iter().map(|(row, _)| *row).collect()
    }
}

/// Writes a batch. It must be written completely.
#[track_caller]
pub fn write(target: &Target, batch: &Batch) -> Outcome {
    let mut outcome = Outcome::default();
    if let Err(error) = target.writer.write(batch, &mut outcome, &Stop::default()) {
        panic!("{error}");
    }
    assert_eq!(outcome.settled, batch.len(), "every row is settled");
    outcome
}

/// The table's rows as `id=name`, by id.
pub fn table(schema: &mut Schema, table: &str) -> String {
    let query =
        format!("SELECT coalesce(string_agg(id || '=' || coalesce(name, 'NULL'), ' ' ORDER BY id), '') FROM {table}");
    schema.text(&query).unwrap_or_default()
}
