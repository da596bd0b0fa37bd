//! When the database is away, no row is lost and none is rejected.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use vecsink::internals::error::Error;
use vecsink::internals::postgres::Target;
use vecsink::internals::settings::{ConflictMode, Sink, WriteMode};
use vecsink::internals::stop::Stop;

use super::fixture::{Outcome, Rows, open, sink, write};
use crate::support::{PrivatePostgres, Schema, eventually, servers};

/// Ends the sessions of the target's application, again and again, until told to stop or none is slow enough to live.
fn killer(schema: &Schema, name: &str, done: &Arc<AtomicBool>) -> thread::JoinHandle<i64> {
    let mut client = schema.connect();
    let done = Arc::clone(done);
    let query = format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = '{name}' AND query LIKE 'COPY%'"
    );
    thread::spawn(move || {
        let mut killed = 0;
        while !done.load(Ordering::Relaxed) && killed < 60 {
            killed += client.query_one(query.as_str(), &[]).map(|row| row.get::<_, i64>(0)).unwrap_or(0);
            thread::sleep(Duration::from_millis(30));
        }
        killed
    })
}

#[test]
fn no_row_is_lost_when_sessions_are_ended() {
    for server in servers(&[]) {
        for (mode, write_mode) in [(ConflictMode::Ignore, WriteMode::Copy), (ConflictMode::Upsert, WriteMode::Insert)] {
            let mut schema = Schema::new(&server);
            schema.execute("CREATE TABLE t (id bigint PRIMARY KEY, name text)");
            let name = format!("{}/0", schema.name);
            let sink = Sink { conflict_mode: mode, write_mode, ..sink(&schema, "t") };
            let target = Target::open(&sink, &name, None).expect("opens");
            let done = Arc::new(AtomicBool::new(false));
            let killer = killer(&schema, &name, &done);
            let mut retried = 0;
            for batch in 0..60 {
                let outcome = write(&target, &Rows::default().many(batch * 2000..batch * 2000 + 2000, "x").batch());
                assert!(outcome.rejected.is_empty());
                retried += outcome.retried;
            }
            done.store(true, Ordering::Relaxed);
            let killed = killer.join().expect("the killer lives");
            assert_eq!(schema.count("t"), 120_000, "{killed} sessions ended, {retried} retries");
            assert!(!target.in_outage());
        }
    }
}

#[test]
fn a_crashed_server_is_waited_for() {
    let Some(mut private) = PrivatePostgres::start() else { return };
    let mut schema = Schema::new(&private.server);
    schema.execute("CREATE TABLE t (id bigint PRIMARY KEY, name text)");
    let target = Arc::new(open(&sink(&schema, "t")));
    write(&target, &Rows::default().many(0..100, "before").batch());
    private.crash();
    let writer = {
        let target = Arc::clone(&target);
        thread::spawn(move || write(&target, &Rows::default().many(100..200, "during").batch()))
    };
    eventually("the outage is noticed", || target.in_outage());
    private.start_again();
    let outcome = writer.join().expect("the writer goes on");
    assert_eq!(outcome.counts(), (100, 0, 0));
    assert!(outcome.retried > 0 && outcome.rejected.is_empty());
    assert!(!target.in_outage());
    let mut client = private.server.connect();
    let count: i64 = client.query_one(&format!("SELECT count(*) FROM {}.t", schema.name), &[]).expect("counts").get(0);
    assert_eq!(count, 200);
}

#[test]
fn a_wait_in_an_outage_ends_by_a_stop_or_when_it_takes_too_long() {
    let Some(mut private) = PrivatePostgres::start() else { return };
    let mut schema = Schema::new(&private.server);
    schema.execute("CREATE TABLE t (id bigint PRIMARY KEY, name text)");
    let sink = sink(&schema, "t");
    let patient = Arc::new(open(&sink));
    let impatient = Target::open(&sink, "test", Some(Duration::from_millis(200))).expect("opens");
    private.stop();
    let batch = Rows::default().many(0..10, "x").batch();
    let error = impatient.writer.write(&batch, &mut Outcome::default(), &Stop::default()).unwrap_err();
    assert!(error.to_string().contains("max.outage"), "{error}");
    let stop = Stop::default();
    let writer = {
        let (target, stop) = (Arc::clone(&patient), stop.clone());
        thread::spawn(move || {
            target.writer.write(&Rows::default().many(0..10, "x").batch(), &mut Outcome::default(), &stop)
        })
    };
    eventually("the outage is noticed", || patient.in_outage());
    stop.drain();
    thread::sleep(Duration::from_millis(50));
    assert!(!writer.is_finished(), "draining waits for the database");
    stop.abandon();
    assert!(matches!(writer.join().expect("no panic"), Err(Error::Stopped)));
}

#[test]
fn a_writer_waits_for_a_lock_of_another_session() {
    for server in servers(&[]) {
        let mut schema = Schema::new(&server);
        schema.execute("CREATE TABLE t (id bigint PRIMARY KEY, name text)");
        let mut sink = sink(&schema, "t");
        sink.connection.options = Some("-c lock_timeout=50ms".into());
        let target = Arc::new(open(&sink));
        schema.execute("BEGIN; LOCK TABLE t");
        let writer = {
            let target = Arc::clone(&target);
            thread::spawn(move || write(&target, &Rows::default().many(0..100, "x").batch()))
        };
        let mut other = schema.connect();
        let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 't'::regclass";
        eventually("the writer waits", || other.query_one(waiting, &[]).expect("answers").get::<_, i64>(0) > 0);
        eventually("the writer gives up waiting, for a while", || {
            other.query_one(waiting, &[]).expect("answers").get::<_, i64>(0) == 0
        });
        assert!(!target.in_outage());
        schema.execute("COMMIT");
        let outcome = writer.join().expect("the writer goes on");
        assert_eq!(outcome.counts(), (100, 0, 0));
        assert!(outcome.retried > 0);
    }
}

#[test]
fn a_table_altered_while_the_job_runs_is_written_on_a_new_session() {
    for server in servers(&[]) {
        let mut schema = Schema::new(&server);
        schema.execute("CREATE TABLE t (id bigint PRIMARY KEY, name text)");
        let target = open(&Sink { write_mode: WriteMode::Insert, ..sink(&schema, "t") });
        write(&target, &Rows::default().many(0..10, "x").batch());
        schema.execute("DROP TABLE t; CREATE TABLE t (name text, extra int, id bigint PRIMARY KEY)");
        assert_eq!(write(&target, &Rows::default().many(0..10, "x").batch()).counts(), (10, 0, 0));
        schema.execute("DROP TABLE t");
        let error =
            target.writer.write(&Rows::default().many(10..20, "x").batch(), &mut Outcome::default(), &Stop::default());
        let error = error.unwrap_err().to_string();
        assert!(error.contains("42P01") && error.contains("nothing is lost"), "{error}");
    }
}

/// The error of a write that can't succeed.
fn failure(target: &Target) -> Option<String> {
    let batch = Rows::default().many(10..20, "x").batch();
    let mut outcome = Outcome::default();
    let error = target.writer.write(&batch, &mut outcome, &Stop::default()).err()?;
    assert!(outcome.rejected.is_empty(), "no row is to blame");
    Some(error.to_string())
}

#[test]
fn a_column_changed_while_the_job_runs_stops_a_writer_that_can_not_encode_its_rows_again() {
    // One time-out is too short for the rows' bytes, the other is too long.
    let types = ["integer", "interval", "integer"];
    for (server, into) in servers(&[]).into_iter().zip(types) {
        for write_mode in [WriteMode::Copy, WriteMode::Insert] {
            let mut schema = Schema::new(&server);
            schema.execute("CREATE TABLE t (id bigint PRIMARY KEY, name text)");
            let target = open(&Sink { write_mode, ..sink(&schema, "t") });
            write(&target, &Rows::default().many(0..10, "x").batch());
            let one = if into == "interval" { "interval '1 s'" } else { "1" };
            schema.execute(&format!("ALTER TABLE t ALTER id TYPE {into} USING id * {one}"));
            let error = failure(&target).expect("the rows have another form");
            for word in [&schema.name, "column id was bigint, is ", into, "start the job again"] {
                assert!(error.contains(word), "{write_mode:?} {word}: {error}");
            }
            assert_eq!(schema.count("t"), 10);
        }
    }
}

#[test]
fn a_column_changed_to_another_type_of_the_same_width_gets_no_wrong_value() {
    for server in servers(&[]) {
        let mut schema = Schema::new(&server);
        schema.execute("CREATE TABLE t (id bigint PRIMARY KEY, name text)");
        let target = open(&sink(&schema, "t"));
        write(&target, &Rows::default().many(0..10, "x").batch());
        schema.execute("ALTER TABLE t ALTER id TYPE double precision");
        let said = failure(&target).expect("it is noticed");
        assert!(said.contains("column id was bigint, is double precision"), "{said}");
        assert_eq!(schema.count("t"), 10);
    }
}

#[test]
fn a_row_is_not_blamed_for_a_column_that_was_changed_or_dropped() {
    for server in servers(&[]) {
        for (alter, expected) in [
            ("ALTER TABLE t ALTER id TYPE text", "column id was bigint, is text"),
            ("ALTER TABLE t DROP name", "column name is gone"),
        ] {
            let mut schema = Schema::new(&server);
            schema.execute("CREATE TABLE t (id bigint PRIMARY KEY, name text)");
            let target = open(&sink(&schema, "t"));
            write(&target, &Rows::default().many(0..10, "x").batch());
            schema.execute(alter);
            let said = failure(&target).expect("it is noticed");
            assert!(said.contains(expected), "{said}");
        }
    }
}

#[test]
fn sessions_lost_while_idle_are_replaced_at_once() {
    for server in servers(&[]) {
        let mut schema = Schema::new(&server);
        schema.execute("CREATE TABLE t (id bigint PRIMARY KEY, name text)");
        let name = format!("{}/0", schema.name);
        let patient =
            Sink { retry_wait_time: Duration::from_secs(3600), connection_max_active: 6, ..sink(&schema, "t") };
        let target = Arc::new(Target::open(&patient, &name, None).expect("opens"));
        let mut other = schema.connect();
        // A lock blocks all writers at the same time, so that each needs a session of its own.
        schema.execute("BEGIN; LOCK TABLE t");
        let writers: Vec<_> = (0..6)
            .map(|writer| {
                let target = Arc::clone(&target);
                thread::spawn(move || write(&target, &Rows::default().many(writer * 10..writer * 10 + 10, "x").batch()))
            })
            .collect();
        let sessions = format!("FROM pg_stat_activity WHERE application_name = '{name}'");
        eventually("all writers wait", || {
            other
                .query_one(
                    &format!("SELECT count(*) {sessions} AND pid IN (SELECT pid FROM pg_locks WHERE NOT granted)"),
                    &[],
                )
                .expect("answers")
                .get::<_, i64>(0)
                == 6
        });
        schema.execute("COMMIT");
        for writer in writers {
            writer.join().expect("writes");
        }
        other.execute(&format!("SELECT pg_terminate_backend(pid) {sessions}"), &[]).expect("ends them");
        let outcome = write(&target, &Rows::default().many(100..110, "x").batch());
        assert_eq!((outcome.retried, outcome.counts()), (1, (10, 0, 0)));
        assert!(!target.in_outage());
        assert_eq!(schema.count("t"), 70);
    }
}
