//! Bounded and unbounded jobs.

use super::fixture::{Cars, INDEX, JOB, messages};
use crate::support::postgresql::unique;
use crate::support::{Job, eventually, kafka};

#[test]
fn a_job_that_ends_with_its_topic_builds_the_index_before_it_ends() {
    let (Some(mut cars), Some(kafka)) = (Cars::new(INDEX), kafka()) else { return };
    let topic = kafka.topic(2);
    topic.produce_spread(messages(1..=5000));
    let before = cars.indexes();
    let ended = cars.bounded(&topic).finish().exited(0);
    assert_eq!(ended.count("rows_written"), 5000);
    assert!(ended.stderr.contains("vector index Cars v was dropped and is recorded in"), "{}", ended.stderr);
    assert!(ended.stderr.contains("building vector index Cars v over 5000 rows"), "{}", ended.stderr);
    assert!(ended.stderr.contains("vector index Cars v was built in"), "{}", ended.stderr);
    assert_eq!((cars.indexes(), cars.recorded()), (before, 0));
    assert_eq!(cars.nearest(2500).as_deref(), Some("2500"));
}

#[test]
fn a_job_without_an_end_builds_the_index_when_it_has_caught_up_and_goes_on() {
    let (Some(mut cars), Some(kafka)) = (Cars::new(INDEX), kafka()) else { return };
    let topic = kafka.topic(1);
    topic.produce(0, messages(1..=2000));
    let before = cars.indexes();
    let job = cars.job(Job::run(JOB), &topic).start();
    eventually("the index is dropped and built again", || {
        cars.indexes() == before && cars.schema.count("cars") == 2000
    });
    eventually("its record goes", || cars.recorded() == 0);
    topic.produce(0, messages(2001..=2100));
    eventually("later rows are written", || cars.schema.count("cars") == 2100);
    assert_eq!(cars.nearest(2050).as_deref(), Some("2050"), "the index has them, too");
    job.terminate();
    let ended = job.wait().exited(0);
    assert!(ended.stderr.contains("was dropped and is recorded"), "{}", ended.stderr);
    // Few rows are left, so the next run doesn't drop the index.
    let ended = cars.bounded(&topic).finish().exited(0);
    assert!(ended.stderr.contains("the vector index stays: for 0 waiting records"), "{}", ended.stderr);
    assert_eq!(cars.indexes(), before);
}

#[test]
fn a_parallel_build_for_which_the_server_lacks_memory_is_made_by_one_process() {
    let (Some(mut cars), Some(kafka)) = (Cars::new(INDEX), kafka()) else { return };
    let topic = kafka.topic(1);
    topic.produce(0, messages(1..=1000));
    let before = cars.indexes();
    // A parallel build needs shared memory of this size, which no machine has.
    let role = unique("defer");
    cars.schema.execute(&format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'x'; ALTER ROLE {role} SET maintenance_work_mem TO '2000GB';
         GRANT ALL ON SCHEMA {} TO {role}; ALTER TABLE cars OWNER TO {role}; ALTER TABLE cars SET (parallel_workers = 2)",
        cars.schema.name
    ));
    let ended = cars.bounded(&topic).variable("PGUSER", &role).variable("PGPASSWORD", "x").finish().exited(0);
    for expected in
        ["the server has no memory for a parallel build of Cars v", "/dev/shm", "vector index Cars v was built in"]
    {
        assert!(ended.stderr.contains(expected), "{expected}: {}", ended.stderr);
    }
    assert_eq!((cars.indexes(), cars.recorded(), cars.schema.count("cars")), (before, 0, 1000));
    cars.schema.execute(&format!("DROP TABLE cars; DROP OWNED BY {role}; DROP ROLE {role}"));
}

#[test]
fn an_index_of_a_large_table_stays_for_a_few_records() {
    let (Some(mut cars), Some(kafka)) = (Cars::new(INDEX), kafka()) else { return };
    let topic = kafka.topic(1);
    topic.produce(0, messages(1..=10));
    cars.schema
        .execute("INSERT INTO cars (id, v) SELECT -i, ARRAY[i, 1, 2] FROM generate_series(1, 1000) AS i; ANALYZE cars");
    let before = cars.schema.text("SELECT '\"Cars v\"'::regclass::oid");
    let ended = cars.bounded(&topic).finish().exited(0);
    assert!(ended.stderr.contains("stays: for 10 waiting records and about 1000 rows"), "{}", ended.stderr);
    assert_eq!(cars.schema.text("SELECT '\"Cars v\"'::regclass::oid"), before, "it is the same index");
    assert_eq!(cars.schema.count("cars"), 1010);
}
