//! A server that accepts bytes and doesn't answer: every wait ends, and no row is lost.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use vecsink::internals::error::Error;
use vecsink::internals::postgres::Target;
use vecsink::internals::settings::{Host, Sink};
use vecsink::internals::stop::Stop;

use super::fixture::{Outcome, Rows, open, sink, write};
use crate::support::lateness::timed;
use crate::support::proxy::Way;
use crate::support::{PrivatePostgres, Proxy, Schema, eventually, postgres18};

/// How much longer than its deadline a call may take on a busy machine.
const SLACK: Duration = Duration::from_secs(15);

fn schema(private: &PrivatePostgres) -> Schema {
    let mut schema = Schema::new(&private.server);
    schema.execute("CREATE TABLE t (id bigint PRIMARY KEY, name text)");
    schema
}

/// A sink that reaches its server through the proxy.
fn through(proxy: &Proxy, schema: &Schema) -> Sink {
    let mut sink = sink(schema, "t");
    sink.connection.hosts = vec![Host::tcp("127.0.0.1", proxy.port)];
    sink.connection.connect_timeout = Duration::from_secs(1);
    sink
}

#[test]
fn a_frozen_server_ends_the_job_when_max_outage_is_over() {
    let Some(mut private) = PrivatePostgres::start() else { return };
    let schema = schema(&private);
    let longest = Duration::from_secs(3);
    let target = Target::open(&sink(&schema, "t"), "test", Some(longest)).expect("opens");
    write(&target, &Rows::default().many(0..10, "x").batch());
    private.freeze();
    let started = Instant::now();
    let error =
        target.writer.write(&Rows::default().many(10..20, "x").batch(), &mut Outcome::default(), &Stop::default());
    let took = started.elapsed();
    private.thaw();
    let error = error.unwrap_err().to_string();
    assert!(error.contains("max.outage"), "{error}");
    assert!(took >= longest && took < longest + SLACK, "{took:?}");
}

#[test]
fn a_frozen_server_is_waited_for_and_no_row_is_lost() {
    let Some(mut private) = PrivatePostgres::start() else { return };
    let mut schema = schema(&private);
    let mut sink = sink(&schema, "t");
    sink.connection.connect_timeout = Duration::from_secs(1);
    let target = Arc::new(open(&sink));
    write(&target, &Rows::default().many(0..100, "before").batch());
    private.freeze();
    let writer = {
        let target = Arc::clone(&target);
        thread::spawn(move || write(&target, &Rows::default().many(100..200, "during").batch()))
    };
    eventually("the outage is noticed", || target.in_outage());
    private.thaw();
    let outcome = writer.join().expect("the writer goes on");
    assert_eq!(outcome.counts(), (100, 0, 0));
    assert!(outcome.rejected.is_empty() && !target.in_outage());
    assert_eq!(schema.count("t"), 200);
}

#[test]
fn a_writer_at_a_frozen_server_ends_at_once_if_it_is_told_to_abandon() {
    let Some(mut private) = PrivatePostgres::start() else { return };
    let schema = schema(&private);
    let target = Arc::new(open(&sink(&schema, "t")));
    write(&target, &Rows::default().many(0..10, "x").batch());
    private.freeze();
    let stop = Stop::default();
    let writer = {
        let (target, stop) = (Arc::clone(&target), stop.clone());
        thread::spawn(move || {
            target.writer.write(&Rows::default().many(10..20, "x").batch(), &mut Outcome::default(), &stop)
        })
    };
    stop.drain();
    thread::sleep(Duration::from_millis(300));
    assert!(!writer.is_finished(), "draining waits for the database");
    stop.abandon();
    let (took, ended) = timed(|| writer.join().expect("no panic"));
    private.thaw();
    assert!(matches!(ended, Err(Error::Stopped)), "{ended:?}");
    // A silent server would be asked after five seconds.
    assert!(took < Duration::from_secs(3), "{took:?}");
}

#[test]
fn a_statement_that_takes_long_is_not_an_outage() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE t (id bigint PRIMARY KEY, name text)");
    // `max_outage` is short, so a silent server is asked early whether it is alive.
    let longest = Duration::from_secs(2);
    let target = Arc::new(Target::open(&sink(&schema, "t"), "test", Some(longest)).expect("opens"));
    schema.execute("BEGIN; LOCK TABLE t");
    let writer = {
        let target = Arc::clone(&target);
        thread::spawn(move || write(&target, &Rows::default().many(0..10, "x").batch()))
    };
    thread::sleep(3 * longest);
    assert!(!writer.is_finished() && !target.in_outage());
    schema.execute("COMMIT");
    let outcome = writer.join().expect("the writer goes on");
    assert_eq!((outcome.counts(), outcome.retried), ((10, 0, 0), 0), "the same session went on");
}

#[test]
fn a_commit_that_no_standby_confirms_ends_the_job_after_max_outage() {
    let Some(private) = PrivatePostgres::start() else { return };
    let mut schema = schema(&private);
    let target = Arc::new(Target::open(&sink(&schema, "t"), "test", Some(Duration::from_secs(2))).expect("opens"));
    write(&target, &Rows::default().many(0..10, "x").batch());
    // The test's own session doesn't wait for a standby.
    schema.execute("SET synchronous_commit TO local");
    schema.execute("ALTER SYSTEM SET synchronous_standby_names TO 'missing'");
    schema.execute("SELECT pg_reload_conf()");
    eventually("the setting is in force", || {
        schema.text("SELECT current_setting('synchronous_standby_names')").as_deref() == Some("missing")
    });
    let started = Instant::now();
    let ended =
        target.writer.write(&Rows::default().many(10..20, "x").batch(), &mut Outcome::default(), &Stop::default());
    let took = started.elapsed();
    schema.execute("ALTER SYSTEM RESET synchronous_standby_names");
    schema.execute("SELECT pg_reload_conf()");
    let error = ended.expect_err("nobody confirms").to_string();
    assert!(
        error.contains("a synchronous standby doesn't confirm the COMMIT") && error.contains("max.outage"),
        "{error}"
    );
    assert!(took >= Duration::from_secs(2), "{took:?}");
    assert!(took < Duration::from_secs(8) + SLACK, "{took:?}");
}

#[test]
fn opening_ends_within_the_connect_timeout_at_whatever_step_the_server_stalls() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE t (id bigint PRIMARY KEY, name text)");
    let sound = Proxy::to(&server.host, server.port);
    open(&Sink { connection: through(&sound, &schema).connection, ..sink(&schema, "t") });
    let places = [0, 1, 8, 30, 100, 400, 1000, 2500].map(|bytes| [(Way::Up, bytes), (Way::Down, bytes)]);
    let attempts: Vec<_> = places
        .into_iter()
        .flatten()
        .map(|(way, bytes)| {
            let proxy = Proxy::to(&server.host, server.port);
            proxy.cut_after(way, bytes);
            let sink = through(&proxy, &schema);
            thread::spawn(move || {
                let started = Instant::now();
                let opened = Target::open(&sink, "test", None).map(drop).map_err(|error| error.to_string());
                drop(proxy);
                (way, bytes, started.elapsed(), opened)
            })
        })
        .collect();
    for attempt in attempts {
        let (way, bytes, took, opened) = attempt.join().expect("no panic");
        let error = opened.expect_err("nobody answers");
        assert!(error.contains("no answer within 1.0 s"), "{way:?} {bytes}: {error}");
        assert!(took < Duration::from_secs(1) + SLACK, "{way:?} {bytes}: {took:?}");
    }
}

#[test]
fn opening_ends_within_the_connect_timeout_while_the_table_is_locked() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE t (id bigint PRIMARY KEY, name text); BEGIN; LOCK TABLE t");
    let mut sink = sink(&schema, "t");
    sink.connection.connect_timeout = Duration::from_secs(1);
    let started = Instant::now();
    let _ = Target::open(&sink, "test", None);
    let took = started.elapsed();
    schema.execute("COMMIT");
    assert!(took < Duration::from_secs(1) + SLACK, "{took:?}");
}

#[test]
fn a_stall_at_any_byte_of_a_transaction_ends_with_max_outage_and_every_row_is_there_once_it_goes_on() {
    let Some(server) = postgres18() else { return };
    let places = [0, 1, 20, 100, 300, 700, 100_000, 1_000_000].map(|bytes| (Way::Up, bytes));
    let places = places.into_iter().chain([0, 1, 5, 20, 40, 60].map(|bytes| (Way::Down, bytes)));
    let attempts: Vec<_> = places
        .map(|(way, bytes)| {
            let server = server.clone();
            thread::spawn(move || {
                let mut schema = Schema::new(&server);
                schema.execute("CREATE TABLE t (id bigint PRIMARY KEY, name text)");
                let proxy = Proxy::to(&server.host, server.port);
                let longest = Duration::from_secs(2);
                let mut sink = through(&proxy, &schema);
                sink.connection.connect_timeout = Duration::from_secs(10);
                let target = Target::open(&sink, "test", Some(longest)).expect("opens");
                write(&target, &Rows::default().many(0..10, "x").batch());
                proxy.cut_after(way, bytes);
                let batch = Rows::default().many(10..20_010, &"x".repeat(100)).batch();
                let started = Instant::now();
                let ended = target.writer.write(&batch, &mut Outcome::default(), &Stop::default());
                let took = started.elapsed();
                let error = ended.expect_err("nobody answers").to_string();
                assert!(error.contains("max.outage"), "{way:?} {bytes}: {error}");
                assert!(took < longest + SLACK, "{way:?} {bytes}: {took:?}");
                proxy.restore();
                assert!(write(&target, &batch).rejected.is_empty());
                assert_eq!(schema.count("t"), 20_010, "{way:?} {bytes}");
            })
        })
        .collect();
    attempts.into_iter().for_each(|attempt| attempt.join().expect("as it should be"));
}
