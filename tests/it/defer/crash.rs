//! Jobs that are killed, or whose sessions are ended, at each point between the drop and the end of the build.

use std::time::Duration;

use super::fixture::{Cars, INDEX, JOB, SLOW_INDEX, messages};
use crate::support::command::Running;
use crate::support::{Job, Topic, eventually, kafka};

/// A table with an index that takes 10 ms for each row, a topic with this many messages, and a job that has begun to build the index.
fn building(rows: i64) -> Option<(Cars, Topic, Option<String>, Running)> {
    let (mut cars, kafka) = (Cars::new(SLOW_INDEX)?, kafka()?);
    let topic = kafka.topic(1);
    topic.produce(0, messages(1..=rows));
    let before = cars.indexes();
    let job = cars.bounded(&topic).start();
    let building = build(&cars);
    eventually("the build begins", || cars.schema.text(&format!("SELECT count(*) {building}")).as_deref() == Some("1"));
    assert_eq!(cars.schema.count("cars"), rows, "all rows are there before it begins");
    Some((cars, topic, before, job))
}

/// The condition for this table's build among those of all sessions.
fn build(cars: &Cars) -> String {
    format!("FROM pg_stat_progress_create_index WHERE relid = '{}.cars'::regclass", cars.schema.name)
}

#[test]
fn a_job_that_is_killed_while_it_loads_is_finished_by_the_next_one() {
    let (Some(mut cars), Some(kafka)) = (Cars::new(INDEX), kafka()) else { return };
    let topic = kafka.topic(1);
    topic.produce(0, messages(1..=1000));
    let before = cars.indexes();
    let mut job = cars.job(Job::run(JOB), &topic).option("cars.batchsize", "100").start();
    eventually("the index is dropped", || cars.indexes().is_none());
    // The job's rows wait for this transaction.
    let mut other = cars.schema.connect();
    other.batch_execute("BEGIN; LOCK TABLE cars IN SHARE ROW EXCLUSIVE MODE").expect("it is locked");
    job.kill();
    drop(job);
    other.batch_execute("ROLLBACK").expect("it rolls back");
    assert_eq!((cars.indexes(), cars.recorded()), (None, 1));
    let ended = cars.bounded(&topic).finish().exited(0);
    assert!(ended.stderr.contains("Cars v"), "{}", ended.stderr);
    assert_eq!((cars.indexes(), cars.recorded(), cars.schema.count("cars")), (before, 0, 1000));
}

#[test]
fn a_build_whose_session_is_ended_is_made_again_by_the_same_job() {
    let Some((mut cars, _topic, before, job)) = building(300) else { return };
    let building = build(&cars);
    let ended = cars.schema.text(&format!("SELECT count(pg_terminate_backend(pid)) {building}"));
    assert_eq!(ended.as_deref(), Some("1"));
    let ended = job.wait().exited(0);
    assert!(ended.stderr.contains("isn't built") && ended.stderr.contains("trying again"), "{}", ended.stderr);
    assert_eq!((cars.indexes(), cars.recorded()), (before, 0));
}

#[test]
fn a_job_that_is_killed_while_it_builds_leaves_no_half_index() {
    let Some((mut cars, topic, before, mut job)) = building(300) else { return };
    job.kill();
    drop(job);
    // The server may still be building the index, and may finish it. Otherwise this run builds it.
    cars.bounded(&topic).finish().exited(0);
    eventually("the index is there", || cars.indexes() == before && cars.recorded() == 0);
}

#[test]
fn a_job_that_is_told_to_end_while_it_builds_leaves_the_build_to_the_next_one() {
    let Some((mut cars, topic, before, job)) = building(600) else { return };
    eventually("the log says how far the build is", || job.said().contains(" s: building index"));
    job.terminate();
    let ended = job.wait_at_most(Duration::from_secs(20)).exited(0);
    assert!(
        ended.stderr.contains("isn't built: the job has ended before that; the next start builds it"),
        "{}",
        ended.stderr
    );
    assert_eq!((cars.indexes(), cars.recorded(), cars.schema.count("cars")), (None, 1, 600));
    let ended = cars.bounded(&topic).finish().exited(0);
    assert_eq!(ended.count("rows_written"), 0, "the rows were stored as progress before the build");
    assert_eq!((cars.indexes(), cars.recorded()), (before, 0));
}

#[test]
fn a_build_that_the_server_refuses_ends_the_job_with_an_error_and_all_rows() {
    let (Some(mut cars), Some(kafka)) = (Cars::new(INDEX), kafka()) else { return };
    let topic = kafka.topic(1);
    topic.produce(0, messages(1..=100));
    // The build sorts by a function that fails.
    cars.schema.execute(
        "DROP INDEX \"Cars v\"; CREATE FUNCTION broken(vector) RETURNS vector IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RAISE ''no''; END';
         CREATE INDEX i ON cars USING hnsw ((broken(v)::vector(3)) vector_l2_ops)",
    );
    let ended = cars.bounded(&topic).finish().exited(1);
    assert!(ended.stderr.contains("all rows are stored, but vector index i isn't built"), "{}", ended.stderr);
    assert!(ended.stderr.contains("or run: CREATE INDEX i ON"), "{}", ended.stderr);
    assert_eq!((cars.schema.count("cars"), cars.recorded()), (100, 1));
}
