//! Sinks that reach the server through a PgBouncer.

use vecsink::internals::batch::Op;
use vecsink::internals::postgres::Target;
use vecsink::internals::settings::{ConflictMode, Sink, VectorIndexMode};

use super::changes::Changes;
use super::fixture::{Rows, open, refusal, sink, sink_of, table, write};
use crate::support::postgresql::Postgres;
use crate::support::{PgBouncer, Schema, postgres18};

/// PgBouncers in front of a server: the old version, and the new one with and without support for prepared statements.
fn poolers(server: &Postgres, mode: &str, size: u32) -> impl Iterator<Item = PgBouncer> {
    let settings = [format!("pool_mode={mode}"), format!("default_pool_size={size}")];
    let [mode, size] = &settings;
    let poolers = [
        PgBouncer::old(server, &[mode, size]),
        PgBouncer::new(server, &[mode, size, "max_prepared_statements=0"]),
        PgBouncer::new(server, &[mode, size, "max_prepared_statements=100"]),
    ];
    poolers.into_iter().flatten()
}

/// A schema whose sinks write through the pooler. Its own client doesn't.
fn schema(server: &Postgres, pooler: &PgBouncer) -> Schema {
    let mut schema = Schema::new(server);
    schema.server = pooler.server.clone();
    schema
}

fn speaks_of_a_pooler(target: &Target) -> bool {
    target.description.warnings.iter().any(|warning| warning.contains("pooler"))
}

#[test]
fn behind_a_transaction_pooler_all_ways_to_write_work_and_leave_nothing_in_the_servers_sessions() {
    let Some(server) = postgres18() else { return };
    let modes = [VectorIndexMode::Inline, VectorIndexMode::Behind];
    for (pooler, vector_index) in
        modes.iter().flat_map(|mode| poolers(&server, "transaction", 1).map(move |it| (it, *mode)))
    {
        let mut schema = schema(&server, &pooler);
        schema.execute(
            "CREATE TABLE t (id bigint PRIMARY KEY, a varchar(5), b text); INSERT INTO t VALUES (1, 'old', 'old')",
        );
        let columns = sink_of(&schema, "t", &["id", "a", "b"]);
        let sink = Sink { conflict_mode: ConflictMode::Upsert, changing: true, vector_index, ..columns };
        let target = open(&sink);
        assert!(speaks_of_a_pooler(&target), "{:?}", target.description);
        write(&target, &Changes::default().insert(1, "a", "b").insert(2, "a", "b").insert(3, "a", "b").batch());
        write(
            &target,
            &Changes::default().patch(1, "new", "?").delete(2).text(Op::Delete, 7, "7\n").insert(3, "c", "d").batch(),
        );
        // The refused row is found by writing the rows one at a time.
        let outcome = write(
            &target,
            &Changes::default().insert(4, "a", "b").insert(5, "too long", "b").insert(6, "a", "b").batch(),
        );
        assert_eq!(outcome.rejected_rows(), [1]);
        let rows = "SELECT string_agg(id || ':' || a || ':' || b, ' ' ORDER BY id) FROM t";
        assert_eq!(schema.text(rows).as_deref(), Some("1:new:b 3:c:d 4:a:b 6:a:b"));
        drop(target);
        let left = "SELECT (SELECT count(*) FROM pg_prepared_statements WHERE NOT name LIKE 'PGBOUNCER%')
                         + (SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema() AND relname LIKE 'vecsink%')
                         || ' ' || current_setting('lock_timeout')";
        let left = pooler.server.connect().simple_query(left).unwrap();
        let left = left.iter().find_map(|part| match part {
            postgres::SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        });
        assert_eq!(left, Some("0 0"));
    }
}

#[test]
fn session_pooling_works_like_a_direct_connection() {
    let Some(server) = postgres18() else { return };
    for pooler in poolers(&server, "session", 2) {
        let mut schema = schema(&server, &pooler);
        schema.execute("CREATE TABLE t (id bigint PRIMARY KEY, name text)");
        let target = open(&sink(&schema, "t"));
        assert!(!speaks_of_a_pooler(&target), "{:?}", target.description);
        write(&target, &Rows::default().binary(1, Some("a")).text(2, "b").batch());
        write(&target, &Rows::default().binary(2, Some("c")).batch());
        assert_eq!(table(&mut schema, "t"), "1=a 2=b");
    }
}

#[test]
fn a_pool_of_one_session_is_enough() {
    let Some(server) = postgres18() else { return };
    for pooler in poolers(&server, "session", 1) {
        let mut schema = schema(&server, &pooler);
        schema.execute("CREATE TABLE t (id bigint PRIMARY KEY, name text)");
        let begun = std::time::Instant::now();
        let target = open(&Sink { connection_max_active: 1, ..sink(&schema, "t") });
        assert!(begun.elapsed().as_secs() < 15, "{:?}", begun.elapsed());
        write(&target, &Rows::default().binary(1, Some("a")).batch());
        assert_eq!(table(&mut schema, "t"), "1=a");
    }
}

#[test]
fn statement_pooling_is_refused() {
    let Some(server) = postgres18() else { return };
    for pooler in poolers(&server, "statement", 2) {
        let mut schema = schema(&server, &pooler);
        schema.execute("CREATE TABLE t (id bigint PRIMARY KEY, name text)");
        let refusal = refusal(&sink(&schema, "t"));
        assert!(refusal.contains("statement pooling"), "{refusal}");
    }
}

#[test]
fn a_job_loses_no_row_when_its_pooler_begins_to_pool_transactions() {
    let Some(server) = postgres18() else { return };
    for pooler in poolers(&server, "session", 4) {
        let mut schema = schema(&server, &pooler);
        schema.execute("CREATE TABLE t (id bigint PRIMARY KEY, name text)");
        let target = open(&Sink { connection_max_active: 1, ..sink(&schema, "t") });
        write(&target, &Rows::default().binary(1, Some("a")).batch());
        pooler.console("SET pool_mode = 'transaction'");
        // The last transaction in a session that belonged to the job only.
        write(&target, &Rows::default().binary(2, Some("b")).batch());
        let mut taken: Vec<postgres::Client> = (0..2).map(|_| pooler.server.connect()).collect();
        taken.iter_mut().for_each(|client| client.batch_execute("BEGIN; SELECT 1").unwrap());
        let outcome = write(&target, &Rows::default().binary(2, Some("c")).binary(3, Some("c")).batch());
        assert!(outcome.retried > 0, "the transaction began in another session");
        assert_eq!(outcome.counts(), (1, 1, 0));
        assert_eq!(table(&mut schema, "t"), "1=a 2=b 3=c");
    }
}
