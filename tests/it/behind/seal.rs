//! A hot child that is too large for exact searches is sealed and gets an index of its own.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::scene::Scene;
use super::told::{JOB, with_variables};
use crate::push::scene::LONG;
use crate::support::lateness::timed;
use crate::support::{Job, eventually, kafka};

/// With this limit 8,000 rows are too many.
const LOW: &[(&str, &str)] = &[("sink.vector-index.scan-limit", "1"), ("sink.vector-index.movers", "1")];

/// The sealed children, by name.
fn sealed(scene: &mut Scene) -> Vec<String> {
    let query =
        "SELECT string_agg(c.relname, ' ' ORDER BY c.oid) FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid
                 WHERE h.inhparent = 'cars'::regclass AND c.relname LIKE 'cars_sealed_%'";
    scene.schema.text(query).unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}

/// How many of the children's vector indexes are valid, and how many aren't.
fn indexes(scene: &mut Scene) -> (usize, usize) {
    let mut count = |valid: &str| {
        let query = format!(
            "SELECT count(*) FROM pg_inherits h JOIN pg_index i ON i.indrelid = h.inhrelid JOIN pg_class x ON x.oid = i.indexrelid
             JOIN pg_am m ON m.oid = x.relam WHERE h.inhparent = 'cars'::regclass AND {valid} i.indisvalid AND m.amname = 'hnsw'"
        );
        scene.schema.text(&query).and_then(|count| count.parse().ok()).unwrap_or(0)
    };
    (count(""), count("NOT"))
}

#[test]
fn a_hot_child_over_the_limit_is_sealed_and_indexed_and_in_calm_times_emptied() {
    let Some(mut scene) = Scene::new("note text") else { return };
    scene.fill("cars_hot", 1..=8000);
    let sink = scene.open_with(LOW);
    eventually("the child is sealed", || sealed(&mut scene).len() == 1);
    assert_eq!(scene.schema.count("cars"), 8000);
    scene.schema.execute("INSERT INTO cars_hot (id, v) VALUES (8001, array_fill(3, ARRAY[32]))");
    eventually("the sealed child has its index", || indexes(&mut scene).0 == 1 || sealed(&mut scene).is_empty());
    eventually("no row waits", || sink.stats().rows_waiting_for_index == 0);
    eventually("the sealed child is emptied and dropped", || sealed(&mut scene).is_empty());
    assert_eq!(scene.places(), (0, 8001));
    assert_eq!(scene.distinct(), 8001);
    drop(sink);
}

#[test]
fn an_index_that_an_interrupted_build_left_is_dropped_and_built_again() {
    let Some(mut scene) = Scene::new("note text") else { return };
    scene.schema.execute("CREATE TABLE cars_sealed_5 (PRIMARY KEY (id)) INHERITS (cars)");
    scene.fill("cars_sealed_5", 1..=500);
    scene.schema.execute(
        "CREATE INDEX cars_sealed_5_v1 ON cars_sealed_5 USING hnsw (v vector_l2_ops);
         UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'cars_sealed_5_v1'::regclass",
    );
    let before = scene.schema.text("SELECT 'cars_sealed_5_v1'::regclass::oid");
    let sink = scene.open();
    let mut found = None;
    eventually("the index is built again", || {
        found = scene
            .schema
            .text("SELECT indexrelid FROM pg_index WHERE indexrelid = to_regclass('cars_sealed_5_v1') AND indisvalid");
        found.is_some()
    });
    assert_ne!(found, before);
    eventually("the rows move into the table", || sealed(&mut scene).is_empty());
    assert_eq!(scene.places(), (0, 500));
    drop(sink);
}

#[test]
fn a_build_that_is_cancelled_is_made_again_by_the_next_sink() {
    let Some(mut scene) = Scene::new("note text") else { return };
    scene.schema.execute("CREATE TABLE cars_sealed_5 (PRIMARY KEY (id)) INHERITS (cars)");
    scene.fill("cars_sealed_5", 1..=8000);
    // CREATE INDEX CONCURRENTLY waits for a transaction that wrote into the table.
    let mut other = scene.schema.connect();
    other.batch_execute("BEGIN; UPDATE cars_sealed_5 SET note = 'x' WHERE id = 1").expect("a row is written");
    let sink = scene.open();
    eventually("the build waits", || indexes(&mut scene) == (0, 1));
    let (took, closed) = timed(|| sink.close(LONG));
    closed.expect("it closes");
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert_eq!(indexes(&mut scene), (0, 1), "an invalid index is left");
    other.batch_execute("COMMIT").expect("it commits");
    let sink = scene.open();
    eventually("the next sink builds it", || indexes(&mut scene) == (1, 0) || sealed(&mut scene).is_empty());
    assert_eq!(scene.schema.count("cars"), 8000);
    drop(sink);
}

#[test]
fn a_session_that_reads_the_hot_child_delays_sealing_and_writers_go_on() {
    let Some(mut scene) = Scene::new("note text") else { return };
    scene.fill("cars_hot", 1..=12_000);
    let mut reader = scene.schema.connect();
    reader.batch_execute("BEGIN; SELECT count(*) FROM cars").expect("it reads");
    let sink = scene.open_with(LOW);
    for round in 0..20 {
        let row = format!("INSERT INTO cars_hot (id, v) VALUES ({}, array_fill(3, ARRAY[32]))", 100_000 + round);
        let (took, ()) = timed(|| scene.schema.execute(&row));
        assert!(took < Duration::from_secs(5), "a writer waits no longer than sealing waits: {took:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(sealed(&mut scene).is_empty());
    reader.batch_execute("COMMIT").expect("it ends");
    eventually("the child is sealed", || !sealed(&mut scene).is_empty());
    assert_eq!(scene.schema.count("cars"), 12_020);
    drop(sink);
}

#[test]
fn a_child_is_sealed_while_queries_that_take_long_run_without_a_pause() {
    let Some(mut scene) = Scene::new("note text") else { return };
    scene.fill("cars_hot", 1..=30_000);
    let query = Duration::from_millis(500);
    let ended = AtomicBool::new(false);
    let clients: Vec<_> = (0..3).map(|_| scene.schema.connect()).collect();
    std::thread::scope(|scope| {
        let readers = clients.into_iter().enumerate().map(|(number, mut client)| {
            let ended = &ended;
            scope.spawn(move || {
                std::thread::sleep(query / 3 * number as u32);
                let mut longest = Duration::ZERO;
                // The test must end also if the child is never sealed.
                let until = Instant::now() + Duration::from_secs(60);
                while !ended.load(Ordering::Relaxed) && Instant::now() < until {
                    let begun = Instant::now();
                    let rows = client.query_one("SELECT count(*), pg_sleep(0.5)::text FROM cars", &[]);
                    assert_eq!(rows.expect("it reads").get::<_, i64>(0), 30_000);
                    longest = longest.max(begun.elapsed());
                }
                longest
            })
        });
        let readers: Vec<_> = readers.collect();
        let sink = scene.open_with(LOW);
        eventually("the child is sealed", || !sealed(&mut scene).is_empty());
        ended.store(true, Ordering::Relaxed);
        for reader in readers {
            let longest = reader.join().expect("no row is missing");
            assert!(longest < query + Duration::from_secs(2), "a query waits for a seal: {longest:?}");
        }
        drop(sink);
    });
}

#[test]
fn a_transaction_that_holds_a_lock_for_long_is_reported_and_rows_are_moved_meanwhile() {
    let (Some(mut scene), Some(kafka)) = (Scene::new("color text"), kafka()) else { return };
    let topic = kafka.topic(1);
    scene.fill("cars_hot", 1..=40_000);
    let mut reader = scene.schema.connect();
    reader.batch_execute("BEGIN; SELECT count(*) FROM cars").expect("it reads");
    let process: i32 = reader.query_one("SELECT pg_backend_pid()", &[]).expect("a number").get(0);
    let job = with_variables(Job::run(JOB), &scene.schema, &topic.name, &kafka.brokers);
    let limit = job.option("cars.sink.vector-index.scan-limit", 1);
    let running = limit.option("messages.scan.bounded.mode", "unbounded").start();
    let end = format!("end it: SELECT pg_terminate_backend({process})");
    eventually("the process is named", || running.said().contains(&end));
    assert!(running.said().contains("state idle in transaction"), "{}", running.said());
    let (waiting, moved) = scene.places();
    assert!(moved > 0 && waiting + moved == 40_000, "{waiting} rows wait, {moved} were moved");
    // From then on the log doesn't report the lock again for each attempt.
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(running.said().matches(&end).count(), 1);
    assert!(sealed(&mut scene).is_empty());
    reader.batch_execute("COMMIT").expect("it ends");
    eventually("all rows are in an index", || {
        scene.places().0 == 0 && indexes(&mut scene).0 == sealed(&mut scene).len()
    });
    running.terminate();
    running.wait().exited(0);
}

#[test]
fn sealing_while_sessions_are_ended_leaves_a_tree_that_the_next_try_understands() {
    let Some(mut scene) = Scene::new("note text") else { return };
    scene.fill("cars_hot", 1..=8000);
    let sink = scene.open_with(LOW);
    let (until, mut most) = (Instant::now() + Duration::from_secs(6), 0);
    while Instant::now() < until {
        let query = format!(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = '{}'",
            scene.movers()
        );
        scene.schema.execute(&query);
        most = most.max(sealed(&mut scene).len());
        assert_eq!(scene.schema.count("cars"), 8000);
        std::thread::sleep(Duration::from_millis(150));
    }
    eventually("all rows are in an index", || sink.stats().rows_waiting_for_index == 0 && indexes(&mut scene).1 == 0);
    assert_eq!((scene.schema.count("cars"), scene.distinct()), (8000, 8000));
    drop(sink);
}

#[test]
fn two_sinks_seal_a_child_only_once() {
    let Some(mut scene) = Scene::new("note text") else { return };
    scene.fill("cars_hot", 1..=8000);
    let sinks = [scene.open_with(LOW), scene.open_with(LOW)];
    let mut names = std::collections::BTreeSet::new();
    eventually("all rows are in an index", || {
        names.extend(sealed(&mut scene));
        sinks.iter().all(|sink| sink.stats().rows_waiting_for_index == 0) && scene.places().0 == 0
    });
    assert!(names.len() <= 1, "{names:?}");
    assert_eq!((scene.schema.count("cars"), scene.distinct()), (8000, 8000));
}
