//! Errors while a target is opened: those that may pass are waited for, the others are reported at once.

use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rand::Rng;
use vecsink::internals::postgres::Target;
use vecsink::internals::settings::{ConflictMode, DeadLetterTarget, Password, Sink};

use super::fixture::{Rows, refusal, sink, write};
use crate::push::scene::LONG;
use crate::support::{Schema, eventually, postgres18, servers};

/// Ends the sessions of the application that is named after the schema, again and again for this time. Returns how many it has ended.
pub fn end_sessions(schema: &Schema, lasts: Duration) -> JoinHandle<i64> {
    let mut client = schema.connect();
    let query =
        format!("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {}", schema.of_application());
    thread::spawn(move || {
        let (until, mut ended) = (Instant::now() + lasts, 0);
        while Instant::now() < until {
            ended += client.query_one(query.as_str(), &[]).expect("sessions can be ended").get::<_, i64>(0);
            // So that sessions are ended at every step of an opening.
            thread::sleep(Duration::from_millis(rand::rng().random_range(0..60)));
        }
        ended
    })
}

/// As long an opening as a test can wait for.
fn patient(schema: &Schema) -> Sink {
    let mut sink = sink(schema, "t");
    sink.connection.connect_timeout = LONG;
    sink
}

#[test]
fn an_opening_goes_on_while_its_sessions_are_ended() {
    for server in servers(&[]) {
        let mut schema = Schema::new(&server);
        schema.execute("CREATE TABLE t (id bigint PRIMARY KEY, name text)");
        let dead_letter = Some(DeadLetterTarget::Table { schema: schema.name.clone(), table: "dead_letters".into() });
        let sink = Sink { conflict_mode: ConflictMode::Upsert, dead_letter, changing: true, ..patient(&schema) };
        let killer = end_sessions(&schema, Duration::from_secs(3));
        let (mut opened, mut target) = (0, None);
        while target.is_none() || !killer.is_finished() {
            target = Some(Target::open(&sink, &schema.name, None).unwrap_or_else(|error| panic!("{error}")));
            opened += 1;
        }
        let ended = killer.join().expect("the sessions are ended");
        assert!(ended > 0, "{opened} openings");
        let rows = Rows::default().many(0..1000, "x").batch();
        assert!(write(&target.expect("it is open"), &rows).rejected.is_empty());
        assert_eq!((schema.count("t"), schema.count("dead_letters")), (1000, 0));
    }
}

#[test]
fn an_opening_waits_until_the_server_takes_one_more_connection() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    let role = schema.name.clone();
    schema.execute(&format!(
        "CREATE TABLE t (id bigint PRIMARY KEY, name text); CREATE ROLE {role} LOGIN PASSWORD 'x' CONNECTION LIMIT 1;
         GRANT USAGE ON SCHEMA {role} TO {role}; GRANT SELECT, INSERT ON t TO {role}"
    ));
    let mut sink = patient(&schema);
    (sink.connection.user, sink.connection.password) = (role.clone(), Password::new("x"));
    let mut impatient = sink.clone();
    impatient.connection.connect_timeout = Duration::from_secs(1);
    let mut config = server.config();
    let only = config.user(&role).password("x").connect(postgres::NoTls).expect("one connection is allowed");
    let refused = refusal(&impatient);
    assert!(refused.contains("takes no more connections"), "{refused}");
    let opening = thread::spawn(move || Target::open(&sink, "vecsink-test", None).map(drop));
    thread::sleep(Duration::from_millis(500));
    assert!(!opening.is_finished());
    drop(only);
    opening.join().expect("no panic").expect("it opens");
    schema.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}

#[test]
fn a_stream_is_taken_over_when_its_table_is_no_longer_locked() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE t (id bigint PRIMARY KEY, name text)");
    let (host, port, database) = (&server.host, server.port, &server.database);
    let url = format!(
        "postgresql://{}:{}@{host}:{port}/{database}?sslmode=disable&connect_timeout=300&options=-c%20lock_timeout%3D50ms",
        server.user, server.password
    );
    let builder = || vecsink::Sink::builder(&url, &format!("{}.t", schema.name)).stream("cars");
    let first = builder().open().expect("it opens");
    first.push(&(1, "red")).expect("it is taken");
    first.close(LONG).expect("it is written");
    let again = builder();
    schema.execute("BEGIN; LOCK TABLE vecsink_stream IN EXCLUSIVE MODE");
    let opening = thread::spawn(move || again.open().map(|sink| sink.resume_position()));
    let mut looker = schema.connect();
    let mut waits = || {
        let locks = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'vecsink_stream'::regclass";
        looker.query_one(locks, &[]).expect("a number").get::<_, i64>(0) > 0
    };
    for _ in 0..3 {
        eventually("the opening waits for the lock", &mut waits);
        eventually("it gives up, for a while", || !waits());
    }
    schema.execute("COMMIT");
    assert_eq!(opening.join().expect("no panic").expect("it opens"), 1);
}

#[test]
fn a_lasting_error_ends_an_opening_at_once() {
    for server in servers(&[]) {
        let mut schema = Schema::new(&server);
        let role = schema.name.clone();
        schema.execute(&format!(
            "CREATE TABLE t (id bigint PRIMARY KEY, name text); CREATE ROLE {role} LOGIN PASSWORD 'x';
             GRANT USAGE ON SCHEMA {role} TO {role}"
        ));
        let wrong = |change: fn(&mut Sink)| {
            let mut sink = patient(&schema);
            change(&mut sink);
            sink
        };
        let mut without_rights = patient(&schema);
        (without_rights.connection.user, without_rights.connection.password) = (role.clone(), Password::new("x"));
        for (sink, expected) in [
            (wrong(|sink| sink.connection.user = "nobody_at_all".into()), "SQLSTATE 28"),
            (wrong(|sink| sink.connection.database = "no_such_database".into()), "SQLSTATE 3D000"),
            (wrong(|sink| sink.table = "no_such_table".into()), "has no table no_such_table"),
            (without_rights, "may not insert"),
            // Nothing answers at this address.
            (
                wrong(|sink| sink.connection.hosts = vec![vecsink::internals::settings::Host::tcp("127.0.0.1", 1)]),
                "can't connect",
            ),
        ] {
            let begun = Instant::now();
            let refused = refusal(&sink);
            assert!(refused.contains(expected), "{expected}: {refused}");
            assert!(begun.elapsed() < LONG / 2, "{expected}: {:?}", begun.elapsed());
        }
        schema.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
    }
}
