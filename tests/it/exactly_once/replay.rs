//! `vecsink replay` into a sink that is exactly-once: whatever is replayed how often, each record is in the table once.

use std::path::Path;

use super::scene::Scene;
use super::{expected, reaches};
use crate::support::command::Finished;
use crate::support::{Job, servers};

const RECORDS: i64 = 3_000;

/// A job that has rejected some records into a file, whose table takes them now.
fn rejected(scene: &mut Scene) -> Finished {
    scene.produce(0..RECORDS);
    let job = scene.bounded();
    let file = job.file("rejected.jsonl");
    let finished = job.option("t.deadletter", format!("file:{}", file.display())).finish().exited(0);
    assert_eq!(scene.schema.count("t"), expected(RECORDS).0);
    scene.schema.execute("ALTER TABLE t ALTER COLUMN name TYPE text, DROP CONSTRAINT t_name_check");
    finished
}

fn replay(scene: &Scene, file: &Path) -> Job {
    let again = file.with_file_name("again.jsonl");
    scene.replay(&file.display().to_string()).argument("--rejected").argument(again)
}

/// How many of [`RECORDS`] can't be decoded, whatever the table is.
fn undecodable() -> i64 {
    (0..RECORDS).filter(|id| id % 300 == 17).count() as i64
}

#[track_caller]
fn assert_each_once(scene: &mut Scene, rows: i64) {
    let counts =
        scene.schema.text("SELECT count(*) || ' rows of ' || count(DISTINCT (part, off)) || ' records' FROM t");
    assert_eq!(counts, Some(format!("{rows} rows of {rows} records")));
}

#[test]
fn a_file_that_is_replayed_twice_writes_each_record_once() {
    for server in servers(&[]) {
        let Some(mut scene) = Scene::on(&server) else { return };
        let run = rejected(&mut scene);
        let file = run.folder().join("rejected.jsonl");
        for round in 1..3 {
            let finished = replay(&scene, &file).finish().exited(0);
            assert_each_once(&mut scene, RECORDS - undecodable());
            assert_eq!(finished.count("rows_dead_lettered") as i64, undecodable());
            assert_eq!(finished.stderr.contains("20 dead letters were left out"), round == 2, "{}", finished.stderr);
        }
        assert_eq!(scene.schema.count("vecsink_replayed"), 20);
        let streams = scene.schema.text("SELECT count(*) FROM vecsink_stream WHERE topic LIKE 'replay:%'");
        assert_eq!(streams.as_deref(), Some("0"), "nothing is left of the replays' own streams");
    }
}

#[test]
fn a_record_that_is_rejected_again_may_be_replayed_again() {
    let Some(mut scene) = Scene::new() else { return };
    let run = rejected(&mut scene);
    let file = run.folder().join("rejected.jsonl");
    scene.schema.execute("ALTER TABLE t ADD CHECK (name <> 'refused')");
    let refused = (0..RECORDS).filter(|id| id % 300 == 204).count() as i64;
    replay(&scene, &file).finish().exited(0);
    assert_each_once(&mut scene, RECORDS - undecodable() - refused);
    scene.schema.execute("ALTER TABLE t DROP CONSTRAINT t_name_check");
    let again = file.with_file_name("again.jsonl");
    replay(&scene, &again).finish().exited(0);
    assert_each_once(&mut scene, RECORDS - undecodable());
}

#[test]
fn a_replay_that_is_killed_again_and_again_writes_each_record_once() {
    let Some(mut scene) = Scene::new() else { return };
    const RECORDS: i64 = 20_000;
    scene.topic.produce_spread((0..RECORDS).map(|id| format!("{id},a name that is too long for its column")));
    let job = scene.bounded();
    let file = job.file("rejected.jsonl");
    let _run = job.option("t.deadletter", format!("file:{}", file.display())).finish().exited(0);
    assert_eq!(scene.schema.count("t"), 0);
    scene.schema.execute("ALTER TABLE t ALTER COLUMN name TYPE text");
    for round in 1..4 {
        let mut running = replay(&scene, &file).option("t.batchsize", 200).start();
        reaches(&mut running, &mut scene.schema, round * 4_000);
        running.kill();
    }
    replay(&scene, &file).finish().exited(0);
    assert_each_once(&mut scene, RECORDS);
}

#[test]
fn a_reset_and_a_fresh_start_forget_what_replays_have_written() {
    let Some(mut scene) = Scene::new() else { return };
    let run = rejected(&mut scene);
    replay(&scene, &run.folder().join("rejected.jsonl")).finish().exited(0);
    let reset =
        scene.command(&["offsets", "reset"]).argument("--to").argument("partition:0,offset:0").argument("--yes");
    reset.finish().exited(0);
    let left = "SELECT count(*) FROM vecsink_replayed WHERE part <> 0";
    assert_eq!(scene.schema.text(left), scene.schema.text("SELECT count(*) FROM vecsink_replayed"));
    assert!(scene.schema.count("vecsink_replayed") > 0);
    scene.bounded().argument("--fresh").finish().exited(0);
    assert_eq!(scene.schema.count("vecsink_replayed"), 0);
}
