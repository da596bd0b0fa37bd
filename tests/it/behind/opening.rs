//! A sink behind its vector index is opened while sessions are ended, tables are locked and children change.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use postgres::error::SqlState;
use rand::Rng;
use vecsink::internals::postgres::Target;
use vecsink::internals::settings::{ConflictMode, WriteMode};

use super::fixture::{COLUMNS, behind, schema};
use super::told::{JOB, with_variables};
use crate::flush::opening::end_sessions;
use crate::push::scene::LONG;
use crate::support::{Feature, Job, Schema, Topic, eventually, kafka, postgres18, servers};

/// The rows of a topic's messages.
const ROWS: i64 = 500;

/// The job over a table without a hot child, and a topic with [`ROWS`] messages.
fn job(schema: &mut Schema, topic: &Topic) -> Job {
    schema.execute(
        "CREATE TABLE cars (id int PRIMARY KEY, color text, v vector(3)); CREATE INDEX ON cars USING hnsw (v vector_l2_ops)",
    );
    topic.produce(0, (0..ROWS).map(|id| format!("{id},red,\"[{id},2,3]\"")));
    let url = format!("{}?connectTimeout=300&ApplicationName={}", schema.server.jdbc_url(), schema.name);
    with_variables(Job::run(JOB), schema, &topic.name, &topic.kafka.brokers).variable("URL", url)
}

#[test]
fn a_job_whose_sessions_are_ended_while_it_starts_goes_on_and_loses_nothing() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let topic = kafka.topic(1);
    let mut schema = Schema::new(&server);
    let dead_letters = format!("table:{}.dead_letters", schema.name);
    let job = job(&mut schema, &topic).option("cars.deadletter", dead_letters);
    let killer = end_sessions(&schema, Duration::from_secs(4));
    let finished = job.start().wait().exited(0);
    assert!(killer.join().expect("the sessions are ended") > 0, "{}", finished.stderr);
    assert_eq!((schema.count("cars"), schema.count("dead_letters")), (ROWS, 0), "{}", finished.stderr);
}

#[test]
fn a_start_waits_for_the_lock_that_the_first_hot_child_needs() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let topic = kafka.topic(1);
    let mut schema = Schema::new(&server);
    let job = job(&mut schema, &topic);
    schema.execute("BEGIN; SELECT * FROM cars");
    let running = job.start();
    eventually("the opening begins again", || running.said().contains("trying again"));
    schema.execute("COMMIT");
    running.wait().exited(0);
    assert_eq!(schema.count("cars"), ROWS);
}

#[test]
fn sinks_open_while_hot_children_are_sealed_and_empty_ones_are_dropped() {
    /// The most changes during one opening, however slow it is.
    const CHANGES: u32 = 3;
    for server in servers(&[Feature::OnConflict]) {
        let schema = schema(&server, COLUMNS, "id");
        let mut sink = behind(&schema, ConflictMode::Upsert, WriteMode::Copy);
        sink.connection.connect_timeout = LONG;
        let (mut changing, left, goes_on) = (schema.connect(), AtomicU32::new(0), AtomicBool::new(true));
        thread::scope(|scope| {
            let changes = scope.spawn(|| {
                let mut number = 2;
                while goes_on.load(Ordering::Relaxed) {
                    if left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                        let change = format!(
                            "BEGIN; LOCK TABLE ONLY t_hot IN SHARE ROW EXCLUSIVE MODE; LOCK TABLE ONLY t IN ACCESS EXCLUSIVE MODE;
                             ALTER TABLE t_hot RENAME TO t_sealed_{number}; ALTER INDEX t_hot_pkey RENAME TO t_sealed_{number}_pkey;
                             CREATE TABLE t_hot (LIKE t INCLUDING ALL) INHERITS (t); DROP TABLE t_sealed_{}; COMMIT",
                            number - 1
                        );
                        match changing.batch_execute(&change) {
                            Ok(()) => number += 1,
                            // A seal that fails is tried again, too.
                            Err(error) if error.code() == Some(&SqlState::T_R_DEADLOCK_DETECTED) => {
                                changing.batch_execute("ROLLBACK").expect("the transaction ends");
                            }
                            Err(error) => panic!("the tree can't be changed: {error:?}"),
                        }
                    }
                    thread::sleep(Duration::from_millis(rand::rng().random_range(0..30)));
                }
                number - 2
            });
            let errors: Vec<_> = (0..20)
                .filter_map(|_| {
                    left.store(CHANGES, Ordering::Relaxed);
                    Target::open(&sink, "vecsink-test", None).err()
                })
                .collect();
            goes_on.store(false, Ordering::Relaxed);
            let changes = changes.join().expect("the tree can be changed");
            assert!(errors.is_empty() && changes > 10, "{changes} changes: {errors:?}");
        });
    }
}
