//! `vecsink offsets show` and `reset`, and `run --fresh`.

use super::scene::Scene;
use super::{PARTITIONS, committed, expected};
use crate::support::command::Finished;

/// What `offsets show --json` says, by partition.
fn shown(scene: &Scene) -> Vec<serde_json::Value> {
    let finished = scene.command(&["offsets", "show"]).argument("--json").finish().exited(0);
    serde_json::from_str(&finished.stdout).expect("a JSON array")
}

fn sum(shown: &[serde_json::Value], field: &str) -> i64 {
    shown.iter().map(|stream| stream[field].as_i64().unwrap_or_else(|| panic!("{field} of {stream}"))).sum()
}

fn reset(scene: &Scene, arguments: &[&str]) -> Finished {
    arguments.iter().fold(scene.command(&["offsets", "reset"]), |job, argument| job.argument(argument)).finish()
}

#[test]
fn offsets_shows_the_ledger_beside_the_group() {
    let Some(mut scene) = Scene::new() else { return };
    scene.produce(0..1_000);
    let before = shown(&scene);
    assert_eq!(before.len(), PARTITIONS as usize);
    assert!(
        before.iter().all(|stream| stream["low"].is_null() && stream["committed"].is_null() && stream["end"] == 250)
    );
    let mut running = scene.job().start();
    scene.reaches(&mut running, expected(1_000).0);
    let owner = scene.schema.text("SELECT min(owner) FROM vecsink_stream").expect("a process");
    let during = shown(&scene);
    assert!(during.iter().all(|stream| stream["owner"] == owner && stream["running"] == true), "{during:?}");
    running.terminate();
    running.wait().exited(0);
    scene.produce(1_000..1_100);
    let after = shown(&scene);
    for (field, total) in [("low", 1_000), ("highest", 1_000), ("committed", 1_000), ("end", 1_100), ("lag", 100)] {
        assert_eq!(sum(&after, field), total, "{field}");
    }
    assert!(after.iter().all(|stream| stream["clean"] == true && stream["running"] == false && stream["epoch"] == 1));
    let table = scene.command(&["offsets", "show"]).finish().exited(0).stdout;
    assert_eq!(table.lines().count(), 1 + PARTITIONS as usize);
    assert!(table.contains(&format!("{}[3]", scene.topic.name)) && table.contains("yes"), "{table}");
}

#[test]
fn an_interrupted_run_is_shown_as_not_clean() {
    let Some(mut scene) = Scene::new() else { return };
    scene.produce(0..1_000);
    scene.bounded().finish().exited(0);
    scene.schema.execute("UPDATE vecsink_stream SET low = 100 WHERE part = 2");
    let shown = shown(&scene);
    let clean: Vec<bool> = shown.iter().map(|stream| stream["clean"] == true).collect();
    assert_eq!(clean, [true, true, false, true]);
    assert_eq!(shown[2]["lag"], 150);
}

#[test]
fn a_reset_to_the_beginning_writes_everything_again() {
    let Some(mut scene) = Scene::new() else { return };
    scene.produce(0..1_000);
    scene.bounded().finish().exited(0);
    let refused = reset(&scene, &["--to", "earliest"]).exited(1);
    assert!(
        refused.stdout.contains("250 offsets are written again") && refused.stderr.contains("--yes"),
        "{refused:?}"
    );
    assert_eq!(sum(&shown(&scene), "low"), 1_000, "nothing was changed");
    reset(&scene, &["--to", "earliest", "--yes"]).exited(0);
    let after = shown(&scene);
    assert_eq!((sum(&after, "low"), sum(&after, "committed"), sum(&after, "epoch")), (0, 0, 2 * i64::from(PARTITIONS)));
    scene.bounded().finish().exited(0);
    assert_eq!(scene.schema.count("t"), 2 * expected(1_000).0);
}

#[test]
fn a_reset_to_the_end_to_offsets_or_to_a_time_leaves_records_out() {
    let Some(mut scene) = Scene::new() else { return };
    scene.produce(0..1_000);
    scene.bounded().finish().exited(0);
    scene.produce(1_000..2_000);
    reset(&scene, &["--to", "latest", "--yes"]).exited(0);
    scene.bounded().finish().exited(0);
    assert_eq!(scene.counted(), expected(1_000), "the second thousand is left out");
    reset(&scene, &["--to", "partition:1,offset:498;partition:3,offset:500", "--yes"]).exited(0);
    assert_eq!(scene.bounded().finish().exited(0).count("records_read"), 2);
    reset(&scene, &["--to", "2100-01-01T00:00:00Z", "--yes"]).exited(0);
    assert_eq!(scene.bounded().finish().exited(0).count("records_read"), 0, "no record is so young");
    reset(&scene, &["--to", "2001-01-01T00:00:00Z", "--yes"]).exited(0);
    assert_eq!(scene.bounded().finish().exited(0).count("records_read"), 2_000);
}

#[test]
fn a_reset_is_refused_while_the_job_runs_and_for_what_the_job_does_not_have() {
    let Some(mut scene) = Scene::new() else { return };
    scene.produce(0..500);
    let mut running = scene.job().start();
    scene.reaches(&mut running, expected(500).0);
    let refused = reset(&scene, &["--to", "earliest", "--yes"]).exited(1);
    assert!(refused.stderr.contains("the job is running") && refused.stderr.contains("SIGTERM"), "{}", refused.stderr);
    assert_eq!(scene.schema.text("SELECT max(epoch) FROM vecsink_stream").as_deref(), Some("1"));
    running.terminate();
    running.wait().exited(0);
    for (arguments, why) in [
        (&["--to", "partition:9,offset:0"][..], "names partition 9"),
        (&["--to", "partition:0,offset:999"], "has the offsets 0 to 125"),
        (&["--to", "earliest", "--sink", "s.other"], "the job writes to"),
        (&["--to", "earliest", "--topic", "other"], "doesn't read this topic"),
        (&["--to", "yesterday"], "must be earliest, latest"),
    ] {
        let refused = reset(&scene, arguments).exited(2);
        assert!(refused.stderr.contains(why), "{}", refused.stderr);
    }
}

#[test]
fn a_reset_repairs_a_ledger_that_lacks_shards() {
    let Some(mut scene) = Scene::new() else { return };
    scene.produce(0..100);
    scene.bounded().finish().exited(0);
    scene.schema.execute("DELETE FROM vecsink_shard WHERE shard < 9");
    scene.bounded().finish().exited(1);
    reset(&scene, &["--to", "latest", "--yes"]).exited(0);
    scene.produce(100..200);
    scene.bounded().finish().exited(0);
    assert_eq!(scene.counted(), expected(200));
}

#[test]
fn a_reset_of_one_of_two_sinks_leaves_the_other_where_it_is() {
    let Some(mut scene) = Scene::new() else { return };
    scene.schema.execute("CREATE TABLE u (LIKE t)");
    scene.with_second_sink();
    scene.produce(0..300);
    scene.bounded().finish().exited(0);
    let sink = format!("{}.u", scene.schema.name);
    reset(&scene, &["--to", "earliest", "--sink", &sink, "--yes"]).exited(0);
    assert_eq!(committed(&scene.topic), 0, "the group has the lowest offset of both");
    scene.bounded().finish().exited(0);
    // The CHECK isn't copied by LIKE, so the row that `t` refuses is in `u`.
    assert_eq!((scene.schema.count("t"), scene.schema.count("u")), (expected(300).0, 2 * (expected(300).0 + 1)));
}

#[test]
fn a_fresh_start_deletes_the_jobs_rows_of_the_ledger_and_says_so() {
    let Some(mut scene) = Scene::new() else { return };
    scene.produce(0..500);
    scene.bounded().finish().exited(0);
    // A topic that the job no longer reads, and another job.
    scene.schema.execute(
        "INSERT INTO vecsink_stream SELECT 7, job, sink, 'gone', 9, source, layout, 3, 9, '', seen FROM vecsink_stream WHERE part = 0;
         INSERT INTO vecsink_stream SELECT 8, 'other', sink, topic, 9, source, layout, 3, 9, '', seen FROM vecsink_stream WHERE part = 0",
    );
    let fresh = scene.bounded().argument("--fresh").finish().exited(0);
    assert!(
        fresh.stderr.contains("--fresh: what the ledger had of 5 streams of this job was deleted"),
        "{}",
        fresh.stderr
    );
    assert_eq!(scene.schema.count("t"), 2 * expected(500).0);
    let others = scene
        .schema
        .text("SELECT string_agg(stream::text, ' ') FROM vecsink_stream WHERE topic = 'gone' OR job = 'other'");
    assert_eq!(others.as_deref(), Some("8"));
    let epochs = scene.schema.text("SELECT min(epoch) FROM vecsink_stream WHERE job <> 'other'");
    assert_eq!(epochs.as_deref(), Some("4"), "no process has had this epoch");
}
