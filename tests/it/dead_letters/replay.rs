//! `vecsink replay`: each dead letter becomes a row, once, or a dead letter again.

use std::path::Path;

use super::scene::{Scene, messages};
use crate::support::postgresql::{Postgres, unique};
use crate::support::{eventually, kafka, postgres18, servers};

const CARS: i64 = 500;

/// A job whose table refuses nine of ten cars, because its CHECK is wrong. The table has no primary key, so a row that is written twice
/// is there twice.
fn refused(server: &Postgres) -> Option<Scene> {
    let mut scene = Scene::new(server, &kafka()?);
    scene.schema.execute("ALTER TABLE cars DROP CONSTRAINT cars_pkey");
    scene.topic.produce(0, (0..CARS).map(|id| format!("{id},red,{}", if id % 10 == 0 { 5 } else { 500 })));
    Some(scene)
}

fn correct(scene: &mut Scene) {
    scene.schema.execute("ALTER TABLE cars DROP CONSTRAINT cheap, ADD CONSTRAINT cheap CHECK (price < 1000)");
}

#[track_caller]
fn assert_every_car_is_there_once(scene: &mut Scene) {
    let counts = "SELECT count(*) || ' rows, ' || count(DISTINCT id) || ' cars' FROM cars";
    assert_eq!(scene.schema.text(counts), Some(format!("{CARS} rows, {CARS} cars")));
}

fn file_in(folder: &Path) -> (String, String) {
    let path = folder.join("dead.jsonl").display().to_string();
    (format!("file:{path}"), path)
}

#[test]
fn after_a_wrong_constraint_is_corrected_the_replay_of_a_file_writes_every_row_once() {
    let Some(mut scene) = postgres18().as_ref().and_then(refused) else { return };
    let folder = tempfile::tempdir().unwrap();
    let (target, path) = file_in(folder.path());
    assert_eq!(scene.run(&target).finish().exited(0).count("rows_dead_lettered"), 450);
    correct(&mut scene);
    let again = folder.path().join("again.jsonl");
    let finished = scene.replay(&path, &target).argument("--rejected").argument(&again).finish().exited(0);
    let counts = ["records_read", "rows_written", "rows_dead_lettered"].map(|name| finished.count(name));
    assert_eq!(counts, [450, 450, 0]);
    assert_every_car_is_there_once(&mut scene);
}

#[test]
fn after_a_wrong_constraint_is_corrected_the_replay_of_a_topic_writes_every_row_once() {
    let Some(mut scene) = postgres18().as_ref().and_then(refused) else { return };
    let target = format!("kafka:{}", unique("dead"));
    assert_eq!(scene.run(&target).finish().exited(0).count("rows_dead_lettered"), 450);
    correct(&mut scene);
    let finished = scene.replay(&target, &target).finish().exited(0);
    assert_eq!((finished.count("rows_written"), finished.count("rows_dead_lettered")), (450, 0));
    assert_every_car_is_there_once(&mut scene);
    // The next replay doesn't read these dead letters again.
    assert_eq!(scene.replay(&target, &target).finish().exited(0).count("records_read"), 0);
    assert_every_car_is_there_once(&mut scene);
}

#[test]
fn after_a_wrong_constraint_is_corrected_the_replay_of_a_table_writes_every_row_once() {
    for server in servers(&[]) {
        let Some(mut scene) = refused(&server) else { return };
        let dead_letters = format!("table:{}.dead", scene.schema.name);
        assert_eq!(scene.run("table:dead").finish().exited(0).count("rows_dead_lettered"), 450);
        assert_eq!(scene.schema.count("dead"), 450);
        correct(&mut scene);
        let finished = scene.replay(&dead_letters, "table:dead").finish().exited(0);
        assert_eq!((finished.count("rows_written"), finished.count("rows_dead_lettered")), (450, 0));
        assert_eq!(scene.schema.count("dead"), 0);
        assert_every_car_is_there_once(&mut scene);
        assert_eq!(scene.replay(&dead_letters, "table:dead").finish().exited(0).count("records_read"), 0);
    }
}

#[test]
fn a_replay_that_is_killed_leaves_each_dead_letter_in_the_table_or_its_row() {
    let Some(mut scene) = postgres18().as_ref().and_then(refused) else { return };
    let dead_letters = format!("table:{}.dead", scene.schema.name);
    scene.run("table:dead").finish().exited(0);
    correct(&mut scene);
    let mut blocker = scene.schema.connect();
    let mut lock = blocker.transaction().unwrap();
    // Rows can be inserted, but dead letters can't be deleted: the transaction waits between the two.
    lock.batch_execute("LOCK TABLE dead IN SHARE MODE").unwrap();
    let mut running = scene.replay(&dead_letters, "table:dead").start();
    let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'dead'::regclass";
    eventually("the replay waits for the lock", || scene.schema.text(waiting).is_some_and(|count| count != "0"));
    running.kill();
    drop(lock);
    drop(running);
    eventually("its sessions are gone", || {
        let theirs =
            format!("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'vecsink {}%'", scene.group);
        scene.schema.text(&theirs).as_deref() == Some("0")
    });
    let there = "SELECT (SELECT count(*) FROM cars) + (SELECT count(*) FROM dead)";
    assert_eq!(scene.schema.text(there), Some(CARS.to_string()));
    scene.replay(&dead_letters, "table:dead").finish().exited(0);
    assert_every_car_is_there_once(&mut scene);
}

#[test]
fn records_that_are_rejected_again_become_dead_letters_again() {
    let Some(mut scene) = postgres18().as_ref().and_then(refused) else { return };
    let dead_letters = format!("table:{}.dead", scene.schema.name);
    scene.run("table:dead").finish().exited(0);
    let all = "SELECT string_agg(\"offset\" || ' ' || reason, ',' ORDER BY \"offset\") FROM dead";
    let before = scene.schema.text(all);
    let finished = scene.replay(&dead_letters, "table:dead").finish().exited(0);
    assert_eq!((finished.count("rows_written"), finished.count("rows_dead_lettered")), (0, 450));
    assert_eq!(scene.schema.text(all), before, "each once, under its own place");
    // With a file as the target they are removed from the table.
    let folder = tempfile::tempdir().unwrap();
    let again = folder.path().join("again.jsonl");
    scene.replay(&dead_letters, "table:dead").argument("--rejected").argument(&again).finish().exited(0);
    assert_eq!(scene.schema.count("dead"), 0);
    assert_eq!(std::fs::read_to_string(&again).unwrap().lines().count(), 450);
    // They are replayed from the file when the table's CHECK is right.
    correct(&mut scene);
    let finished = scene.replay(&again.display().to_string(), "table:dead").finish().exited(0);
    assert_eq!(finished.count("rows_written"), 450);
    assert_every_car_is_there_once(&mut scene);
}

#[test]
fn a_topic_of_dead_letters_that_are_rejected_again_is_read_on_from_there() {
    let Some(mut scene) = postgres18().as_ref().and_then(refused) else { return };
    let topic = unique("dead");
    let target = format!("kafka:{topic}");
    scene.run(&target).finish().exited(0);
    assert_eq!(scene.replay(&target, &target).finish().exited(0).count("rows_dead_lettered"), 450);
    let dead_letters = messages(&scene.topic.kafka, &topic);
    assert_eq!(dead_letters.len(), 900);
    let place = |at: usize| dead_letters[at].header("__connect.errors.offset").map(str::to_owned);
    assert_eq!(dead_letters[450].headers.len(), dead_letters[0].headers.len(), "headers don't pile up");
    assert!(place(450).is_some() && place(0).is_some());
    correct(&mut scene);
    let finished = scene.replay(&target, &target).finish().exited(0);
    assert_eq!((finished.count("records_read"), finished.count("rows_written")), (450, 450));
    assert_every_car_is_there_once(&mut scene);
}

#[test]
fn a_value_may_be_repaired_in_the_file() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let mut scene = Scene::new(&server, &kafka);
    scene.topic.produce(0, ["1,red,cheap", "2,ultramarine,5", "3,red,7"]);
    let folder = tempfile::tempdir().unwrap();
    let (target, path) = file_in(folder.path());
    scene.run(&target).finish().exited(0);
    let mut dead_letters: Vec<serde_json::Value> = std::fs::read_to_string(&path)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect();
    dead_letters.sort_by_key(|dead_letter| dead_letter["offset"].as_i64());
    dead_letters[0]["value"] = serde_json::json!({"text": "1,red,4"});
    dead_letters[1]["value"] = "MixibHVlLDU=".into(); // 2,blue,5
    let repaired: String = dead_letters.iter().map(|dead_letter| format!("{dead_letter}\n")).collect();
    std::fs::write(&path, repaired).unwrap();
    let finished = scene.replay(&path, &target).finish().exited(0);
    assert_eq!(finished.count("rows_written"), 2);
    let rows = "SELECT string_agg(concat_ws(',', id, color, price), ' ' ORDER BY id) FROM cars";
    assert_eq!(scene.schema.text(rows).as_deref(), Some("1,red,4 2,blue,5 3,red,7"));
}

#[test]
fn dead_letters_that_can_not_be_replayed_are_errors_before_anything_is_written() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let mut scene = Scene::new(&server, &kafka);
    scene.topic.produce(0, ["1,red,500"]);
    let folder = tempfile::tempdir().unwrap();
    let (target, path) = file_in(folder.path());
    scene.run(&target).finish().exited(0);
    scene.schema.execute("ALTER TABLE cars DROP CONSTRAINT cheap");
    let dead_letter = std::fs::read_to_string(&path).unwrap();
    let own = format!("{}.cars", scene.schema.name);
    let said = |scene: &Scene, text: &str, target: &str| {
        std::fs::write(&path, text).unwrap();
        scene.with_password(crate::support::Job::replay(&path, &scene.sql())).option("cars.deadletter", target).finish()
    };
    let foreign = said(&scene, &(dead_letter.clone() + &dead_letter.replace(&own, "other.table")), &target).exited(2);
    assert!(foreign.stderr.contains("other.table"), "{}", foreign.stderr);
    let torn = said(&scene, &(dead_letter.clone() + "{\"topic\":"), &target).exited(2);
    assert!(torn.stderr.contains("dead.jsonl:2"), "{}", torn.stderr);
    std::fs::write(&path, &dead_letter).unwrap();
    let without = scene.with_password(crate::support::Job::replay(&path, &scene.sql())).finish().exited(2);
    assert!(without.stderr.contains("--rejected"), "{}", without.stderr);
    let wrong_sink = scene.replay(&path, &target).argument("--sink").argument("no.such").finish().exited(2);
    assert!(wrong_sink.stderr.contains(&own), "{}", wrong_sink.stderr);
    assert_eq!(scene.ids(), "");
    // With --sink, dead letters of other sinks are left alone.
    std::fs::write(&path, dead_letter.clone() + &dead_letter.replace(&own, "other.table")).unwrap();
    let chosen = scene.replay(&path, &target).argument("--sink").argument(&own).finish().exited(0);
    assert_eq!((chosen.count("records_read"), scene.ids().as_str()), (1, "1"));
}
