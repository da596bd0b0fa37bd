//! Several sinks and processes that load one table: the last one builds the index.

use std::time::Duration;

use vecsink::Error;

use super::fixture::{Cars, INDEX, messages, push};
use crate::push::scene::LONG;
use crate::support::{eventually, kafka};

#[test]
fn the_last_of_several_sinks_builds() {
    let Some(mut cars) = Cars::new(INDEX) else { return };
    let before = cars.indexes();
    let sinks = [cars.open(), cars.open(), cars.open()];
    assert_eq!((cars.indexes(), cars.recorded()), (None, 1));
    for (at, sink) in sinks.into_iter().enumerate() {
        assert_eq!(cars.indexes(), None, "another one still loads");
        push(&sink, at as i64 * 100 + 1..=at as i64 * 100 + 100);
        sink.close(LONG).expect("it closes");
    }
    assert_eq!((cars.indexes(), cars.recorded(), cars.schema.count("cars")), (before, 0, 300));
}

#[test]
fn sinks_that_open_and_close_at_once_leave_one_index() {
    let Some(mut cars) = Cars::new(INDEX) else { return };
    let before = cars.indexes();
    std::thread::scope(|scope| {
        for at in 0..4 {
            let sink = cars.builder();
            scope.spawn(move || {
                let sink = sink.open().unwrap_or_else(|error| panic!("{error}"));
                push(&sink, at * 100 + 1..=at * 100 + 100);
                sink.close(LONG).expect("it closes");
            });
        }
    });
    assert_eq!((cars.indexes(), cars.recorded(), cars.schema.count("cars")), (before, 0, 400));
}

#[test]
fn a_job_that_ends_first_leaves_the_build_to_the_process_that_still_loads() {
    let (Some(mut cars), Some(kafka)) = (Cars::new(INDEX), kafka()) else { return };
    let topic = kafka.topic(1);
    topic.produce(0, messages(1..=500));
    let before = cars.indexes();
    let sink = cars.open();
    let ended = cars.bounded(&topic).finish().exited(0);
    assert!(ended.stderr.contains("another process still loads the table"), "{}", ended.stderr);
    assert_eq!((cars.indexes(), cars.recorded()), (None, 1));
    push(&sink, 501..=600);
    sink.close(LONG).expect("it closes");
    assert_eq!((cars.indexes(), cars.recorded(), cars.schema.count("cars")), (before, 0, 600));
}

#[test]
fn a_sink_that_is_opened_while_another_one_builds_builds_the_missing_indexes() {
    let Some(mut cars) = Cars::new(INDEX) else { return };
    let before = cars.indexes();
    let sink = cars.open();
    let lock = cars.schema.text(&format!(
        "SELECT l.classid::bigint << 32 | l.objid::bigint FROM pg_locks l JOIN pg_stat_activity a USING (pid)
         WHERE l.locktype = 'advisory' AND a.application_name = 'vecsink index {}.cars'",
        cars.schema.name
    ));
    let lock = lock.expect("who loads holds it");
    let mut other = cars.schema.connect();
    other.batch_execute("BEGIN; DELETE FROM cars WHERE id = 0").expect("it is locked");
    sink.close(Duration::from_secs(1)).expect_err("it can't be built");
    other.batch_execute(&format!("ROLLBACK; SELECT pg_advisory_lock({lock})")).expect("this one builds, as it seems");
    let sink = cars.open();
    push(&sink, 1..=100);
    sink.flush(LONG).expect("the rows are durable");
    other.batch_execute("SELECT pg_advisory_unlock_all()").expect("it ends");
    sink.close(LONG).expect("it closes");
    assert_eq!((cars.indexes(), cars.recorded(), cars.schema.count("cars")), (before, 0, 100));
}

#[test]
fn a_sink_that_could_not_store_its_rows_loads_no_longer() {
    let Some(mut cars) = Cars::new(INDEX) else { return };
    let before = cars.indexes();
    let failed = cars.open();
    let mut other = cars.schema.connect();
    other.batch_execute("BEGIN; LOCK TABLE cars IN SHARE ROW EXCLUSIVE MODE").expect("it is locked");
    push(&failed, 1..=10);
    let error = failed.close(Duration::from_secs(1)).expect_err("its rows wait");
    assert!(matches!(error, Error::NotDurable { .. }), "{error:?}");
    other.batch_execute("ROLLBACK").expect("it rolls back");
    let sink = cars.open();
    push(&sink, 11..=20);
    sink.close(LONG).expect("it closes");
    assert_eq!((cars.indexes(), cars.recorded()), (before, 0));
    drop(failed);
}

#[test]
fn a_process_whose_session_was_ended_still_counts_as_one_that_loads() {
    let Some(mut cars) = Cars::new(INDEX) else { return };
    let (first, second) = (cars.open(), cars.open());
    let locks = format!(
        "FROM pg_locks l JOIN pg_stat_activity a USING (pid)
         WHERE l.locktype = 'advisory' AND l.granted AND a.application_name = 'vecsink index {}.cars'",
        cars.schema.name
    );
    let ended = cars.schema.text(&format!("SELECT count(pg_terminate_backend(pid)) {locks}"));
    assert_eq!(ended.as_deref(), Some("2"));
    for (what, count) in [("the sessions end", "0"), ("both show again that they load", "2")] {
        eventually(what, || cars.schema.text(&format!("SELECT count(*) {locks}")).as_deref() == Some(count));
    }
    first.close(LONG).expect("it closes");
    assert_eq!(cars.indexes(), None, "the other one still loads");
    second.close(LONG).expect("it closes");
    assert_eq!(cars.recorded(), 0);
}
