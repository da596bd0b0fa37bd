//! A job starts also while another session has locked its table, and no session has to wait behind the job's probes.

use vecsink::internals::settings::{ConflictMode, Sink, WriteMode};

use super::changes::Changes;
use super::fixture::{open, sink_of, write};
use crate::support::{Schema, servers};

#[test]
fn a_job_starts_while_its_table_is_locked_and_writes_when_the_lock_is_gone() {
    for server in servers(&[]) {
        for mode in [ConflictMode::Ignore, ConflictMode::Strict, ConflictMode::Upsert] {
            for write_mode in [WriteMode::Copy, WriteMode::Insert] {
                let mut schema = Schema::new(&server);
                schema.execute(
                    "CREATE TABLE t (id bigint PRIMARY KEY, a text, b text); CREATE INDEX ON t (lower(a));
                     INSERT INTO t VALUES (1, 'old', 'x')",
                );
                let changing = Sink {
                    conflict_mode: mode,
                    write_mode,
                    changing: true,
                    ..sink_of(&schema, "t", &["id", "a", "b"])
                };
                let mut holder = schema.connect();
                let mut lock = holder.transaction().expect("begins");
                lock.batch_execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE").expect("nobody else has it");
                let target = open(&changing);
                let queue = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 't'::regclass";
                assert_eq!(lock.query_one(queue, &[]).expect("answers").get::<_, i64>(0), 0, "nothing of ours waits");
                lock.rollback().expect("ends");
                let warnings = &target.description.warnings;
                assert!(
                    warnings.iter().any(|warning| warning.contains("is locked by another session")),
                    "{warnings:?}"
                );
                write(&target, &Changes::default().delete(1).insert(2, "two", "y").batch());
                let rows = schema.text("SELECT string_agg(id || a, ' ') FROM t");
                assert_eq!(rows.as_deref(), Some("2two"), "{mode:?} {write_mode:?}");
                assert_eq!(open(&changing).description.warnings, [] as [String; 0]);
            }
        }
    }
}
