//! A job that is interrupted goes on where it was, and every row is in the table once.

use std::time::{Duration, Instant};

use super::scene::{Indexes, about_how_many, bounded, car_info, cars, checksum, job, outcomes};
use crate::support::{Schema, eventually, eventually_within, kafka, postgres18};

/// How many sessions a job of this schema has open.
fn sessions(schema: &mut Schema) -> i64 {
    let query = format!("SELECT count(*) FROM pg_stat_activity WHERE {}", schema.of_application());
    schema.text(&query).expect("a count").parse().expect("a number")
}

#[test]
fn a_killed_job_goes_on_and_every_row_is_there_once() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let produced = cars(&kafka, 1_000_000);
    let mut schema = car_info(&server, Indexes::Structured);
    let mut running = job(&schema, &produced.topic).start();
    eventually_within(Duration::from_secs(300), "half of the rows arrive", || {
        about_how_many(&mut schema.client) > 500_000
    });
    running.kill();
    drop(running);
    eventually("the dead job's sessions end", || sessions(&mut schema) == 0);
    let (before, reached) = (schema.count("car_info"), about_how_many(&mut schema.client));
    assert!(before < 1_000_000, "all rows were written before the kill");

    let started = Instant::now();
    let running = bounded(job(&schema, &produced.topic)).start();
    eventually("the job connects", || sessions(&mut schema) > 0);
    let connected = started.elapsed();
    eventually("new rows arrive", || about_how_many(&mut schema.client) > reached);
    let new_rows = started.elapsed();
    let finished = running.wait().exited(0);
    let [written, _, repeated, rejected] = outcomes(&finished);
    println!(
        "killed at {before} rows; restarted: connected after {connected:?}, new rows after {new_rows:?}, {repeated} rows repeated"
    );
    // On an idle machine within 2 s, because the job doesn't begin at the topic's beginning.
    assert!((repeated as i64) < before, "{repeated} rows were read again");
    assert_eq!((written, rejected), (1_000_000 - before as u64, 0));
    assert_eq!(schema.count("car_info"), 1_000_000);
    assert_eq!(checksum(&mut schema), produced.checksum);
}

#[test]
fn a_terminated_job_drains_and_goes_on_without_repeating_a_row() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let produced = cars(&kafka, 300_000);
    let mut schema = car_info(&server, Indexes::Structured);
    let mut written = 0;
    for share in [50_000, 150_000] {
        let running = job(&schema, &produced.topic).argument("--drain-timeout").argument("110s").start();
        eventually("rows arrive", || about_how_many(&mut schema.client) > share);
        running.terminate();
        let finished = running.wait().exited(0);
        let [new, _, repeated, rejected] = outcomes(&finished);
        assert_eq!((repeated, rejected), (0, 0));
        written += new;
        assert_eq!(schema.count("car_info"), written as i64, "what was read is written");
        assert_eq!(finished.count("records_read"), new);
    }
    let finished = bounded(job(&schema, &produced.topic)).finish().exited(0);
    assert_eq!(outcomes(&finished), [300_000 - written, 0, 0, 0]);
    assert_eq!(checksum(&mut schema), produced.checksum);
}
