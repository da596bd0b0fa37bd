//! A table with a hot child and a sealed child, and functions that change and read them.

use std::ops::Range;

use vecsink::internals::batch::Batch;
use vecsink::internals::error::{Error, Rejection, Result};
use vecsink::internals::postgres::{Settle, TableLayout, Target, Written, layout_ddl};
use vecsink::internals::settings::{ConflictMode, Sink, VectorIndexMode, WriteMode};
use vecsink::internals::stop::Stop;

use crate::flush::fixture::sink_of;
use crate::support::Schema;
use crate::support::postgresql::Postgres;

pub const MODES: [ConflictMode; 3] = [ConflictMode::Upsert, ConflictMode::Ignore, ConflictMode::Strict];
pub const WRITE_MODES: [WriteMode; 2] = [WriteMode::Copy, WriteMode::Insert];

/// The places where a row can be before it is written: the tables of the tree, or none of them.
pub const PLACES: [Option<&str>; 4] = [Some("t_hot"), Some("t_sealed_1"), Some("ONLY t"), None];

/// `t (id, a, b)` with the given key, its children, and the same table `plain` alone.
pub fn schema(server: &Postgres, columns: &str, key: &str) -> Schema {
    let mut schema = Schema::new(server);
    schema.execute(&format!(
        "CREATE TABLE t ({columns}, PRIMARY KEY ({key})); CREATE TABLE plain (LIKE t INCLUDING ALL);
         CREATE TABLE t_hot (LIKE t INCLUDING ALL) INHERITS (t); CREATE TABLE t_sealed_1 (LIKE t INCLUDING ALL) INHERITS (t)"
    ));
    schema
}

/// The statements that give the table `t` the partitioned layout.
pub fn layout(schema: &Schema) -> String {
    let sink = Sink { vector_index: VectorIndexMode::Behind, ..sink_of(schema, "t", &[]) };
    layout_ddl(&sink, TableLayout::Partitioned).unwrap_or_else(|error| panic!("{error}"))
}

/// As [`schema`], but `t` is partitioned.
pub fn partitioned(server: &Postgres, columns: &str, key: &str) -> Schema {
    let mut schema = Schema::new(server);
    schema.execute(&format!(
        "CREATE TABLE t ({columns}, PRIMARY KEY ({key})); CREATE TABLE plain (LIKE t INCLUDING ALL)"
    ));
    let script = layout(&schema);
    schema.execute(&script);
    schema
}

pub const COLUMNS: &str = "id bigint, a text, b text";

/// A changing sink that writes `id`, `a` and `b`, behind the vector index.
pub fn behind(schema: &Schema, mode: ConflictMode, write_mode: WriteMode) -> Sink {
    Sink { vector_index: VectorIndexMode::Behind, ..plain(schema, "t", mode, write_mode) }
}

pub fn plain(schema: &Schema, table: &str, mode: ConflictMode, write_mode: WriteMode) -> Sink {
    Sink { conflict_mode: mode, write_mode, changing: true, ..sink_of(schema, table, &["id", "a", "b"]) }
}

/// The rows of a table with those of its children, as `id:a:b`.
pub fn rows(schema: &mut Schema, table: &str) -> String {
    let row = "id || ':' || coalesce(a, 'NULL') || ':' || coalesce(b, 'NULL')";
    schema.text(&format!("SELECT string_agg({row}, ' ' ORDER BY id, a, b) FROM {table}")).unwrap_or_default()
}

/// The ids in each table of the tree: `t_hot 1 2, t 3`.
pub fn places(schema: &mut Schema) -> String {
    let query = "SELECT string_agg(place || ' ' || ids, ', ' ORDER BY place DESC) FROM (
                   SELECT tableoid::regclass::text AS place, string_agg(id::text, ' ' ORDER BY id) AS ids FROM t GROUP BY 1) AS p";
    schema.text(query).unwrap_or_default()
}

/// Seals the hot child under the name `t_sealed_<number>`, as a mover does.
pub fn seal(number: u32) -> String {
    format!(
        "LOCK TABLE t_hot IN ACCESS EXCLUSIVE MODE; ALTER TABLE t_hot RENAME TO t_sealed_{number};
         ALTER INDEX t_hot_pkey RENAME TO t_sealed_{number}_pkey; CREATE TABLE t_hot (LIKE t INCLUDING ALL) INHERITS (t)"
    )
}

/// Moves these rows as a mover does, in the caller's transaction.
pub fn moves(ids: &str) -> String {
    format!(
        "WITH due AS (SELECT id FROM ONLY t_hot WHERE id IN ({ids}) ORDER BY id FOR UPDATE SKIP LOCKED),
              moved AS (DELETE FROM ONLY t_hot AS h USING due WHERE h.id = due.id RETURNING h.*)
         INSERT INTO t SELECT * FROM moved"
    )
}

/// The conflict that stopped a write under `strict`.
#[derive(Default)]
pub struct Conflict {
    pub row: Option<usize>,
    pub reason: String,
}

impl Settle for Conflict {
    fn durable(&mut self, rows: Range<usize>, _: Written) {
        panic!("rows {rows:?} are durable");
    }

    fn rejected(&mut self, row: usize, rejection: Rejection) -> Result<()> {
        panic!("row {row} is rejected: {rejection}");
    }

    fn retried(&mut self) {}

    fn conflict(&mut self, row: Option<usize>, rejection: Rejection) -> Error {
        (self.row, self.reason) = (row, rejection.reason.clone());
        Error::Target { message: rejection.reason, sqlstate: rejection.sqlstate, passing: false }
    }
}

/// Writes a batch. A conflict must stop it.
#[track_caller]
pub fn conflict(target: &Target, batch: &Batch) -> Conflict {
    let mut conflict = Conflict::default();
    let Err(error) = target.writer.write(batch, &mut conflict, &Stop::default()) else {
        panic!("nothing is in conflict")
    };
    assert!(error.to_string().contains(&conflict.reason), "{error}");
    conflict
}
