//! `conflictmode` and `exceptionmode`: a row that conflicts or can't be stored affects only itself, never its batch, and is counted.

use vecsink::internals::batch::{Batch, Chunk, Op, RowEntry, RowFormat};
use vecsink::internals::settings::{ConflictMode, Sink};

use super::scene::Scene;
use crate::flush::fixture::{open, sink_of, write};
use crate::support::eventually;

const IGNORE: &str = ", 'conflictmode' = 'ignore', 'exceptionmode' = 'ignore'";

#[test]
fn defect_01_one_duplicate_key_costs_only_itself() {
    for mut scene in Scene::plain() {
        scene.schema.execute("INSERT INTO t VALUES (50, 'older')");
        scene.produce((1..=100).map(|id| format!("{id},new")));
        let finished = scene.run(IGNORE).exited(0);
        assert_eq!((finished.count("rows_written"), finished.count("rows_ignored")), (99, 1));
        assert_eq!(scene.shows("SELECT count(*) || ' ' || (SELECT v FROM t WHERE id = 50) FROM t"), "100 older");
    }
}

#[test]
fn defect_02_a_batch_that_copy_refuses_is_never_counted_as_written() {
    for mut scene in Scene::plain() {
        scene.schema.execute("ALTER TABLE t ADD CHECK (id <> 7)");
        scene.produce((1..=10).map(|id| format!("{id},x")));
        let strict = ", 'conflictmode' = 'strict', 'exceptionmode' = 'strict', 'writemode' = '1'";
        let finished = scene.run(strict).exited(1);
        assert!(finished.stderr.contains("@6") && finished.stderr.contains("23514"), "{}", finished.stderr);
        assert_eq!(finished.count("rows_written"), scene.schema.count("t") as u64);
        assert!(scene.topic.kafka.committed(&scene.group, &scene.topic.name, 0).is_none_or(|next| next <= 6));
        // In the mode that goes on, the other rows are in the table.
        assert_eq!(scene.run(IGNORE).exited(0).count("rows_dead_lettered"), 1);
        assert_eq!(scene.schema.count("t"), 9);
    }
}

#[test]
fn defect_03_a_lost_connection_drops_no_row_under_exceptionmode_ignore() {
    for mut scene in Scene::plain() {
        scene.produce((0..100).map(|id| format!("{id},x")));
        let running = scene.job(&format!("{IGNORE}, 'retrywaittime' = '20'")).start();
        eventually("the first rows arrive", || scene.schema.count("t") == 100);
        for round in 1..=3 {
            let end = format!(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {}",
                scene.schema.of_application()
            );
            scene.shows(&end);
            scene.produce((round * 100..round * 100 + 100).map(|id| format!("{id},x")));
            eventually("the rows of this round arrive", || scene.schema.count("t") == (round + 1) * 100);
        }
        running.terminate();
        let finished = running.wait().exited(0);
        assert_eq!((finished.count("rows_written"), finished.count("rows_dead_lettered")), (400, 0));
    }
}

#[test]
fn defect_04_update_writes_rows_that_are_not_there_yet() {
    for mut scene in Scene::plain() {
        scene.schema.execute("INSERT INTO t VALUES (1, 'old')");
        scene.produce(["1,new", "2,new"]);
        scene.run(", 'conflictmode' = 'update'").exited(0);
        assert_eq!(scene.shows("SELECT string_agg(id || v, ' ' ORDER BY id) FROM t"), "1new 2new");
    }
}

#[test]
fn defect_08_strict_stops_the_job_without_waiting_for_another_row() {
    for scene in Scene::plain() {
        scene.produce(["1,x", "two,x"]);
        // The source is unbounded, and no further messages come.
        let running = scene.job(", 'conflictmode' = 'ignore', 'exceptionmode' = 'strict'").start();
        let finished = running.wait().exited(1);
        assert!(finished.stderr.contains("@1") && finished.stderr.contains("strict"), "{}", finished.stderr);
    }
}

#[test]
fn defect_09_a_delete_that_is_refused_is_a_rejected_record() {
    for mut scene in Scene::plain() {
        scene.schema.execute(
            "INSERT INTO t SELECT id, 'x' FROM generate_series(1, 5) id;
         CREATE TABLE child (id int REFERENCES t); INSERT INTO child VALUES (3)",
        );
        let sink =
            Sink { changing: true, conflict_mode: ConflictMode::Upsert, ..sink_of(&scene.schema, "t", &["id", "v"]) };
        let mut chunk = Chunk::default();
        for id in 1..=4_i32 {
            // A delete has only the key's columns.
            let row = [&1_i16.to_be_bytes()[..], &4_i32.to_be_bytes(), &id.to_be_bytes()].concat();
            let key = [&8_u32.to_be_bytes()[..], &i64::from(id).to_be_bytes()].concat();
            chunk.entries.push(RowEntry {
                stream: 0,
                format: RowFormat::Binary,
                op: Op::Delete,
                schema_version: 0,
                row_len: row.len() as u32,
                key_len: key.len() as u32,
                original_len: 0,
                key_hash: id as u64,
                offset: id.into(),
                ticket: id as u64,
                produced_ms: 0,
            });
            chunk.rows.extend_from_slice(&row);
            chunk.keys.extend_from_slice(&key);
        }
        let outcome = write(&open(&sink), &Batch { chunks: vec![chunk], shards: 1 });
        assert_eq!((outcome.written.deleted, outcome.rejected_rows()), (3, vec![2]));
        assert_eq!(outcome.rejected[0].1.sqlstate.as_deref(), Some("23503"));
        assert_eq!(scene.shows("SELECT string_agg(id::text, ' ' ORDER BY id) FROM t"), "3 5");
    }
}

#[test]
fn defect_14_neither_the_first_row_nor_a_lone_one_is_treated_apart() {
    for server in 0..Scene::plain().count() {
        // On a busy machine the first row may come long before the second one, and then it is alone in its batch. That doesn't happen
        // each time.
        let is_alone = (0..3).all(|_| Scene::plain().nth(server).is_some_and(is_first_row_alone));
        assert!(!is_alone, "the first row has a transaction of its own on server {server}");
    }
}

fn is_first_row_alone(mut scene: Scene) -> bool {
    scene.produce((0..1000).map(|id| format!("{id},x")));
    let running = scene.job(&format!("{IGNORE}, 'batchwritetimeoutms' = '3600000', 'batchsize' = '3000'")).start();
    eventually("the rows arrive", || scene.schema.count("t") == 1000);
    scene.produce(["1000,alone"]);
    eventually("a lone row doesn't wait for an hour", || scene.schema.count("t") == 1001);
    running.terminate();
    let batches = running.wait().exited(0).count("batches");
    assert!(batches <= 100, "{batches} transactions");
    scene.shows("SELECT count(*) FROM t WHERE xmin = (SELECT xmin FROM t WHERE id = 0)") == "1"
}

#[test]
fn defect_20_every_row_that_is_not_written_is_counted() {
    for mut scene in Scene::plain() {
        scene.schema.execute("ALTER TABLE t ADD CHECK (id % 10 <> 3)");
        scene.produce((0..100).map(|id| format!("{id},x")));
        let finished = scene.run(IGNORE).exited(0);
        assert_eq!((finished.count("rows_written"), finished.count("rows_dead_lettered")), (90, 10));
        assert!(finished.stderr.contains("10 rejected"), "{}", finished.stderr);
    }
}
