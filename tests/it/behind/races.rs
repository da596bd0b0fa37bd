//! A writer and a second session that changes or moves the same rows: no key is lost, and none is in two tables.

use std::thread;

use postgres::Transaction;
use vecsink::internals::batch::Batch;
use vecsink::internals::postgres::Target;
use vecsink::internals::settings::{ConflictMode, Sink};

use super::fixture::{COLUMNS, MODES, WRITE_MODES, behind, conflict, moves, places, rows, schema};
use crate::flush::changes::Changes;
use crate::flush::fixture::{Outcome, open, write};
use crate::support::{Feature, Schema, eventually, servers};

/// The sessions that wait for this one.
fn waiting(schema: &mut Schema, blocker: i32) -> i64 {
    schema.count(&format!("pg_stat_activity WHERE {blocker} = ANY (pg_blocking_pids(pid))"))
}

fn process(session: &mut Transaction<'_>) -> i32 {
    session.query_one("SELECT pg_backend_pid()", &[]).expect("the server answers").get(0)
}

/// Writes a batch, which has to wait for `holder`. While it waits, `meanwhile` runs; then the holder commits or rolls back.
pub fn write_against(
    schema: &mut Schema,
    target: &Target,
    batch: &Batch,
    mut holder: Transaction<'_>,
    commits: bool,
    meanwhile: impl FnOnce(&mut Schema),
) -> Outcome {
    let blocker = process(&mut holder);
    thread::scope(|scope| {
        let writing = scope.spawn(|| write(target, batch));
        eventually("the writer waits", || waiting(schema, blocker) > 0);
        meanwhile(schema);
        match commits {
            true => holder.commit(),
            false => holder.rollback(),
        }
        .expect("the second session ends");
        writing.join().expect("the batch is written")
    })
}

/// What the table has for key 1 after a change of its row while the row was being moved.
pub const CHANGES: [(ConflictMode, char, &str); 8] = [
    (ConflictMode::Upsert, 'i', "1:new:x"),
    (ConflictMode::Upsert, 'u', "1:new:x"),
    (ConflictMode::Upsert, 'p', "1:new:old"),
    (ConflictMode::Upsert, 'd', ""),
    (ConflictMode::Ignore, 'i', "1:old:old"),
    (ConflictMode::Ignore, 'd', ""),
    (ConflictMode::Strict, 'u', "1:new:x"),
    (ConflictMode::Strict, 'p', "1:new:old"),
];

pub fn batch(change: char) -> Batch {
    let changes = Changes::default();
    match change {
        'i' => changes.insert(1, "new", "x"),
        'u' => changes.update(1, "new", "x"),
        'p' => changes.patch(1, "new", "?"),
        _ => changes.delete(1),
    }
    .batch()
}

#[test]
fn a_change_of_a_row_that_is_being_moved_waits_for_the_move_and_is_not_lost() {
    for server in servers(&[Feature::OnConflict]) {
        for (mode, change, expected) in CHANGES {
            for (write_mode, commits) in WRITE_MODES.into_iter().flat_map(|mode| [(mode, true), (mode, false)]) {
                let mut schema = schema(&server, COLUMNS, "id");
                schema.execute("INSERT INTO t_hot VALUES (1, 'old', 'old'), (2, 'old', 'old')");
                let target = open(&behind(&schema, mode, write_mode));
                let mut second = schema.connect();
                let mut mover = second.transaction().expect("begins");
                mover.batch_execute(&moves("1, 2")).expect("the rows are free");
                let outcome = write_against(&mut schema, &target, &batch(change), mover, commits, |_| {});
                let rows = rows(&mut schema, "t");
                assert_eq!(
                    rows,
                    format!("{expected} 2:old:old").trim_start(),
                    "{mode:?} {change} {write_mode:?} {commits}"
                );
                assert!(outcome.rejected.is_empty(), "{:?}", outcome.rejected);
            }
        }
    }
}

#[test]
fn under_strict_a_row_that_is_being_moved_is_still_a_conflict() {
    for server in servers(&[Feature::OnConflict]) {
        for commits in [true, false] {
            let mut schema = schema(&server, COLUMNS, "id");
            schema.execute("INSERT INTO t_hot VALUES (1, 'old', 'old')");
            let target = open(&behind(&schema, ConflictMode::Strict, WRITE_MODES[0]));
            let mut second = schema.connect();
            let mut mover = second.transaction().expect("begins");
            mover.batch_execute(&moves("1")).expect("the row is free");
            let blocker = process(&mut mover);
            let batch = Changes::default().insert(5, "new", "x").insert(1, "new", "x").batch();
            let found = thread::scope(|scope| {
                let writing = scope.spawn(|| conflict(&target, &batch));
                eventually("the writer waits", || waiting(&mut schema, blocker) > 0);
                if commits { mover.commit() } else { mover.rollback() }.expect("the mover ends");
                writing.join().expect("the batch is refused")
            });
            assert_eq!(found.row, Some(1));
            assert_eq!(rows(&mut schema, "t"), "1:old:old");
        }
    }
}

#[test]
fn a_move_leaves_out_rows_that_an_open_transaction_of_a_writer_holds() {
    for server in servers(&[Feature::OnConflict]) {
        for write_mode in WRITE_MODES {
            let mut schema = schema(&server, COLUMNS, "id");
            schema.execute(
                "INSERT INTO t_hot VALUES (1, 'old', 'old'), (3, 'old', 'old'); INSERT INTO t VALUES (2, 'old', 'old')",
            );
            let target = open(&behind(&schema, ConflictMode::Upsert, write_mode));
            // The writer waits for the row of the target table. It has already written its rows of the hot child.
            let mut second = schema.connect();
            let mut holder = second.transaction().expect("begins");
            holder.batch_execute("SELECT FROM ONLY t WHERE id = 2 FOR UPDATE").expect("the row is free");
            let batch = Changes::default().update(1, "new", "x").update(2, "new", "x").insert(4, "new", "x").batch();
            write_against(&mut schema, &target, &batch, holder, true, |schema| schema.execute(&moves("1, 2, 3, 4")));
            assert_eq!(places(&mut schema), "t_hot 1 2 4, t 3", "{write_mode:?}");
            assert_eq!(rows(&mut schema, "t"), "1:new:x 2:new:x 3:old:old 4:new:x");
        }
    }
}

#[test]
fn a_partial_update_finds_a_row_that_another_process_replaces_meanwhile() {
    for server in servers(&[Feature::OnConflict]) {
        let mut schema = schema(&server, COLUMNS, "id");
        schema.execute("INSERT INTO t VALUES (1, 'old', 'old')");
        let target = open(&behind(&schema, ConflictMode::Upsert, WRITE_MODES[0]));
        let mut second = schema.connect();
        let mut other = second.transaction().expect("begins");
        other
            .batch_execute("INSERT INTO t_hot VALUES (1, 'other', 'other'); DELETE FROM ONLY t WHERE id = 1")
            .expect("writes");
        let outcome = write_against(&mut schema, &target, &batch('p'), other, true, |_| {});
        assert!(outcome.rejected.is_empty(), "{:?}", outcome.rejected);
        assert_eq!(rows(&mut schema, "t"), "1:new:other");
    }
}

#[test]
fn two_writers_of_one_key_leave_one_row() {
    for server in servers(&[Feature::OnConflict]) {
        for mode in MODES {
            let mut schema = schema(&server, COLUMNS, "id");
            schema.execute("INSERT INTO t VALUES (1, 'old', 'old')");
            let sink: Sink = behind(&schema, mode, WRITE_MODES[0]);
            let target = open(&sink);
            let mut second = schema.connect();
            let mut other = second.transaction().expect("begins");
            other
                .batch_execute(
                    "INSERT INTO t_hot VALUES (1, 'other', 'x'), (2, 'other', 'x'); DELETE FROM ONLY t WHERE id = 1",
                )
                .expect("writes");
            let changes = Changes::default().update(1, "new", "x").update(2, "new", "x").batch();
            write_against(&mut schema, &target, &changes, other, true, |_| {});
            let expected = if mode == ConflictMode::Ignore { "1:other:x 2:other:x" } else { "1:new:x 2:new:x" };
            assert_eq!(rows(&mut schema, "t"), expected, "{mode:?}");
        }
    }
}
