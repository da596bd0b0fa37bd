//! What `vecsink check` and `vecsink ddl` print about a deferred index.

use super::fixture::{Cars, INDEX, JOB, messages};
use crate::support::{Job, kafka};

#[test]
fn check_says_what_would_be_dropped_and_what_the_build_needs_and_changes_nothing() {
    let (Some(mut cars), Some(kafka)) = (Cars::new(INDEX), kafka()) else { return };
    let topic = kafka.topic(1);
    topic.produce(0, messages(1..=1000));
    let before = cars.indexes();
    let said = cars.job(Job::check(JOB), &topic).finish().exited(0).stdout;
    for expected in [
        "vector index: defer; Cars v (1 MB) is dropped before the first row and recorded in",
        "which will be made: CREATE TABLE",
        "building Cars v over about 1000 rows takes about 1 s",
        "maintenance_work_mem is",
        "parallel workers",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    assert_eq!(cars.indexes(), before);
    assert_eq!(cars.schema.text("SELECT to_regclass('vecsink_deferred_index')"), None);
}

#[test]
fn check_says_that_an_index_stays_or_is_missing() {
    let (Some(mut cars), Some(kafka)) = (Cars::new(INDEX), kafka()) else { return };
    let topic = kafka.topic(1);
    let check = |cars: &Cars, mode: &str| {
        cars.job(Job::check(JOB), &topic).option("cars.sink.vector-index", mode).finish().exited(0).stdout
    };
    let said = check(&cars, "defer");
    assert!(said.contains("defer, but Cars v (1 MB) stays: for 0 waiting records"), "{said}");
    let sink = cars.open();
    let said = check(&cars, "defer");
    assert!(said.contains("vector index: Cars v is missing, dropped 20"), "{said}");
    let said = check(&cars, "inline");
    assert!(said.contains("vector index Cars v is missing: 'sink.vector-index' = 'defer' dropped it"), "{said}");
    drop(sink);
    assert_eq!(cars.recorded(), 0, "the drop of a sink waits for a short build");
}

#[test]
fn ddl_prints_the_table_of_deferred_indexes() {
    let (Some(mut cars), Some(kafka)) = (Cars::new(INDEX), kafka()) else { return };
    let topic = kafka.topic(1);
    let said = cars.job(Job::ddl(JOB), &topic).finish().exited(0).stdout;
    cars.schema.execute(&said);
    assert_eq!(cars.recorded(), 0);
    let said = cars.job(Job::ddl(JOB), &topic).finish().exited(0).stdout;
    assert!(!said.contains("CREATE TABLE") && said.contains("GRANT SELECT, INSERT, DELETE ON"), "{said}");
}
