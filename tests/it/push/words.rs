//! The errors that a program gets when its sink fails. Its rows are only in its own memory, so an error must not promise that
//! nothing is lost.

use std::time::Duration;

use super::scene::{LONG, builder, url};
use crate::support::Proxy;
use crate::support::postgresql::{Schema, postgres18};
use crate::support::wait::eventually;
use vecsink::{ConflictMode, Error, ExceptionMode, Sink, SinkBuilder};

const COLUMNS: &str = "id int PRIMARY KEY, price int CHECK (price >= 0)";

/// Pushes a row that makes the sink fail, and returns the error.
#[track_caller]
fn failure(sink: &Sink, price: i32) -> String {
    sink.push(&(100, price)).unwrap();
    eventually("the sink fails", || sink.flush(Duration::from_millis(20)).is_err());
    let said = sink.close(LONG).expect_err("it has failed").to_string();
    for promise in ["nothing is lost", "start the job", "the job stops", "next start"] {
        assert!(!said.contains(promise), "{promise}: {said}");
    }
    assert!(said.contains("not durable"), "{said}");
    said
}

/// A sink with its own table, which has written one row.
fn scene(more: impl Fn(SinkBuilder) -> SinkBuilder) -> Option<(Schema, Sink)> {
    let server = postgres18()?;
    let mut schema = Schema::new(&server);
    schema.execute(&format!("CREATE TABLE items ({COLUMNS})"));
    let sink = more(builder(&schema, "items")).open().unwrap();
    sink.push(&(1, 1)).unwrap();
    assert_eq!(sink.flush(LONG), Ok(()));
    Some((schema, sink))
}

#[test]
fn the_error_for_a_dropped_column_says_to_open_the_sink_again() {
    let Some((mut schema, sink)) = scene(|sink| sink) else { return };
    schema.execute("ALTER TABLE items DROP COLUMN price");
    let said = failure(&sink, 1);
    assert!(said.contains("column price is gone") && said.contains("open the sink again"), "{said}");
}

#[test]
fn the_error_for_a_trigger_that_refuses_every_row_says_to_open_the_sink_again() {
    let Some((mut schema, sink)) = scene(|sink| sink) else { return };
    schema.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not today'; END $$;
         CREATE TRIGGER refuse BEFORE INSERT ON items FOR EACH ROW EXECUTE FUNCTION refuse()",
    );
    let said = failure(&sink, 1);
    assert!(said.contains("not today") && said.contains("open the sink again"), "{said}");
}

#[test]
fn the_error_for_a_dead_letter_file_that_can_not_be_written_says_to_open_the_sink_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dead_letters.jsonl");
    let Some((_schema, sink)) = scene(|sink| sink.dead_letter_file(&path)) else { return };
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    let said = failure(&sink, -1);
    assert!(said.contains("dead_letters.jsonl can't be written") && said.contains("open the sink again"), "{said}");
}

#[test]
fn the_error_for_a_dead_letter_table_without_its_columns_says_to_open_the_sink_again() {
    let Some((mut schema, sink)) = scene(|sink| sink.option("deadletter", "table:dead_letters")) else { return };
    schema.execute("DROP TABLE dead_letters; CREATE TABLE dead_letters (other int)");
    let said = failure(&sink, -1);
    assert!(said.contains("can't be written: column") && said.contains("open the sink again"), "{said}");
}

#[test]
fn the_error_for_a_row_refused_under_strict_names_the_mode() {
    let Some((_schema, sink)) = scene(|sink| sink.exception_mode(ExceptionMode::Strict)) else { return };
    assert!(failure(&sink, -1).contains("the sink fails because exceptionmode is 'strict'"));
    let Some((mut schema, sink)) = scene(|sink| sink.conflict_mode(ConflictMode::Strict)) else { return };
    schema.execute("INSERT INTO items VALUES (100, 1)");
    assert!(failure(&sink, 1).contains("the sink fails because conflictmode is 'strict'"));
}

#[test]
fn the_error_for_an_outage_that_took_too_long_says_to_open_the_sink_again() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute(&format!("CREATE TABLE items ({COLUMNS})"));
    let proxy = Proxy::to(&server.host, server.port);
    let url = url(&server).replace(&format!(":{}/", server.port), &format!(":{}/", proxy.port));
    let sink = Sink::builder(&url, &format!("{}.items", schema.name)).max_outage(Duration::from_millis(300));
    let sink = sink.open().unwrap();
    proxy.cut();
    let said = failure(&sink, 1);
    assert!(said.contains("max.outage allows no longer") && said.contains("open the sink again"), "{said}");
}

#[test]
fn columns_that_are_named_twice_and_an_empty_list_of_columns_are_errors() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute(&format!("CREATE TABLE items ({COLUMNS})"));
    let said = |columns: &[&str]| match builder(&schema, "items").columns(columns.iter().copied()).open() {
        Err(Error::Config(wrong)) => wrong.into_iter().map(|one| one.message).collect::<Vec<_>>().join("\n"),
        other => panic!("{:?}", other.map(drop)),
    };
    let twice = said(&["id", "price", "id"]);
    assert!(twice.ends_with("column 'id' is listed twice; name each column once"), "{twice}");
    let none = said(&[]);
    assert!(none.contains("the list of columns is empty") && none.contains("leave it out for all"), "{none}");
}
