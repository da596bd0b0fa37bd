//! A host that is killed goes on from its stream's resume position.

use std::process::{Command, Stdio};
use std::time::Duration;

use super::scene::{LONG, builder};
use crate::support::postgresql::{Postgres, Schema, postgres18};
use crate::support::wait::eventually;
use vecsink::{Error, PushError};

const ROWS: u64 = 60_000;
const SCHEMA: &str = "VECSINK_TEST_PUSH_CRASH_SCHEMA";

fn row(number: u64) -> (i64, String, [f32; 3]) {
    (number as i64, format!("row {number}"), [number as f32, 0.5, -1.0])
}

/// The host's program, which is the same at each start.
fn push_all(server: &Postgres, schema: &str) {
    let table = format!("{schema}.items");
    let sink = vecsink::Sink::builder(&super::scene::url(server), &table).stream("cars").open().unwrap();
    for number in sink.resume_position()..ROWS {
        // A host's numbers may have gaps: row 1 has the number 10.
        if number % 10 == 0 {
            sink.push_at(number, &row(number / 10)).unwrap();
            // Slow enough for the test to kill it while it pushes.
            std::thread::sleep(Duration::from_micros(300));
        }
    }
    sink.close(LONG).unwrap();
}

/// Run by the test below, in a process of its own.
#[test]
fn host() {
    let (Ok(schema), Some(server)) = (std::env::var(SCHEMA), postgres18()) else { return };
    push_all(&server, &schema);
}

#[test]
fn a_host_that_was_killed_goes_on_without_losing_a_row() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE items (id bigint PRIMARY KEY, name text, v vector(3))");
    let mut before = 0;
    for _ in 0..3 {
        let mut host = Command::new(std::env::current_exe().unwrap())
            .args(["push::crash::host", "--exact"])
            .env(SCHEMA, &schema.name)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let low = "SELECT coalesce(max(low), 0) FROM vecsink_stream";
        let more = (before + 4_000).min(ROWS as i64 - 1);
        eventually("the host's kept position", || {
            let made = schema.text("SELECT to_regclass('vecsink_stream')").is_some();
            made && schema.text(low).unwrap().parse::<i64>().unwrap() >= more
        });
        host.kill().unwrap();
        host.wait().unwrap();
        before = schema.text(low).unwrap().parse().unwrap();
        let below = format!("SELECT count(*) FROM items WHERE id * 10 < {before}");
        assert_eq!(schema.text(&below).unwrap().parse::<i64>().unwrap(), (before + 9) / 10, "all below are there");
    }
    push_all(&server, &schema.name);
    assert_eq!(schema.count("items"), ROWS as i64 / 10);
    let wrong = "SELECT count(*) FROM items WHERE name <> 'row ' || id OR (v::real[])[1] <> id * 10";
    let wrong = wrong.replace("id * 10", "id");
    assert_eq!(schema.text(&wrong).as_deref(), Some("0"));
    let again = builder(&schema, "items").stream("cars").open().unwrap();
    assert_eq!(again.resume_position(), ROWS - 9, "behind the last number");
}

#[test]
fn opening_a_stream_again_ends_the_sink_that_had_it() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE items (id bigint PRIMARY KEY)");
    let first = builder(&schema, "items").stream("cars").open().unwrap();
    first.push_at(5, &(1,)).unwrap();
    assert_eq!(first.flush(LONG), Ok(()));
    let second = builder(&schema, "items").stream("cars").open().unwrap();
    let other = builder(&schema, "items").stream("bikes").open().unwrap();
    // It may have noticed already.
    let pushed = first.push_at(6, &(2,));
    assert!(matches!(pushed, Ok(6) | Err(PushError::Failed(Error::Fenced(_)))), "{pushed:?}");
    eventually(
        "the first sink notices",
        || matches!(first.try_push(&(3,)), Err(PushError::Failed(Error::Fenced(said))) if said.contains("another")),
    );
    assert!(first.close(LONG).is_err());
    assert!(second.resume_position() <= 6);
    second.push(&(4,)).unwrap();
    second.close(LONG).unwrap();
    assert_eq!(other.resume_position(), 0);
}

#[test]
fn the_error_has_the_statement_if_the_role_may_not_make_the_table() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    let role = format!("{}_writer", schema.name);
    let name = schema.name.clone();
    schema.execute(&format!(
        "CREATE TABLE items (id bigint PRIMARY KEY); CREATE ROLE {role} LOGIN PASSWORD 'x';
         GRANT USAGE ON SCHEMA {name} TO {role}; GRANT ALL ON items TO {role}"
    ));
    let opened = builder(&schema, "items").user(&role).password("x").stream("cars").open();
    let said = opened.map(drop).unwrap_err().to_string();
    schema.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
    assert!(said.contains("CREATE TABLE") && said.contains("vecsink_stream"), "{said}");
}
