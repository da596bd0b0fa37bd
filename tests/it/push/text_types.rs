//! Columns of types that the server reads as text only: they have no binary receive function.

use super::scene::{LONG, builder, open};
use crate::support::eventually;
use crate::support::postgresql::{Postgres, Schema, postgres18, postgres96, unique};
use vecsink::{ConflictMode, Value};

/// A type that has only an input and an output function, like those of many small extensions.
const PLAIN: &str = "CREATE TYPE plain;
     CREATE FUNCTION plain_in(cstring) RETURNS plain LANGUAGE internal IMMUTABLE STRICT AS 'textin';
     CREATE FUNCTION plain_out(plain) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
     CREATE TYPE plain (INPUT = plain_in, OUTPUT = plain_out, LIKE = text);";

/// A database for one test, because an extension belongs to a database.
struct Database {
    server: Postgres,
    own: Postgres,
}

impl Database {
    fn new(server: Postgres) -> Database {
        let own = Postgres { database: unique("text_types"), ..server.clone() };
        server.connect().batch_execute(&format!("CREATE DATABASE {}", own.database)).expect("a database can be made");
        Database { server, own }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let name = &self.own.database;
        let mut client = self.server.connect();
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1";
        let _ = client.execute(end, &[name]);
        let _ = client.batch_execute(&format!("DROP DATABASE {name}"));
    }
}

fn row<'a>(id: i64, name: Value<'a>, part: Value<'a>, many: Value<'a>) -> [Value<'a>; 5] {
    [Value::Int(id), name, part, many, Value::Text("[0.5,-1]")]
}

#[test]
fn rows_with_types_that_are_read_as_text_only_are_sent_as_text() {
    for server in [postgres18(), postgres96()].into_iter().flatten() {
        let mut schema = Schema::new(&server);
        schema.execute(PLAIN);
        schema.execute(
            "CREATE DOMAIN narrow AS plain CHECK (length(VALUE::text) < 9);
             CREATE TABLE t (id bigint PRIMARY KEY, name plain, part narrow, many plain[], v float4[])",
        );
        let sink = open(&schema, "t");
        for id in 0..100 {
            let name = format!("tab\t{id} \\ 'ü'");
            let row = match id % 2 {
                0 => row(id, Value::Null, Value::Null, Value::Null),
                _ => row(id, Value::Text(&name), Value::Text("short"), Value::Text("{a,NULL,\"b c\"}")),
            };
            sink.push(&row).unwrap();
        }
        assert_eq!(sink.flush(LONG), Ok(()));
        // A row that the table has already is updated.
        sink.push(&row(1, Value::Text("new"), Value::Null, Value::Null)).unwrap();
        sink.push(&row(2, Value::Text("x"), Value::Text("far too long"), Value::Null)).unwrap();
        let counters = sink.close(LONG).unwrap().counters;
        assert_eq!((counters.rows_written, counters.rows_dead_lettered), (101, 1));
        let found = "SELECT concat_ws('|', count(*), count(name), count(part), count(many), max(v::text),
                     max(name::text) FILTER (WHERE id = 99), max(name::text) FILTER (WHERE id = 1)) FROM t";
        let expected = "100|50|49|49|{0.5,-1}|tab\t99 \\ 'ü'|new";
        assert_eq!(schema.text(found).as_deref(), Some(expected), "{}", server.port);
    }
}

#[test]
fn extensions_of_such_types_can_be_keys_that_are_upserted_and_deleted() {
    let Some(server) = postgres96() else { return };
    let database = Database::new(server);
    let mut schema = Schema::new(&database.own);
    schema.execute(
        "CREATE EXTENSION isn SCHEMA public; CREATE EXTENSION seg SCHEMA public;
         CREATE TABLE books (isbn isbn PRIMARY KEY, pages seg, title text)",
    );
    let sink = builder(&schema, "books").deletes(true).conflict_mode(ConflictMode::Upsert).open().unwrap();
    // The type verifies the check digit.
    for (isbn, pages, title) in [
        ("0-306-40615-2", "1.5 .. 2.5", "first"),
        ("0-393-04002-X", "~ 5.50", "second"),
        ("0-306-40615-2", "1.5 .. 3.5", "first again"),
        ("0-306-40615-3", "1", "wrong digit"),
    ] {
        sink.push(&(isbn, pages, title)).unwrap();
        assert_eq!(sink.flush(LONG), Ok(()));
    }
    sink.delete(&("0-393-04002-X",)).unwrap();
    let counters = sink.close(LONG).unwrap().counters;
    assert_eq!((counters.rows_written, counters.rows_deleted, counters.rows_dead_lettered), (3, 1, 1));
    let found = "SELECT string_agg(concat_ws('|', isbn, pages, title), ' ' ORDER BY isbn) FROM books";
    assert_eq!(schema.text(found).as_deref(), Some("0-306-40615-2|1.5 .. 3.5|first again"));
}

#[test]
fn a_column_changed_to_such_a_type_takes_the_rows_that_were_encoded_before() {
    const ROWS: i64 = 3_000;
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute(PLAIN);
    schema.execute("CREATE TABLE t (id bigint PRIMARY KEY, name text)");
    let sink = open(&schema, "t");
    let push = |ids: std::ops::Range<i64>| {
        for id in ids {
            sink.push(&(id, (id % 2 == 0).then(|| format!("name {id}")))).unwrap();
        }
    };
    push(0..100);
    assert_eq!(sink.flush(LONG), Ok(()));
    let mut other = schema.connect();
    schema.execute("BEGIN; ALTER TABLE t ALTER name TYPE plain USING CAST(name AS plain)");
    push(100..ROWS);
    let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 't'::regclass";
    eventually("a writer waits", || other.query_one(waiting, &[]).unwrap().get::<_, i64>(0) > 0);
    schema.execute("COMMIT");
    push(ROWS..ROWS + 100);
    let counters = sink.close(LONG).unwrap().counters;
    assert_eq!((counters.rows_written, counters.rows_dead_lettered), (ROWS as u64 + 100, 0));
    let same = "SELECT count(*) FROM t WHERE name::text IS NOT DISTINCT FROM CASE id % 2 WHEN 0 THEN 'name ' || id END";
    assert_eq!(schema.text(same), Some((ROWS + 100).to_string()));
}
