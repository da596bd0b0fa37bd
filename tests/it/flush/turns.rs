//! Processes that write the same keys block each other. After a deadlock they take turns.

use std::time::{Duration, Instant};

use vecsink::internals::postgres::Target;
use vecsink::internals::settings::{ConflictMode, Sink};

use super::fixture::{Rows, sink, table, write};
use crate::support::{Schema, eventually, postgres18, postgres96};

/// Sessions that wait for a lock of the schema's table or one of its rows.
fn waiting(schema: &mut Schema, what: &str) -> bool {
    let query = format!(
        "SELECT count(*) FROM pg_locks w JOIN pg_locks h USING (pid)
          WHERE NOT w.granted AND w.locktype {what} AND h.relation = '{}.t'::regclass",
        schema.name
    );
    schema.text(&query) != Some("0".to_owned())
}

#[test]
fn after_a_deadlock_transactions_take_turns_and_wait_for_locks_for_a_shorter_time() {
    for server in [postgres18(), postgres96()].into_iter().flatten() {
        let mut schema = Schema::new(&server);
        schema.execute("CREATE TABLE t (id bigint PRIMARY KEY, name text); INSERT INTO t VALUES (1, 'a'), (2, 'a')");
        let sink = Sink { conflict_mode: ConflictMode::Upsert, ..sink(&schema, "t") };
        let name = format!("{}/0", schema.name);
        let target = Target::open(&sink, &name, None).expect("opens");
        let batch = |name| Rows::default().many(1..3, name).batch();
        // Another process locks the same rows in another order. It detects deadlocks late, so the target's session gets the error.
        let mut other = schema.connect();
        other
            .batch_execute("SET deadlock_timeout TO '100s'; BEGIN; UPDATE t SET name = 'b' WHERE id = 2")
            .expect("it locks");
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| write(&target, &batch("new")));
            eventually("the target has one row and waits for the other", || waiting(&mut schema, "= 'transactionid'"));
            other.batch_execute("UPDATE t SET name = 'b' WHERE id = 1; COMMIT").expect("the target gives way");
            assert!(writer.join().expect("it goes on").retried > 0);
        });
        assert_eq!(table(&mut schema, "t"), "1=new 2=new");
        let holds_turn = format!(
            "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
              WHERE locktype = 'advisory' AND granted AND application_name = '{name}'"
        );
        other.batch_execute("BEGIN; UPDATE t SET name = 'c' WHERE id = 2").expect("it locks");
        std::thread::scope(|scope| {
            let started = Instant::now();
            let writer = scope.spawn(|| write(&target, &batch("newer")));
            eventually("the target waits, and it is its turn", || {
                waiting(&mut schema, "= 'transactionid'") && schema.text(&holds_turn) != Some("0".to_owned())
            });
            eventually("it gives up waiting, to try again", || !waiting(&mut schema, "= 'transactionid'"));
            assert!(started.elapsed() < Duration::from_secs(50), "{:?}", started.elapsed());
            other.batch_execute("COMMIT").expect("it ends");
            assert!(writer.join().expect("it goes on").retried > 0);
        });
        assert_eq!(table(&mut schema, "t"), "1=newer 2=newer");
    }
}
