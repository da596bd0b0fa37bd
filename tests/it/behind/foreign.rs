//! What happens to other programs that change the table through the parent, and don't know about the children. docs/vector-index.md
//! warns of each case.

use std::thread;

use postgres::Client;
use postgres::error::SqlState;

use super::fixture::{COLUMNS, moves, places, rows, schema};
use crate::support::{Feature, Schema, eventually, servers};

/// A tree with the row 1 in its hot child, in flight, and another program's statement that waits for the end of the move. Returns how many
/// rows the statement has changed.
fn beside_a_move(schema: &mut Schema, isolation: &str, statement: &'static str) -> Result<u64, postgres::Error> {
    schema.execute("INSERT INTO t_hot VALUES (1, 'hot', 'hot')");
    let mut mover = schema.connect();
    mover.batch_execute("BEGIN").expect("a transaction");
    mover.batch_execute(&moves("1")).expect("the row is moved");
    let mut foreign = schema.connect();
    foreign.batch_execute(&format!("SET default_transaction_isolation TO '{isolation}'")).expect("a setting");
    let process = process_of(&mut foreign);
    let changed = thread::spawn(move || foreign.execute(statement, &[]));
    eventually("the other program waits for the move", || waits_for_a_lock(schema, process));
    mover.batch_execute("COMMIT").expect("the move is committed");
    changed.join().expect("the other program's thread ends")
}

pub fn process_of(client: &mut Client) -> i32 {
    client.query_one("SELECT pg_backend_pid()", &[]).expect("a process").get(0)
}

pub fn waits_for_a_lock(schema: &mut Schema, process: i32) -> bool {
    schema.text(&format!("SELECT 1 FROM pg_locks WHERE pid = {process} AND NOT granted")).is_some()
}

#[test]
fn a_delete_through_the_parent_that_meets_a_row_in_flight_deletes_nothing_and_says_so_by_its_count_only() {
    for server in servers(&[Feature::OnConflict]) {
        let mut schema = schema(&server, COLUMNS, "id");
        let deleted = beside_a_move(&mut schema, "read committed", "DELETE FROM t WHERE id = 1");
        assert_eq!(deleted.expect("no error"), 0);
        assert_eq!(places(&mut schema), "t 1", "the row is still there");
    }
}

#[test]
fn an_update_through_the_parent_that_meets_a_row_in_flight_updates_nothing_and_says_so_by_its_count_only() {
    for server in servers(&[Feature::OnConflict]) {
        let mut schema = schema(&server, COLUMNS, "id");
        let updated = beside_a_move(&mut schema, "read committed", "UPDATE t SET a = 'changed' WHERE id = 1");
        assert_eq!(updated.expect("no error"), 0);
        assert_eq!(rows(&mut schema, "t"), "1:hot:hot");
    }
}

#[test]
fn under_repeatable_read_a_statement_that_meets_a_row_in_flight_gets_a_serialization_failure_and_can_be_repeated() {
    for server in servers(&[Feature::OnConflict]) {
        let mut schema = schema(&server, COLUMNS, "id");
        let refused =
            beside_a_move(&mut schema, "repeatable read", "DELETE FROM t WHERE id = 1").expect_err("an error");
        assert_eq!(refused.code(), Some(&SqlState::T_R_SERIALIZATION_FAILURE));
        schema.execute("DELETE FROM t WHERE id = 1");
        assert_eq!(places(&mut schema), "");
    }
}

/// The advice of the docs: change the child first and the parent second, each by a statement of its own.
#[test]
fn two_deletes_first_of_the_child_then_of_the_parent_delete_a_row_in_flight() {
    for server in servers(&[Feature::OnConflict]) {
        let mut schema = schema(&server, COLUMNS, "id");
        let deleted = beside_a_move(&mut schema, "read committed", "DELETE FROM ONLY t_hot WHERE id = 1");
        assert_eq!(deleted.expect("no error"), 0);
        schema.execute("DELETE FROM ONLY t WHERE id = 1");
        assert_eq!(places(&mut schema), "");
    }
}

#[test]
fn an_insert_on_conflict_into_the_parent_does_not_see_the_children() {
    for server in servers(&[Feature::OnConflict]) {
        let mut schema = schema(&server, COLUMNS, "id");
        schema.execute("INSERT INTO t_hot VALUES (1, 'hot', 'hot')");
        schema.execute("INSERT INTO t VALUES (1, 'other', 'other') ON CONFLICT (id) DO NOTHING");
        assert_eq!(places(&mut schema), "t_hot 1, t 1", "the key is there twice");
    }
}

/// Shows why a seal locks the parent before the hot child: a query lists the children, waits for their locks, and takes its snapshot
/// last.
#[test]
fn a_query_that_waits_for_a_seal_sees_what_was_written_since_only_if_the_parent_is_locked() {
    for server in servers(&[Feature::OnConflict]) {
        for (locks, seen) in [
            ("LOCK TABLE ONLY t_hot IN ACCESS EXCLUSIVE MODE", "2"),
            (
                "LOCK TABLE ONLY t_hot IN SHARE ROW EXCLUSIVE MODE; LOCK TABLE ONLY t IN ACCESS EXCLUSIVE MODE;
                 LOCK TABLE ONLY t_hot IN ACCESS EXCLUSIVE MODE",
                "1 2 3",
            ),
        ] {
            let mut schema = schema(&server, COLUMNS, "id");
            schema.execute("INSERT INTO t VALUES (1, 'old', 'old'); INSERT INTO t_hot VALUES (2, 'hot', 'hot')");
            let mut sealer = schema.connect();
            sealer.batch_execute(&format!("BEGIN; {locks}")).expect("the locks are free");
            let mut reader = schema.connect();
            let process = process_of(&mut reader);
            let read = thread::spawn(move || {
                reader
                    .query_one("SELECT string_agg(id::text, ' ' ORDER BY id) FROM t", &[])
                    .map(|row| row.get::<_, String>(0))
            });
            eventually("the query waits for the seal", || waits_for_a_lock(&mut schema, process));
            // Right after the seal, before the query goes on, writers replace a row and insert one.
            sealer
                .batch_execute(
                    "ALTER TABLE t_hot RENAME TO t_sealed_2; CREATE TABLE t_hot (PRIMARY KEY (id)) INHERITS (t);
                     INSERT INTO t_hot VALUES (1, 'new', 'new'), (3, 'new', 'new'); DELETE FROM ONLY t WHERE id = 1; COMMIT",
                )
                .expect("the hot child is sealed");
            let read = read.join().expect("the reader's thread ends").expect("the table can be read");
            assert_eq!(read, seen, "{locks}");
        }
    }
}
