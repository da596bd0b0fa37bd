//! Rows that are in the table already, with the same values: they are not written again.

use vecsink::internals::batch::{Batch, Op, RowFormat};
use vecsink::internals::settings::{ConflictMode, Password, Sink, WriteMode};
use vecsink::internals::stop::Stop;

use super::changes::Changes;
use super::fixture::{Outcome, Rows, open, sink, sink_of, table, write};
use crate::support::postgresql::Postgres;
use crate::support::{Feature, Schema, eventually, postgres93, postgres96, servers};

fn schema(server: &Postgres) -> Schema {
    let mut schema = Schema::new(server);
    schema.execute("CREATE TABLE t (id bigint PRIMARY KEY, name text)");
    schema
}

fn upserting(schema: &Schema) -> Sink {
    Sink { conflict_mode: ConflictMode::Upsert, ..sink(schema, "t") }
}

/// The ctid, xmin and xmax of each row with these ids. They change when the row is written or locked.
fn versions(schema: &mut Schema, ids: &str) -> Option<String> {
    schema.text(&format!(
        "SELECT string_agg(id || ' ' || ctid::text || ' ' || xmin::text || ' ' || xmax::text, ', ' ORDER BY id)
         FROM t WHERE {ids}"
    ))
}

/// How many rows were written, and how many were unchanged.
fn counts(outcome: &Outcome) -> (u64, u64) {
    (outcome.written.inserted, outcome.written.unchanged)
}

/// `id` and a name as the server reads it.
fn one(name: &str) -> Batch {
    Rows::default().text(1, name).batch()
}

#[test]
fn rows_that_are_sent_again_are_neither_written_nor_locked() {
    for server in servers(&[]) {
        for write_mode in [WriteMode::Copy, WriteMode::Insert] {
            let mut schema = schema(&server);
            let target = open(&Sink { write_mode, ..upserting(&schema) });
            assert_eq!(counts(&write(&target, &Rows::default().many(0..1000, "a").batch())), (1000, 0));
            let before = versions(&mut schema, "id >= 50");
            let again = Rows::default().many(0..50, "b").many(50..1000, "a").many(1000..1010, "new").batch();
            let outcome = write(&target, &again);
            assert_eq!(counts(&outcome), (60, 950), "{write_mode:?}");
            assert_eq!(versions(&mut schema, "id BETWEEN 50 AND 999"), before);
            assert_eq!(schema.count("t WHERE name = 'b'"), 50);
            assert_eq!(schema.count("t"), 1010);
            assert_eq!(counts(&write(&target, &again)), (0, 1010), "all of them");
        }
    }
}

#[test]
fn the_server_counts_an_update_only_for_rows_that_change() {
    for server in servers(&[]) {
        let mut schema = schema(&server);
        let target = open(&upserting(&schema));
        write(&target, &Rows::default().many(0..100, "a").batch());
        let outcome = write(&target, &Rows::default().many(0..5, "b").many(5..100, "a").batch());
        assert_eq!(counts(&outcome), (5, 95));
        drop(target);
        let updates = format!(
            "SELECT n_tup_upd FROM pg_stat_user_tables WHERE schemaname = '{}' AND relname = 't' AND n_tup_ins > 0",
            schema.name
        );
        eventually("the session's figures are there", || {
            schema.text(&format!("SELECT max(u) FROM ({updates}) AS x (u)")).is_some()
        });
        assert_eq!(schema.text(&updates).as_deref(), Some("5"));
    }
}

#[test]
fn a_value_that_is_equal_but_not_identical_is_written() {
    for server in servers(&[]) {
        for (type_name, stored, sent) in [
            ("numeric", "1.0", "1.00"),
            ("double precision", "0", "-0"),
            ("real", "0", "-0"),
            ("json", "{\"a\":1}", "{\"a\": 1}"),
            ("interval", "1 day", "24:00:00"),
            ("point", "(1,2)", "(1,2.0000001)"),
            ("varchar", "a", "a "),
            ("text", "\\N", "NULL"),
            ("text", "", "\\N"),
        ] {
            let mut schema = Schema::new(&server);
            schema.execute(&format!("CREATE TABLE t (id bigint PRIMARY KEY, name {type_name})"));
            let target = open(&upserting(&schema));
            assert_eq!(counts(&write(&target, &one(stored))), (1, 0), "{type_name}");
            assert_eq!(counts(&write(&target, &one(sent))), (1, 0), "{type_name}: {stored} and {sent} differ");
            // PostgreSQL 9.3 has no exact comparison for types that the encoder doesn't know.
            let known = !matches!(type_name, "point" | "interval")
                || server.connect().query("SELECT record_image_eq(ROW(1), ROW(1))", &[]).is_ok();
            let expected = if known { (0, 1) } else { (1, 0) };
            assert_eq!(counts(&write(&target, &one(sent))), expected, "{type_name}: {sent} twice");
        }
    }
}

#[test]
fn letter_case_counts_in_a_citext_column_and_keys_that_ignore_it_are_not_compared() {
    let Some(server) = postgres96() else { return };
    server.add_extension("citext");
    let mut schema = Schema::new(&server);
    schema.execute(
        "CREATE TABLE t (id bigint PRIMARY KEY, name citext); CREATE TABLE k (id citext PRIMARY KEY, name text)",
    );
    let target = open(&upserting(&schema));
    write(&target, &one("lamp"));
    assert_eq!(counts(&write(&target, &one("Lamp"))), (1, 0));
    assert_eq!(counts(&write(&target, &one("Lamp"))), (0, 1));
    assert_eq!(table(&mut schema, "t"), "1=Lamp");

    schema.execute("INSERT INTO k VALUES ('k', 'old')");
    let target = open(&Sink { conflict_mode: ConflictMode::Upsert, skip_unchanged: Some(true), ..sink(&schema, "k") });
    let row = |id: &str, name: &str| format!("{id}\t{name}\n");
    let key = |id: &str| [&(id.len() as u32).to_be_bytes()[..], id.as_bytes()].concat();
    // Only the second row has the values of the table's row. It comes after another row with the same key, so it must be written.
    let batch = Changes::default()
        .entry(Op::Insert, RowFormat::Text, row("K", "new").as_bytes(), &key("K"))
        .entry(Op::Insert, RowFormat::Text, row("k", "old").as_bytes(), &key("k"))
        .batch();
    assert_eq!(counts(&write(&target, &batch)), (2, 0));
    assert_eq!(table(&mut schema, "k"), "k=old");
}

#[test]
fn vectors_stored_out_of_line_are_compared_by_their_numbers() {
    for server in servers(&[Feature::Pgvector]) {
        let mut schema = Schema::new(&server);
        schema.execute("CREATE TABLE t (id bigint PRIMARY KEY, name vector)");
        let target = open(&upserting(&schema));
        let vector = |first: usize| {
            let numbers = (0..1500).map(|at| format!("0.{}", (first + at * 7919) % 99_991));
            one(&format!("[{}]", numbers.collect::<Vec<_>>().join(",")))
        };
        write(&target, &vector(1));
        assert_eq!(schema.text("SELECT pg_column_size(name) > 5000 FROM t").as_deref(), Some("true"));
        let before = versions(&mut schema, "true");
        assert_eq!(counts(&write(&target, &vector(1))), (0, 1));
        assert_eq!(versions(&mut schema, "true"), before);
        assert_eq!(counts(&write(&target, &vector(2))), (1, 0));
    }
}

/// A table of `(id, a, b)` with rows 1 to 3.
fn changing(server: &Postgres) -> Schema {
    let mut schema = Schema::new(server);
    schema.execute(
        "CREATE TABLE t (id bigint PRIMARY KEY, a text, b text);
         INSERT INTO t VALUES (1, 'a', 'x'), (2, 'a', 'x'), (3, 'a', 'x')",
    );
    schema
}

#[test]
fn updates_that_set_equal_values_are_unchanged_under_upsert_and_strict() {
    for server in servers(&[]) {
        for conflict_mode in [ConflictMode::Upsert, ConflictMode::Strict] {
            let mut schema = changing(&server);
            let columns = sink_of(&schema, "t", &["id", "a", "b"]);
            let target = open(&Sink { conflict_mode, changing: true, ..columns });
            let before = versions(&mut schema, "true");
            let same = Changes::default().update(1, "a", "x").patch(2, "a", "?").patch(3, "?", "x").batch();
            let outcome = write(&target, &same);
            assert_eq!(counts(&outcome), (0, 3), "{conflict_mode:?}");
            assert_eq!(versions(&mut schema, "true"), before);
            let mixed =
                Changes::default().update(1, "a", "y").patch(2, "b", "?").patch(3, "a", "?").insert(4, "n", "n");
            assert_eq!(counts(&write(&target, &mixed.batch())), (3, 1), "{conflict_mode:?}");
            let rows = schema.text("SELECT string_agg(id || a || b, ' ' ORDER BY id) FROM t");
            assert_eq!(rows.as_deref(), Some("1ay 2bx 3ax 4nn"));
        }
    }
}

#[test]
fn a_partial_update_without_its_row_is_rejected_among_unchanged_ones() {
    for server in servers(&[]) {
        let schema = changing(&server);
        let columns = sink_of(&schema, "t", &["id", "a", "b"]);
        let target = open(&Sink { conflict_mode: ConflictMode::Upsert, changing: true, ..columns });
        let batch = Changes::default().patch(1, "a", "?").patch(9, "a", "?").patch(2, "b", "?").batch();
        let outcome = write(&target, &batch);
        assert_eq!(outcome.rejected_rows(), [1]);
        assert_eq!(outcome.written.inserted + outcome.written.unchanged, 2);
    }
}

#[test]
fn a_row_is_compared_with_what_its_own_transaction_deleted() {
    for server in servers(&[]) {
        let mut schema = changing(&server);
        let columns = sink_of(&schema, "t", &["id", "a", "b"]);
        let target = open(&Sink { conflict_mode: ConflictMode::Upsert, changing: true, ..columns });
        let outcome = write(&target, &Changes::default().delete(1).insert(1, "a", "x").update(2, "a", "x").batch());
        assert_eq!((counts(&outcome), outcome.written.deleted), ((1, 1), 1));
        assert_eq!(schema.count("t"), 3);
    }
}

#[test]
fn strict_and_ignore_see_a_row_that_is_sent_again_as_before() {
    for server in servers(&[]) {
        for write_mode in [WriteMode::Copy, WriteMode::Insert] {
            let schema = changing(&server);
            let of = |conflict_mode| {
                let columns = sink_of(&schema, "t", &["id", "a", "b"]);
                open(&Sink { conflict_mode, write_mode, skip_unchanged: Some(true), ..columns })
            };
            let batch = Changes::default().insert(1, "a", "x").batch();
            let outcome = write(&of(ConflictMode::Ignore), &batch);
            assert_eq!((counts(&outcome), outcome.written.ignored), ((0, 0), 1));
            let strict = of(ConflictMode::Strict).writer.write(&batch, &mut Outcome::default(), &Stop::default());
            assert!(strict.is_err(), "{write_mode:?}");
        }
    }
}

#[test]
fn the_option_switches_it_off() {
    for server in servers(&[]) {
        let mut schema = schema(&server);
        let target = open(&Sink { skip_unchanged: Some(false), ..upserting(&schema) });
        write(&target, &one("a"));
        let before = versions(&mut schema, "true");
        assert_eq!(counts(&write(&target, &one("a"))), (1, 0));
        assert_ne!(versions(&mut schema, "true"), before);
    }
}

#[test]
fn a_tables_own_triggers_run_for_unchanged_rows_unless_the_option_says_otherwise() {
    for server in servers(&[]) {
        let mut schema = Schema::new(&server);
        schema.execute(
            "CREATE TABLE t (id bigint PRIMARY KEY, name text, seen int DEFAULT 0);
             CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS
               'BEGIN NEW.seen := OLD.seen + 1; RETURN NEW; END';
             CREATE TRIGGER sees BEFORE UPDATE ON t FOR EACH ROW EXECUTE PROCEDURE see()",
        );
        let target = open(&upserting(&schema));
        let said = target.description.warnings.iter().any(|warning| warning.contains("trigger sees runs for them"));
        assert!(said, "{:?}", target.description.warnings);
        write(&target, &one("a"));
        assert_eq!(counts(&write(&target, &one("a"))), (1, 0));
        assert_eq!(schema.text("SELECT seen FROM t").as_deref(), Some("1"));
        let target = open(&Sink { skip_unchanged: Some(true), ..upserting(&schema) });
        // The first batch finds that the table has such rows already.
        assert_eq!(counts(&write(&target, &one("a"))), (0, 1));
        assert_eq!(schema.text("SELECT seen FROM t").as_deref(), Some("1"));
        schema.execute("ALTER TABLE t DISABLE TRIGGER sees");
        assert_eq!(counts(&write(&open(&upserting(&schema)), &one("a"))), (0, 1), "a disabled one doesn't count");
    }
}

#[test]
fn without_the_right_to_read_a_column_every_row_is_written() {
    // With ON CONFLICT an upsert needs that right anyway.
    let Some(server) = postgres93() else { return };
    let mut schema = schema(&server);
    let role = format!("{}_role", schema.name);
    schema.execute(&format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'x'; GRANT USAGE ON SCHEMA {} TO {role};
         GRANT INSERT, UPDATE, SELECT (id) ON t TO {role}",
        schema.name
    ));
    let mut sink = upserting(&schema);
    sink.connection.user.clone_from(&role);
    sink.connection.password = Password::new("x");
    let target = open(&sink);
    write(&target, &one("a"));
    let written = counts(&write(&target, &one("a")));
    let warnings = target.description.warnings.clone();
    drop(target);
    let sessions = format!("pg_stat_activity WHERE usename = '{role}'");
    eventually("its sessions and their temporary tables are gone", || schema.count(&sessions) == 0);
    schema.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
    assert_eq!(written, (1, 0));
    assert!(warnings.iter().any(|warning| warning.contains("the user may not read name")), "{warnings:?}");
}

#[test]
fn a_refused_row_among_unchanged_ones_is_rejected_alone() {
    for server in servers(&[]) {
        let mut schema = Schema::new(&server);
        schema.execute("CREATE TABLE t (id bigint PRIMARY KEY, name varchar(3))");
        let target = open(&upserting(&schema));
        write(&target, &Rows::default().many(0..100, "a").batch());
        let before = versions(&mut schema, "true");
        let batch = Rows::default().many(0..40, "a").binary(40, Some("much too long")).many(41..100, "a").batch();
        let outcome = write(&target, &batch);
        assert_eq!(outcome.rejected_rows(), [40]);
        assert_eq!(outcome.written.inserted + outcome.written.unchanged, 99);
        assert!(outcome.written.unchanged > 0 || versions(&mut schema, "true") != before);
    }
}

#[test]
fn a_row_that_another_session_changes_meanwhile_is_not_waited_for() {
    for server in servers(&[]) {
        let mut schema = schema(&server);
        // The batch isn't written by COPY into the table, which would wait for the other transaction.
        let target = open(&Sink { write_mode: WriteMode::Insert, ..upserting(&schema) });
        write(&target, &one("a"));
        let mut other = schema.connect();
        let mut open_update = other.transaction().expect("a transaction begins");
        open_update.execute("UPDATE t SET name = 'theirs' WHERE id = 1", &[]).expect("the row is free");
        // The same result as if our row had come first.
        assert_eq!(counts(&write(&target, &one("a"))), (0, 1));
        open_update.commit().expect("it commits");
        assert_eq!(table(&mut schema, "t"), "1=theirs");
    }
}

#[test]
fn check_says_what_keeps_updates_from_being_hot() {
    for server in servers(&[Feature::Pgvector]) {
        let mut schema = Schema::new(&server);
        schema.execute(
            "CREATE TABLE t (id bigint PRIMARY KEY, price int, note text, stock int, feature vector(3), own int);
             CREATE INDEX t_feature ON t USING hnsw (feature vector_l2_ops);
             CREATE INDEX t_price ON t (price); CREATE INDEX t_note ON t (lower(note)); CREATE INDEX t_own ON t (own);
             CREATE INDEX t_stock ON t (id) WHERE stock > 0; CREATE INDEX t_brin ON t USING brin (stock)",
        );
        let columns = ["id", "price", "note", "stock", "feature"];
        let of = |schema: &Schema, conflict_mode| open(&Sink { conflict_mode, ..sink_of(schema, "t", &columns) });
        let hot = |schema: &Schema, conflict_mode| -> Vec<String> {
            let warnings = of(schema, conflict_mode).description.warnings.clone();
            warnings.into_iter().filter(|warning| warning.contains("HOT")).collect()
        };
        let named = |warnings: &[String], index: &str| warnings.iter().any(|warning| warning.contains(index));
        let warnings = hot(&schema, ConflictMode::Upsert);
        for (index, is_named) in [
            ("t_price", true),
            ("t_note", true),
            ("t_stock", true),
            ("t_brin", false),
            ("t_own", false),
            ("t_pkey", false),
        ] {
            let index = format!("{}.{index} ", schema.name);
            assert_eq!(named(&warnings, &index), is_named, "{index}: {warnings:?}");
        }
        assert!(!warnings.iter().any(|warning| warning.contains("fillfactor")), "no update can be HOT: {warnings:?}");
        assert_eq!(hot(&schema, ConflictMode::Ignore), [""; 0], "nothing is updated");
        schema.execute("DROP INDEX t_price; DROP INDEX t_note; DROP INDEX t_stock");
        let warnings = hot(&schema, ConflictMode::Upsert);
        let remedy = format!("ALTER TABLE \"{}\".\"t\" SET (fillfactor = 90)", schema.name);
        assert!(warnings.len() == 1 && warnings[0].ends_with(&remedy), "{warnings:?}");
        schema.execute(&remedy);
        assert_eq!(hot(&schema, ConflictMode::Upsert), [""; 0]);
    }
}
