//! The tree changes while a writer has a transaction open: a child is sealed, or sealed children are merged. The writer writes its rows
//! again, for the changed tree.

use std::thread;

use vecsink::internals::settings::ConflictMode;

use super::fixture::{COLUMNS, MODES, WRITE_MODES, behind, places, rows, schema, seal};
use crate::flush::changes::Changes;
use crate::flush::fixture::{open, write};
use crate::support::{Feature, Schema, eventually, servers};

/// Rows with these ids, all inserted.
fn inserts(ids: &[i64], a: &str) -> Changes {
    ids.iter().fold(Changes::default(), |changes, &id| changes.insert(id, a, "x"))
}

/// Merges the sealed children 1 and 2 into one with the number 3.
const MERGE: &str = "
    LOCK TABLE t_hot IN SHARE ROW EXCLUSIVE MODE; CREATE TABLE t_sealed_3 (LIKE t INCLUDING ALL);
    INSERT INTO t_sealed_3 SELECT * FROM t_sealed_1; INSERT INTO t_sealed_3 SELECT * FROM t_sealed_2;
    DROP TABLE t_sealed_1, t_sealed_2; ALTER TABLE t_sealed_3 INHERIT t";

#[test]
fn writing_goes_on_when_children_are_sealed_and_merged_between_two_batches() {
    for server in servers(&[Feature::OnConflict]) {
        for write_mode in WRITE_MODES {
            let mut schema = schema(&server, COLUMNS, "id");
            let target = open(&behind(&schema, ConflictMode::Upsert, write_mode));
            assert_eq!(write(&target, &inserts(&[1, 2, 3], "first").batch()).retried, 0);
            schema.execute(&format!("BEGIN; {}; COMMIT", seal(2)));
            assert_eq!(write(&target, &inserts(&[2, 3, 4], "second").batch()).retried, 1);
            assert_eq!(places(&mut schema), "t_sealed_2 1, t_hot 2 3 4", "{write_mode:?}");
            schema.execute(&format!("BEGIN; {MERGE}; COMMIT"));
            let outcome = write(&target, &inserts(&[1, 4], "third").delete(2).batch());
            assert_eq!((outcome.rejected.len(), outcome.retried > 0), (0, true));
            assert_eq!(places(&mut schema), "t_hot 1 3 4", "{write_mode:?}");
            assert_eq!(rows(&mut schema, "t"), "1:third:x 3:second:x 4:third:x");
        }
    }
}

#[test]
fn a_batch_that_began_before_a_seal_was_committed_is_repeated_for_the_new_tree() {
    for server in servers(&[Feature::OnConflict]) {
        for mode in MODES {
            let mut schema = schema(&server, COLUMNS, "id");
            schema.execute("INSERT INTO t_hot VALUES (1, 'old', 'old'), (2, 'old', 'old'), (3, 'old', 'old')");
            let target = open(&behind(&schema, mode, WRITE_MODES[0]));
            let mut second = schema.connect();
            let mut sealer = second.transaction().expect("begins");
            sealer.batch_execute(&seal(2)).expect("the hot child is free");
            let batch =
                Changes::default().update(1, "new", "x").delete(2).patch(3, "new", "?").insert(4, "new", "x").batch();
            let outcome = thread::scope(|scope| {
                let writing = scope.spawn(|| write(&target, &batch));
                let waits = "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND relation = 't_hot'::regclass";
                eventually("the writer waits", || schema.text(waits).as_deref() == Some("true"));
                sealer.commit().expect("the seal is committed");
                writing.join().expect("the batch is written")
            });
            assert!(outcome.retried > 0 && outcome.rejected.is_empty(), "{:?}", outcome.rejected);
            let (expected, at) = match mode {
                ConflictMode::Ignore => ("1:old:old 3:old:old 4:new:x", "t_sealed_2 1 3, t_hot 4"),
                ConflictMode::Upsert | ConflictMode::Strict => ("1:new:x 3:new:old 4:new:x", "t_sealed_2 3, t_hot 1 4"),
            };
            assert_eq!((rows(&mut schema, "t").as_str(), places(&mut schema).as_str()), (expected, at), "{mode:?}");
        }
    }
}

#[test]
fn a_seal_waits_for_the_open_transaction_of_a_writer() {
    for server in servers(&[Feature::OnConflict]) {
        let mut schema = schema(&server, COLUMNS, "id");
        schema.execute("INSERT INTO t VALUES (1, 'old', 'old')");
        let target = open(&behind(&schema, ConflictMode::Upsert, WRITE_MODES[0]));
        let mut second = schema.connect();
        let mut holder = second.transaction().expect("begins");
        holder.batch_execute("SELECT FROM ONLY t WHERE id = 1 FOR UPDATE").expect("the row is free");
        let lock = |mode: &str, granted: bool| {
            format!("pg_locks WHERE relation = 't_hot'::regclass AND mode = '{mode}' AND granted = {granted}")
        };
        let mut sealing = Schema::connect(&schema);
        let outcome = thread::scope(|scope| {
            let writing = scope.spawn(|| write(&target, &inserts(&[1, 2], "new").batch()));
            eventually("the writer has its rows", || schema.count(&lock("RowExclusiveLock", true)) > 0);
            let sealer = scope.spawn(move || sealing.batch_execute(&format!("BEGIN; {}; COMMIT", seal(2))));
            eventually("the seal waits", || schema.count(&lock("AccessExclusiveLock", false)) > 0);
            holder.commit().expect("ends");
            sealer.join().expect("no panic").expect("the child is sealed");
            writing.join().expect("the batch is written")
        });
        assert_eq!(outcome.retried, 0, "the transaction ended before the seal");
        assert_eq!(places(&mut schema), "t_sealed_2 1 2");
    }
}
