//! Rows are moved from the hot child into the table, also if other sessions lock, change or delete them.

use std::time::{Duration, Instant};

use super::scene::Scene;
use crate::push::scene::{LONG, builder};
use crate::support::lateness::timed;
use crate::support::{Feature, Schema, eventually, servers};

#[test]
fn rows_of_the_hot_child_move_into_the_table_and_its_index() {
    let Some(mut scene) = Scene::new("note text") else { return };
    scene.fill("cars_hot", 1..=3000);
    let sink = scene.open();
    eventually("all rows are in the table", || scene.places() == (0, 3000));
    eventually("they are counted", || {
        sink.stats().counters.rows_moved == 3000 && sink.stats().rows_waiting_for_index == 0
    });
    assert_eq!(sink.stats().oldest_waiting, None);
    assert_eq!(scene.distinct(), 3000);
    sink.close(LONG).expect("it closes");
}

#[test]
fn rows_that_wait_are_counted_and_the_age_of_the_oldest_is_known() {
    let Some(mut scene) = Scene::new("note text") else { return };
    scene.fill("cars_hot", 1..=100);
    // Nothing can be moved while another session has locked the rows.
    let mut other = scene.schema.connect();
    other.batch_execute("BEGIN; SELECT 1 FROM ONLY cars_hot FOR UPDATE").expect("the rows are locked");
    let sink = scene.open();
    eventually("the rows are counted", || sink.stats().rows_waiting_for_index == 100);
    eventually("the oldest row ages", || sink.stats().oldest_waiting > Some(Duration::from_secs(1)));
    other.batch_execute("UPDATE ONLY cars_hot SET note = 'changed' WHERE id <= 10; COMMIT").expect("it commits");
    eventually("the rows move", || scene.places() == (0, 100));
    assert_eq!(scene.schema.count("ONLY cars WHERE note = 'changed'"), 10);
    drop(sink);
}

#[test]
fn other_rows_move_while_another_session_holds_a_row() {
    let Some(mut scene) = Scene::new("note text") else { return };
    scene.fill("cars_hot", 1..=1000);
    let mut other = scene.schema.connect();
    other
        .batch_execute(
            "BEGIN; DELETE FROM ONLY cars_hot WHERE id = 1; UPDATE ONLY cars_hot SET note = 'x' WHERE id = 500",
        )
        .expect("locked");
    let sink = scene.open();
    eventually("all but two rows move", || scene.places() == (2, 998));
    other.batch_execute("COMMIT").expect("it commits");
    eventually("the last one moves as it is now", || scene.places() == (0, 999));
    assert_eq!(scene.schema.count("ONLY cars WHERE note = 'x'"), 1);
    drop(sink);
}

#[test]
fn generated_and_identity_columns_and_those_added_meanwhile_keep_their_values() {
    let columns = "n bigint GENERATED ALWAYS AS IDENTITY, twice bigint GENERATED ALWAYS AS (id * 2) STORED";
    let Some(mut scene) = Scene::new(columns) else { return };
    scene.schema.execute("INSERT INTO cars_hot (id, v, n) SELECT i, array_fill(i, ARRAY[32])::vector, 1000 + i FROM generate_series(1, 200) AS i");
    let sink = scene.open();
    eventually("the rows move", || scene.places() == (0, 200));
    assert_eq!(scene.schema.count("ONLY cars WHERE n = 1000 + id AND twice = 2 * id"), 200);
    scene.schema.execute(
        "BEGIN; ALTER TABLE cars ADD COLUMN more text;
         INSERT INTO cars_hot (id, v, n, more) SELECT i, array_fill(i, ARRAY[32])::vector, 1000 + i, 'more' FROM generate_series(201, 400) AS i;
         COMMIT",
    );
    eventually("the new rows move, too", || scene.places() == (0, 400));
    assert_eq!(
        scene.schema.count("ONLY cars WHERE more = 'more' AND n = 1000 + id"),
        200,
        "no value of a new column is lost"
    );
    drop(sink);
}

#[test]
fn a_row_that_another_program_inserted_into_the_table_is_replaced() {
    let Some(mut scene) = Scene::new("note text") else { return };
    scene.schema.execute("INSERT INTO cars (id, v, note) VALUES (7, array_fill(1, ARRAY[32]), 'of another program')");
    scene.schema.execute("INSERT INTO cars_hot (id, v, note) VALUES (7, array_fill(2, ARRAY[32]), 'of the job')");
    let sink = scene.open();
    eventually("the row moves", || scene.places() == (0, 1));
    assert_eq!(scene.schema.text("SELECT note FROM cars").as_deref(), Some("of the job"));
    drop(sink);
}

#[test]
fn movers_whose_sessions_are_ended_lose_and_double_nothing() {
    let Some(mut scene) = Scene::new("note text") else { return };
    scene.fill("cars_hot", 1..=6000);
    let sink = scene.open();
    let (mut ended, mut last) = (0, Instant::now());
    eventually("all rows move", || {
        assert_eq!(scene.schema.count("cars"), 6000, "each snapshot has every row once");
        if ended > 6 || last.elapsed() < Duration::from_millis(500) {
            return scene.places() == (0, 6000);
        }
        last = Instant::now();
        let query = format!(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = '{}'",
            scene.movers()
        );
        ended += scene.schema.text(&query).and_then(|count| count.parse::<i64>().ok()).unwrap_or(0);
        false
    });
    assert!(ended > 0, "sessions were ended");
    assert_eq!(scene.distinct(), 6000);
    drop(sink);
}

#[test]
fn closing_ends_the_movers_and_the_next_sink_goes_on() {
    let Some(mut scene) = Scene::new("note text") else { return };
    scene.fill("cars_hot", 1..=50_000);
    let sink = scene.open();
    eventually("some rows move", || scene.places().1 > 0);
    let (took, closed) = timed(|| sink.close(LONG));
    closed.expect("it closes");
    // Moving all of them takes longer.
    assert!(took < Duration::from_secs(10), "{took:?}");
    let query = format!("SELECT count(*) FROM pg_stat_activity WHERE application_name = '{}'", scene.movers());
    eventually("no session is left", || scene.schema.text(&query).as_deref() == Some("0"));
    let moved = scene.places().1;
    assert!(moved < 50_000, "closing doesn't wait for all rows");
    let sink = scene.open();
    eventually("the next sink goes on", || scene.places().1 > moved);
    drop(sink);
}

#[test]
fn the_space_of_moved_rows_is_used_again() {
    let Some(mut scene) = Scene::new("note text") else { return };
    let sink = scene.open();
    for round in 0..6 {
        scene.fill("cars_hot", round * 3000 + 1..=(round + 1) * 3000);
        eventually("the rows move", || scene.places().0 == 0);
    }
    let size = "SELECT pg_relation_size('cars_hot') / current_setting('block_size')::bigint";
    // 18,000 rows need about 200 pages.
    eventually("the child is vacuumed", || scene.schema.text(size).and_then(|pages| pages.parse().ok()) < Some(120));
    drop(sink);
}

#[test]
fn other_rows_move_although_the_table_refuses_a_row() {
    let Some(mut scene) = Scene::new("note text") else { return };
    scene.schema.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
           'BEGIN IF NEW.note = ''bad'' THEN RAISE ''no''; END IF; RETURN NEW; END';
         CREATE TRIGGER refuse BEFORE INSERT ON cars FOR EACH ROW EXECUTE FUNCTION refuse();
         INSERT INTO cars_hot (id, v, note) VALUES (1, array_fill(1, ARRAY[32]), 'bad')",
    );
    scene.fill("cars_hot", 2..=300);
    let sink = scene.open();
    // The rows on the same page aren't moved before it.
    eventually("most rows move", || scene.places().1 > 200);
    scene.schema.execute("DROP TRIGGER refuse ON cars");
    eventually("all rows move", || scene.places() == (0, 300));
    drop(sink);
}

#[test]
fn rows_move_on_each_server_that_can_have_a_hot_child() {
    for server in servers(&[Feature::OnConflict]) {
        let mut schema = Schema::new(&server);
        schema.execute(
            "CREATE TABLE cars (id bigint PRIMARY KEY, note text); CREATE TABLE cars_hot (PRIMARY KEY (id)) INHERITS (cars);
             INSERT INTO cars VALUES (7, 'of another program');
             INSERT INTO cars_hot SELECT i, 'of the job' FROM generate_series(1, 2000) AS i",
        );
        let sink = builder(&schema, "cars").option("sink.vector-index", "behind").open().expect("it opens");
        eventually("all rows move", || schema.count("ONLY cars WHERE note = 'of the job'") == 2000);
        assert_eq!((schema.count("cars"), schema.count("ONLY cars_hot")), (2000, 0));
        drop(sink);
    }
}
