//! Updates and deletes: batches of entries for tables of `(id, a, b)`, encoded by hand.

use std::time::Instant;

use vecsink::internals::batch::{Batch, Chunk, Op, RowEntry, RowFormat};
use vecsink::internals::settings::{ConflictMode, Sink, WriteMode};
use vecsink::internals::stop::Stop;

use super::fixture::{Outcome, open, refusal, sink_of, write};
use crate::support::postgresql::Postgres;
use crate::support::{Schema, servers};

/// A changing sink into `t (id bigint PRIMARY KEY, a text, b text)`.
fn sink(schema: &Schema, mode: ConflictMode) -> Sink {
    Sink { conflict_mode: mode, changing: true, ..sink_of(schema, "t", &["id", "a", "b"]) }
}

fn schema(server: &Postgres, rows: &str) -> Schema {
    let mut schema = Schema::new(server);
    schema.execute("CREATE TABLE t (id bigint PRIMARY KEY, a varchar(5), b text)");
    if !rows.is_empty() {
        schema.execute(&format!("INSERT INTO t VALUES {rows}"));
    }
    schema
}

/// The table's rows as `id:a:b`, by id.
fn table(schema: &mut Schema) -> String {
    let row = "id || ':' || coalesce(a, 'NULL') || ':' || coalesce(b, 'NULL')";
    schema.text(&format!("SELECT string_agg({row}, ' ' ORDER BY id) FROM t")).unwrap_or_default()
}

/// A batch under construction. The value `?` stands for a column that an update doesn't have.
#[derive(Default)]
pub struct Changes {
    chunk: Chunk,
    record: u64,
}

impl Changes {
    pub fn row(self, op: Op, id: i64, values: &[&str]) -> Self {
        let mut row = (values.len() as i16 + 1).to_be_bytes().to_vec();
        row.extend_from_slice(&8i32.to_be_bytes());
        row.extend_from_slice(&id.to_be_bytes());
        for value in values {
            let length = if *value == "?" { -2 } else { value.len() as i32 };
            row.extend_from_slice(&length.to_be_bytes());
            row.extend_from_slice(if *value == "?" { b"" } else { value.as_bytes() });
        }
        let key = [&8u32.to_be_bytes()[..], &id.to_be_bytes()].concat();
        self.entry(op, RowFormat::Binary, &row, &key)
    }

    pub fn insert(self, id: i64, a: &str, b: &str) -> Self {
        self.row(Op::Insert, id, &[a, b])
    }

    pub fn update(self, id: i64, a: &str, b: &str) -> Self {
        self.row(Op::Update, id, &[a, b])
    }

    pub fn patch(self, id: i64, a: &str, b: &str) -> Self {
        self.row(Op::Patch, id, &[a, b])
    }

    pub fn delete(self, id: i64) -> Self {
        self.row(Op::Delete, id, &[])
    }

    pub fn text(self, op: Op, id: i64, line: &str) -> Self {
        let key = [&8u32.to_be_bytes()[..], &id.to_be_bytes()].concat();
        self.entry(op, RowFormat::Text, line.as_bytes(), &key)
    }

    pub fn entry(mut self, op: Op, format: RowFormat, row: &[u8], key: &[u8]) -> Self {
        self.chunk.entries.push(RowEntry {
            stream: 0,
            format,
            op,
            schema_version: 0,
            row_len: row.len() as u32,
            key_len: key.len() as u32,
            original_len: 0,
            key_hash: key.iter().fold(1, |hash: u64, byte| hash.wrapping_mul(31) + u64::from(*byte)),
            offset: self.record as i64,
            ticket: self.record,
            produced_ms: 0,
        });
        self.chunk.rows.extend_from_slice(row);
        self.chunk.keys.extend_from_slice(key);
        self.record += 1;
        self
    }

    /// The latest entry comes from the same record as the one before.
    fn of_same_record(mut self) -> Self {
        self.record -= 1;
        if let Some(last) = self.chunk.entries.last_mut() {
            (last.ticket, last.offset) = (self.record - 1, self.record as i64 - 1);
        }
        self
    }

    pub fn batch(self) -> Batch {
        Batch { chunks: vec![self.chunk], shards: 1 }
    }
}

/// How many rows were written, deleted, superseded and ignored.
fn counts(outcome: &Outcome) -> [u64; 4] {
    [outcome.written.inserted, outcome.written.deleted, outcome.written.superseded, outcome.written.ignored]
}

#[test]
fn changes_of_a_key_have_their_net_effect() {
    for server in servers(&[]) {
        for write_mode in [WriteMode::Copy, WriteMode::Insert] {
            let mut schema = schema(&server, "(1, 'old', 'x'), (2, 'old', 'x'), (3, 'old', 'x')");
            let target = open(&Sink { write_mode, ..sink(&schema, ConflictMode::Upsert) });
            let batch = Changes::default()
                .update(1, "new", "y")
                .delete(2)
                .insert(4, "in", "y")
                .delete(4)
                .delete(3)
                .insert(3, "again", "y")
                .update(3, "last", "z")
                .delete(99)
                .insert(5, "in", "y")
                .batch();
            let outcome = write(&target, &batch);
            assert_eq!(counts(&outcome), [3, 4, 2, 0], "{write_mode:?}");
            assert_eq!(table(&mut schema), "1:new:y 3:last:z 5:in:y");
            assert_eq!((outcome.transactions, outcome.retried), (1, 0));
        }
    }
}

#[test]
fn partial_updates_are_merged_or_change_the_columns_they_carry() {
    for server in servers(&[]) {
        let mut schema = schema(&server, "(1, 'old', 'x'), (2, 'old', 'x'), (3, 'old', 'x')");
        let target = open(&sink(&schema, ConflictMode::Upsert));
        let batch = Changes::default()
            .patch(1, "new", "?")
            .patch(2, "?", "y")
            .patch(2, "both", "?")
            .insert(4, "four", "x")
            .patch(4, "?", "late")
            .text(Op::Patch, 3, "3\t\\N\t\\U\n")
            .batch();
        let outcome = write(&target, &batch);
        assert_eq!(counts(&outcome), [4, 0, 2, 0]);
        assert_eq!(table(&mut schema), "1:new:x 2:both:y 3:NULL:x 4:four:late");
    }
}

#[test]
fn a_partial_update_without_its_row_is_rejected_alone() {
    for server in servers(&[]) {
        let mut schema = schema(&server, "(1, 'old', 'x')");
        let target = open(&sink(&schema, ConflictMode::Upsert));
        let batch = Changes::default()
            .patch(1, "new", "?")
            .patch(7, "?", "y")
            .insert(2, "two", "x")
            .delete(1)
            .patch(1, "?", "z")
            .insert(3, "three", "x")
            .batch();
        let outcome = write(&target, &batch);
        assert_eq!(outcome.rejected_rows(), [1, 4]);
        assert!(outcome.rejected[0].1.reason.contains("no row of this key"), "{:?}", outcome.rejected[0]);
        assert_eq!(table(&mut schema), "2:two:x 3:three:x");
    }
}

#[test]
fn rows_of_both_formats_of_one_key_are_still_in_order() {
    for server in servers(&[]) {
        let mut schema = schema(&server, "");
        let target = open(&sink(&schema, ConflictMode::Upsert));
        let batch = Changes::default()
            .insert(1, "bin", "x")
            .text(Op::Patch, 1, "1\ttext\t\\U\n")
            .patch(1, "?", "y")
            .text(Op::Update, 2, "2\ta\tb\n")
            .text(Op::Delete, 2, "2\n")
            .batch();
        let outcome = write(&target, &batch);
        assert!(outcome.rejected.is_empty());
        assert_eq!(table(&mut schema), "1:text:y");
    }
}

#[test]
fn ignore_keeps_what_was_first_until_it_is_deleted() {
    for server in servers(&[]) {
        let mut schema = schema(&server, "(1, 'old', 'x'), (2, 'old', 'x')");
        let target = open(&sink(&schema, ConflictMode::Ignore));
        let batch = Changes::default()
            .update(1, "new", "y")
            .delete(2)
            .update(2, "first", "y")
            .update(2, "late", "y")
            .patch(1, "?", "z")
            .batch();
        assert_eq!(counts(&write(&target, &batch)), [1, 1, 0, 3]);
        assert_eq!(table(&mut schema), "1:old:x 2:first:y");
    }
}

#[test]
fn under_strict_an_insert_of_a_key_that_is_there_stops_the_job_and_an_update_does_not() {
    for server in servers(&[]) {
        let mut schema = schema(&server, "(1, 'old', 'x'), (2, 'old', 'x')");
        let target = open(&sink(&schema, ConflictMode::Strict));
        let fine = Changes::default().update(1, "new", "y").delete(2).insert(2, "two", "y").insert(3, "in", "y");
        assert_eq!(counts(&write(&target, &fine.update(3, "up", "y").batch())), [3, 1, 1, 0]);
        assert_eq!(table(&mut schema), "1:new:y 2:two:y 3:up:y");
        for bad in [
            Changes::default().insert(4, "four", "x").insert(3, "again", "x"),
            Changes::default().insert(3, "again", "x").delete(3),
            Changes::default().update(5, "five", "x").insert(5, "again", "x"),
        ] {
            let error = target.writer.write(&bad.batch(), &mut Outcome::default(), &Stop::default()).unwrap_err();
            assert!(error.to_string().contains("23505"), "{error}");
        }
        assert_eq!(schema.count("t WHERE a = 'again'"), 0);
    }
}

#[test]
fn rows_that_pass_a_unique_value_on_are_written_in_their_order() {
    for server in servers(&[]) {
        let mut schema = schema(&server, "(1, 'one', 'x'), (2, 'two', 'x')");
        schema.execute("ALTER TABLE t ADD UNIQUE (a)");
        let target = open(&sink(&schema, ConflictMode::Upsert));
        let batch = Changes::default()
            .update(1, "tmp", "y")
            .update(2, "one", "y")
            .update(1, "two", "y")
            .insert(3, "one", "bad")
            .insert(4, "four", "y")
            .batch();
        let outcome = write(&target, &batch);
        assert_eq!(outcome.rejected_rows(), [3]);
        assert_eq!(outcome.rejected[0].1.sqlstate.as_deref(), Some("23505"));
        assert_eq!(table(&mut schema), "1:two:y 2:one:y 4:four:y");
    }
}

#[test]
fn if_a_row_is_refused_the_changes_that_it_superseded_are_written() {
    for server in servers(&[]) {
        let mut schema = schema(&server, "(1, 'old', 'x')");
        let target = open(&sink(&schema, ConflictMode::Upsert));
        let batch =
            Changes::default().update(1, "fine", "y").update(1, "far too long", "z").insert(2, "two", "y").batch();
        let outcome = write(&target, &batch);
        assert_eq!(outcome.rejected_rows(), [1]);
        assert_eq!(table(&mut schema), "1:fine:y 2:two:y");
    }
}

#[test]
fn a_bad_row_of_a_record_with_several_costs_only_itself() {
    for server in servers(&[]) {
        let mut schema = schema(&server, "");
        let target = open(&sink(&schema, ConflictMode::Upsert));
        let mut changes = Changes::default().insert(0, "a", "b");
        for id in 1..200 {
            changes = changes.insert(id, if id == 77 { "far too long" } else { "a" }, "b").of_same_record();
        }
        let outcome = write(&target, &changes.insert(200, "a", "b").batch());
        assert_eq!(outcome.rejected_rows(), [77]);
        assert_eq!(schema.count("t"), 200);
    }
}

#[test]
fn deletes_find_keys_of_any_type() {
    for server in servers(&[]) {
        let mut schema = Schema::new(&server);
        schema.execute(
            "CREATE DOMAIN code AS varchar(8); CREATE TYPE size AS ENUM ('s', 'l');
             CREATE TABLE t (id code, a size, b char(3), PRIMARY KEY (id, a, b));
             INSERT INTO t VALUES ('it''s', 's', 'x'), ('a\"b,\\', 'l', 'y'), ('kept', 's', 'z'), ('{}', 's', 'z')",
        );
        let target = open(&sink(&schema, ConflictMode::Upsert));
        let binary = |fields: &[&str]| {
            let mut row = (fields.len() as i16).to_be_bytes().to_vec();
            for field in fields {
                row.extend_from_slice(&(field.len() as i32).to_be_bytes());
                row.extend_from_slice(field.as_bytes());
            }
            row
        };
        let batch = Changes::default()
            .entry(Op::Delete, RowFormat::Binary, &binary(&["it's", "s", "x  "]), b"1")
            .entry(Op::Delete, RowFormat::Text, b"a\"b,\\\\\tl\ty\n", b"2")
            .entry(Op::Delete, RowFormat::Text, b"{}\ts\tz\n", b"3")
            .batch();
        assert_eq!(counts(&write(&target, &batch)), [0, 3, 0, 0]);
        assert_eq!(schema.text("SELECT string_agg(id, ' ') FROM t").as_deref(), Some("kept"));
    }
}

#[test]
fn three_thousand_deletes_use_the_index() {
    for server in servers(&[]) {
        let mut schema = schema(&server, "");
        schema.execute("INSERT INTO t SELECT g, 'a', repeat('x', 500) FROM generate_series(1, 200000) g; ANALYZE t");
        let target = open(&sink(&schema, ConflictMode::Upsert));
        write(&target, &Changes::default().delete(1).batch());
        let deletes = (0..3000).fold(Changes::default(), |changes, id| changes.delete(id * 60 + 2));
        let started = Instant::now();
        assert_eq!(counts(&write(&target, &deletes.batch())), [0, 3000, 0, 0]);
        eprintln!("3000 deletes of 200,000 rows: {:?}", started.elapsed());
        assert_eq!(schema.count("t"), 196_999);
        let scans =
            "pg_stat_user_tables WHERE relname = 't' AND schemaname = current_schema() AND seq_tup_read > 600000";
        assert_eq!(schema.count(scans), 0);
    }
}

#[test]
fn missing_keys_and_privileges_for_changes_are_errors_at_the_start() {
    for server in servers(&[]) {
        let mut schema = Schema::new(&server);
        let role = format!("{}_role", schema.name);
        schema.execute(&format!(
        "CREATE TABLE t (id bigint, a text, b text); CREATE ROLE {role} LOGIN PASSWORD 'x'; GRANT USAGE ON SCHEMA {} TO {role};
         GRANT SELECT, INSERT, UPDATE ON t TO {role}",
        schema.name
    ));
        let mut keyless = refusal(&sink(&schema, ConflictMode::Ignore));
        schema.execute("ALTER TABLE t ADD PRIMARY KEY (id)");
        let mut other = sink(&schema, ConflictMode::Ignore);
        other.connection.user.clone_from(&role);
        other.connection.password = vecsink::internals::settings::Password::new("x");
        let denied = refusal(&other);
        schema.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
        assert!(keyless.contains("declare PRIMARY KEY (…) NOT ENFORCED"), "{keyless}");
        assert!(denied.contains("DELETE ON"), "{denied}");
        schema.execute("ALTER TABLE t DROP CONSTRAINT t_pkey");
        keyless = refusal(&Sink { declared_key: Some(vec![0]), ..sink(&schema, ConflictMode::Strict) });
        assert!(keyless.contains("CREATE UNIQUE INDEX"), "{keyless}");
    }
}

#[test]
fn every_conflict_mode_follows_changes_on_every_server() {
    for server in servers(&[]) {
        for mode in [ConflictMode::Ignore, ConflictMode::Strict, ConflictMode::Upsert] {
            for write_mode in [WriteMode::Copy, WriteMode::Insert] {
                let mut schema = schema(&server, "(1, 'old', 'x'), (2, 'old', 'x'), (3, 'old', 'x')");
                let target = open(&Sink { write_mode, ..sink(&schema, mode) });
                let batch =
                    Changes::default().insert(4, "in", "y").delete(1).update(2, "new", "y").update(5, "new", "y");
                write(&target, &batch.batch());
                let second = if mode == ConflictMode::Ignore { "2:old:x" } else { "2:new:y" };
                assert_eq!(table(&mut schema), format!("{second} 3:old:x 4:in:y 5:new:y"), "{mode:?} {write_mode:?}");
            }
        }
    }
}

#[test]
fn with_ignore_changes_are_followed_on_every_server_also_without_a_unique_index() {
    for server in servers(&[]) {
        for write_mode in [WriteMode::Copy, WriteMode::Insert] {
            let mut schema = schema(&server, "(1, 'old', 'x'), (2, 'old', 'x')");
            schema.execute("ALTER TABLE t DROP CONSTRAINT t_pkey");
            let sink = Sink { declared_key: Some(vec![0]), write_mode, ..sink(&schema, ConflictMode::Ignore) };
            let target = open(&sink);
            let batch = Changes::default().update(1, "new", "y").delete(2).insert(3, "in", "y").update(3, "late", "z");
            write(&target, &batch.batch());
            let rows = "SELECT string_agg(id || a, ' ' ORDER BY id, a) FROM t";
            assert_eq!(schema.text(rows).as_deref(), Some("1new 1old 3in 3late"), "{write_mode:?}");
        }
    }
}
