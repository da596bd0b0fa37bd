//! In every conflict mode, every change has the same effect on a tree as on a plain table, in whichever child the row is.

use vecsink::internals::batch::{Op, RowFormat};
use vecsink::internals::settings::{ConflictMode, Sink, VectorIndexMode, WriteMode};

use super::fixture::{COLUMNS, MODES, PLACES, WRITE_MODES, behind, conflict, places, plain, rows, schema};
use crate::flush::changes::Changes;
use crate::flush::fixture::{Outcome, Rows, open, sink, write};
use crate::support::{Feature, Schema, servers};

/// Changes of one key in a batch: inserts, updates, partial updates and deletes.
const SEQUENCES: [&str; 12] = ["i", "u", "p", "d", "di", "du", "pp", "pu", "ud", "udi", "pdi", "uup"];

fn sequence(changes: Changes, id: i64, sequence: &str) -> Changes {
    sequence.chars().enumerate().fold(changes, |changes, (at, change)| {
        let a = format!("{change}{at}");
        match change {
            'i' => changes.insert(id, &a, "new"),
            'u' => changes.update(id, &a, "new"),
            'p' => changes.patch(id, &a, "?"),
            _ => changes.delete(id),
        }
    })
}

/// Everything that the outcome of a batch tells.
fn outcome(outcome: &Outcome) -> (Vec<u64>, Vec<usize>) {
    let written = outcome.written;
    (
        vec![written.inserted, written.deleted, written.superseded, written.ignored, written.unchanged],
        outcome.rejected_rows(),
    )
}

#[track_caller]
pub fn no_key_is_twice(schema: &mut Schema) {
    let twice = "SELECT string_agg(id::text, ' ') FROM (SELECT id FROM t GROUP BY id HAVING count(*) > 1) AS s";
    assert_eq!(schema.text(twice), None, "keys that are in two tables");
}

/// Inserts a row with this id into one table of the tree, and into `plain`.
fn put(schema: &mut Schema, place: Option<&str>, id: i64) {
    if let Some(place) = place {
        let only = place.trim_start_matches("ONLY ");
        schema.execute(&format!(
            "INSERT INTO {only} VALUES ({id}, 'old', 'old'); INSERT INTO plain VALUES ({id}, 'old', 'old')"
        ));
    }
}

/// Makes every change to rows in these tables, and the same changes in `plain`.
#[track_caller]
pub fn compare_with_plain(schema: &mut Schema, places: &[Option<&str>], mode: ConflictMode, write_mode: WriteMode) {
    let mut changes = [Changes::default(), Changes::default()];
    for (number, names) in SEQUENCES.iter().enumerate() {
        for (at, place) in places.iter().enumerate() {
            // Under `strict` this is a conflict, which stops the job.
            if mode == ConflictMode::Strict && names.starts_with('i') && place.is_some() {
                continue;
            }
            let id = (number * 10 + at) as i64;
            put(schema, *place, id);
            changes = changes.map(|changes| sequence(changes, id, names));
        }
    }
    let [ours, theirs] = changes.map(Changes::batch);
    let tree = write(&open(&behind(schema, mode, write_mode)), &ours);
    let alone = write(&open(&plain(schema, "plain", mode, write_mode)), &theirs);
    assert_eq!(outcome(&tree), outcome(&alone), "{mode:?} {write_mode:?}");
    assert_eq!(rows(schema, "t"), rows(schema, "plain"), "{mode:?} {write_mode:?}");
    no_key_is_twice(schema);
}

#[test]
fn every_change_has_the_same_effect_as_on_a_plain_table_in_each_table_of_the_tree() {
    for server in servers(&[Feature::OnConflict]) {
        for mode in MODES {
            for write_mode in WRITE_MODES {
                compare_with_plain(&mut schema(&server, COLUMNS, "id"), &PLACES, mode, write_mode);
            }
        }
    }
}

#[test]
fn copied_rows_find_their_keys_in_other_tables_without_a_second_attempt() {
    for server in servers(&[Feature::OnConflict]) {
        for (mode, expected, kept) in [
            (ConflictMode::Upsert, (6, 0, 0), "1:new:x 2:new:x 3:new:x 4:new:x 5:text:x 6:text:x"),
            (ConflictMode::Ignore, (2, 4, 0), "1:old:old 2:old:old 3:new:x 4:old:old 5:old:old 6:text:x"),
        ] {
            let mut schema = schema(&server, COLUMNS, "id");
            for (id, place) in [(1, PLACES[1]), (2, PLACES[2]), (4, PLACES[2]), (5, PLACES[1])] {
                put(&mut schema, place, id);
            }
            let target = open(&behind(&schema, mode, WriteMode::Copy));
            let binary = (1..5).fold(Changes::default(), |changes, id| changes.insert(id, "new", "x"));
            let batch = binary.text(Op::Insert, 5, "5\ttext\tx\n").text(Op::Insert, 6, "6\ttext\tx\n").batch();
            let outcome = write(&target, &batch);
            assert_eq!((outcome.counts(), outcome.retried), (expected, 0), "{mode:?}");
            assert_eq!(rows(&mut schema, "t"), kept, "{mode:?}");
            no_key_is_twice(&mut schema);
        }
    }
}

#[test]
fn written_rows_are_in_the_hot_child_and_partial_updates_change_rows_where_they_are() {
    for server in servers(&[Feature::OnConflict]) {
        for write_mode in WRITE_MODES {
            let mut schema = schema(&server, COLUMNS, "id");
            for (at, place) in PLACES.into_iter().enumerate() {
                put(&mut schema, place, at as i64);
                put(&mut schema, place, at as i64 + 10);
            }
            let target = open(&behind(&schema, ConflictMode::Upsert, write_mode));
            let all = (0..4).fold(Changes::default(), |changes, id| changes.insert(id, "new", "x"));
            let all = (10..13).fold(all, |changes, id| changes.patch(id, "new", "?"));
            write(&target, &all.batch());
            assert_eq!(places(&mut schema), "t_sealed_1 11, t_hot 0 1 2 3 10, t 12", "{write_mode:?}");
            assert_eq!(schema.count("t WHERE a = 'new'"), 7);
        }
    }
}

#[test]
fn under_strict_a_key_in_any_table_is_the_conflict_and_its_row_is_named() {
    for server in servers(&[Feature::OnConflict]) {
        for write_mode in WRITE_MODES {
            for place in &PLACES[..3] {
                let mut schema = schema(&server, COLUMNS, "id");
                put(&mut schema, *place, 7);
                let before = places(&mut schema);
                let target = open(&behind(&schema, ConflictMode::Strict, write_mode));
                for text in [false, true] {
                    let batch = Changes::default().insert(9, "new", "x").insert(2, "new", "x");
                    let batch = match text {
                        true => batch.text(Op::Insert, 7, "7\tnew\tx\n"),
                        false => batch.insert(7, "new", "x"),
                    };
                    let conflict = conflict(&target, &batch.insert(8, "new", "x").batch());
                    assert_eq!(conflict.row, Some(2), "{place:?} {write_mode:?}");
                    assert!(conflict.reason.contains("(7)"), "{}", conflict.reason);
                    assert_eq!(places(&mut schema), before, "nothing is committed");
                }
            }
        }
    }
}

#[test]
fn rows_without_a_key_go_into_the_hot_child_and_nothing_else_happens() {
    for server in servers(&[Feature::OnConflict]) {
        for mode in MODES {
            for write_mode in WRITE_MODES {
                let mut schema = Schema::new(&server);
                schema.execute(
                    "CREATE TABLE t (id bigint, name text); CREATE TABLE t_hot () INHERITS (t); INSERT INTO t VALUES (1, 'old')",
                );
                let sink = Sink { vector_index: VectorIndexMode::Behind, ..sink(&schema, "t") };
                let target = open(&Sink { conflict_mode: mode, write_mode, ..sink });
                let outcome = write(&target, &Rows::default().binary(1, Some("a")).text(1, "b").batch());
                assert_eq!(outcome.counts(), (2, 0, 0), "{mode:?} {write_mode:?}");
                assert_eq!(places(&mut schema), "t_hot 1 1, t 1");
                assert_eq!(schema.count("ONLY t"), 1);
            }
        }
    }
}

/// A row of the columns `id`, `a` and `b` in binary form.
fn binary(id: i64, a: &str, b: &str) -> Vec<u8> {
    let mut row = 3i16.to_be_bytes().to_vec();
    for value in [&id.to_be_bytes(), a.as_bytes(), b.as_bytes()] {
        row.extend_from_slice(&(value.len() as i32).to_be_bytes());
        row.extend_from_slice(value);
    }
    row
}

#[test]
fn keys_of_several_columns_in_another_order_are_found() {
    for server in servers(&[Feature::OnConflict]) {
        for (mode, kept) in [
            (ConflictMode::Upsert, "1:a\tb\\:old 1:x:new 2:a\tb\\:new 2:x:new 3:x:old"),
            (ConflictMode::Ignore, "1:a\tb\\:old 1:x:old 2:a\tb\\:old 2:x:new 3:x:old"),
        ] {
            for write_mode in WRITE_MODES {
                let mut schema = schema(&server, "b text, id bigint, a varchar(9)", "a, id");
                schema.execute(
                    "INSERT INTO t (id, a, b) VALUES (1, 'x', 'old'), (3, 'x', 'old');
                     INSERT INTO t_sealed_1 (id, a, b) VALUES (2, E'a\\tb\\\\', 'old'), (1, E'a\\tb\\\\', 'old')",
                );
                let target = open(&behind(&schema, mode, write_mode));
                let batch = Changes::default()
                    .entry(Op::Insert, RowFormat::Binary, &binary(1, "x", "new"), b"1")
                    .entry(Op::Insert, RowFormat::Text, b"2\ta\\tb\\\\\tnew\n", b"2")
                    .entry(Op::Insert, RowFormat::Text, b"2\tx\tnew\n", b"3");
                let outcome = write(&target, &batch.batch());
                assert!(outcome.rejected.is_empty(), "{:?}", outcome.rejected);
                assert_eq!(rows(&mut schema, "t"), kept, "{mode:?} {write_mode:?}");
            }
        }
        let mut schema = schema(&server, "b text, id bigint, a varchar(9)", "a, id");
        schema.execute("INSERT INTO t (id, a) VALUES (2, E'a\\tb\\\\')");
        let target = open(&behind(&schema, ConflictMode::Strict, WriteMode::Copy));
        let batch = Changes::default().entry(Op::Insert, RowFormat::Binary, &binary(1, "x", "new"), b"1").entry(
            Op::Insert,
            RowFormat::Text,
            b"2\ta\\tb\\\\\tnew\n",
            b"2",
        );
        let conflict = conflict(&target, &batch.batch());
        assert_eq!(conflict.row, Some(1));
        assert!(conflict.reason.contains("(a\tb\\, 2)"), "{}", conflict.reason);
    }
}

#[test]
fn keys_are_compared_by_the_collation_of_their_index() {
    for server in servers(&[Feature::OnConflict]) {
        for (mode, kept) in [(ConflictMode::Upsert, "2:big:new"), (ConflictMode::Ignore, "1:big:old")] {
            let mut schema = Schema::new(&server);
            let index = "(a COLLATE \"C\")";
            schema.execute(&format!(
                "CREATE TABLE t (id bigint, a text COLLATE \"POSIX\" NOT NULL, b text); CREATE UNIQUE INDEX ON t {index};
                 CREATE TABLE t_hot () INHERITS (t); CREATE UNIQUE INDEX ON t_hot {index};
                 INSERT INTO t VALUES (1, 'big', 'old')"
            ));
            let sink = Sink { declared_key: Some(vec![1]), ..behind(&schema, mode, WriteMode::Copy) };
            let batch = Changes::default().entry(Op::Insert, RowFormat::Binary, &binary(2, "big", "new"), b"1");
            write(&open(&sink), &batch.batch());
            assert_eq!(rows(&mut schema, "t"), kept, "{mode:?}");
        }
    }
}

#[test]
fn columns_that_the_job_leaves_out_keep_their_values_when_a_row_is_replaced() {
    for server in servers(&[Feature::OnConflict]) {
        for write_mode in WRITE_MODES {
            let columns = "kept int NOT NULL DEFAULT 7, id bigint, a text, \"no\"\"te\" text DEFAULT 'none', b text";
            let mut schema = schema(&server, columns, "id");
            schema.execute(
                "INSERT INTO t (id, kept, \"no\"\"te\") VALUES (1, 8, 'one'); INSERT INTO t_hot (id, kept) VALUES (3, 9);
                 INSERT INTO t_sealed_1 (id, kept, \"no\"\"te\") VALUES (2, 5, NULL)",
            );
            let target = open(&behind(&schema, ConflictMode::Upsert, write_mode));
            let batch = (1..5).fold(Changes::default(), |changes, id| changes.insert(id, "new", "x"));
            write(&target, &batch.batch());
            let query =
                "SELECT string_agg(id || a || kept || coalesce(\"no\"\"te\", '-'), ' ' ORDER BY id) FROM ONLY t_hot";
            assert_eq!(schema.text(query).as_deref(), Some("1new8one 2new5- 3new9none 4new7none"), "{write_mode:?}");
            assert_eq!(schema.count("t"), 4);
        }
    }
}

#[test]
fn a_row_that_is_replaced_keeps_the_number_that_the_server_gave_it() {
    for server in servers(&[Feature::Generated]) {
        let mut schema = Schema::new(&server);
        schema.execute(
            "CREATE TABLE t (id bigint PRIMARY KEY, a text, b text, number bigint GENERATED ALWAYS AS IDENTITY);
             INSERT INTO t VALUES (1, 'old', 'x'), (2, 'old', 'x')",
        );
        let target = open(&behind(&schema, ConflictMode::Upsert, WriteMode::Copy));
        write(&target, &Changes::default().insert(3, "new", "x").insert(2, "new", "x").batch());
        let numbers = schema.text("SELECT string_agg(id || a || number, ' ' ORDER BY id) FROM t");
        assert_eq!(numbers.as_deref(), Some("1old1 2new2 3new4"), "numbers are taken from one sequence");
        assert_eq!(places(&mut schema), "t_hot 2 3, t 1");
    }
}

#[test]
fn a_row_that_changes_nothing_stays_in_the_table_that_has_it() {
    for server in servers(&[Feature::OnConflict]) {
        for (kept, columns) in [(false, COLUMNS), (true, "id bigint, a text, b text, kept int DEFAULT 7")] {
            let mut schema = schema(&server, columns, "id");
            for (id, place) in [(1, PLACES[2]), (2, PLACES[2]), (3, PLACES[1]), (4, PLACES[1]), (5, PLACES[0])] {
                let place = place.unwrap_or_default().trim_start_matches("ONLY ");
                schema.execute(&format!("INSERT INTO {place} (id, a, b) VALUES ({id}, 'old', 'old')"));
            }
            if kept {
                schema.execute("UPDATE t SET kept = 8");
            }
            let target = open(&behind(&schema, ConflictMode::Upsert, WriteMode::Insert));
            let rows = Changes::default().insert(1, "old", "old").update(2, "new", "old").insert(3, "old", "old");
            let rows = rows.insert(4, "old", "new").insert(5, "old", "old").insert(6, "old", "old");
            let written = write(&target, &rows.batch()).written;
            assert_eq!((written.inserted, written.unchanged, written.replaced_in_others), (3, 3, 2));
            assert_eq!(places(&mut schema), "t_sealed_1 3, t_hot 2 4 5 6, t 1");
            let patches = (1..7).fold(Changes::default(), |changes, id| changes.patch(id, "?", "old"));
            let written = write(&target, &patches.batch()).written;
            assert_eq!((written.inserted, written.unchanged), (1, 5));
            assert_eq!(places(&mut schema), "t_sealed_1 3, t_hot 2 4 5 6, t 1");
            if kept {
                assert_eq!(schema.count("t WHERE kept = 8"), 5, "columns that aren't written go with their rows");
            }
        }
    }
}

#[test]
fn if_copied_rows_replace_others_the_next_batches_are_compared_with_the_table() {
    for server in servers(&[Feature::OnConflict]) {
        let mut schema = schema(&server, COLUMNS, "id");
        schema.execute("INSERT INTO t SELECT g, 'old', 'old' FROM generate_series(1, 6) g");
        let target = open(&behind(&schema, ConflictMode::Upsert, WriteMode::Copy));
        let again = |ids: [i64; 3]| ids.into_iter().fold(Changes::default(), |rows, id| rows.insert(id, "old", "old"));
        assert_eq!(write(&target, &again([1, 2, 3]).batch()).written.replaced_in_others, 3);
        assert_eq!(write(&target, &again([4, 5, 6]).batch()).written.unchanged, 3);
        assert_eq!(places(&mut schema), "t_hot 1 2 3, t 4 5 6");
    }
}

#[test]
fn three_thousand_rows_find_their_keys_by_the_index() {
    for server in servers(&[Feature::OnConflict]) {
        for mode in [ConflictMode::Upsert, ConflictMode::Ignore] {
            let mut schema = schema(&server, COLUMNS, "id");
            schema
                .execute("INSERT INTO t SELECT g, 'a', repeat('x', 500) FROM generate_series(1, 200000) g; ANALYZE t");
            let target = open(&behind(&schema, mode, WriteMode::Copy));
            for batch in 0..7 {
                let ids = (0..3000).map(|row| row * 60 + batch * 7);
                write(&target, &ids.fold(Changes::default(), |changes, id| changes.insert(id, "new", "x")).batch());
            }
            drop(target);
            no_key_is_twice(&mut schema);
            let scans =
                "pg_stat_user_tables WHERE relname = 't' AND schemaname = current_schema() AND seq_tup_read > 1000000";
            assert_eq!(schema.count(scans), 0, "{mode:?}");
        }
    }
}
