//! Rows that can't be stored, and pushes when the buffer is full.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::scene::{LONG, builder, open};
use crate::support::postgresql::{Schema, postgres18};
use crate::support::wait::eventually;
use vecsink::internals::error::Stage;
use vecsink::{Error, ExceptionMode, PushError, Rejected, Value};

#[test]
fn a_row_that_the_table_could_never_store_is_refused_at_once() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE items (id int PRIMARY KEY, name varchar(3) NOT NULL, v vector(2))");
    let sink = open(&schema, "items");
    let rejected = |outcome| match outcome {
        Err(PushError::Rejected(rejection)) => {
            (rejection.stage, rejection.column.unwrap(), rejection.sqlstate.unwrap())
        }
        other => panic!("{other:?}"),
    };
    let refused = |column: &str, sqlstate: &str| (Stage::Encode, column.to_owned(), sqlstate.to_owned());
    assert_eq!(rejected(sink.push(&(1, "a", [1.0_f32]))), refused("v", "22000"));
    assert_eq!(rejected(sink.push(&(1, "abcd", [1.0_f32, 2.0]))), refused("name", "22001"));
    assert_eq!(rejected(sink.push(&(1, None::<&str>, [1.0_f32, 2.0]))), refused("name", "23502"));
    assert_eq!(rejected(sink.push(&(1_i64 << 40, "a", [1.0_f32, 2.0]))), refused("id", "22003"));
    assert_eq!(rejected(sink.push(&("+1", "a", [1.0_f32, 2.0]))), refused("id", "22P02"));
    assert!(matches!(sink.push(&(1, "a")), Err(PushError::Shape(said)) if said.contains("id, name, v")));
    assert_eq!(sink.push(&(1, "a", [1.0_f32, 2.0])), Ok(0), "none of them took a number");
    assert_eq!(sink.close(LONG).map(|summary| summary.counters.rows_read), Ok(1));
}

#[test]
fn dead_letters_go_to_the_named_file_also_if_its_path_is_not_utf8() {
    use std::os::unix::ffi::OsStrExt;
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE items (id int PRIMARY KEY, price int CHECK (price >= 0))");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(std::ffi::OsStr::from_bytes(b"bad-\xff.jsonl"));
    let sink =
        builder(&schema, "items").option("deadletter", "file:/nowhere/x").dead_letter_file(&path).open().unwrap();
    sink.push(&(1, -1)).unwrap();
    assert_eq!(sink.close(LONG).unwrap().counters.rows_dead_lettered, 1);
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 1);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let refused = builder(&schema, "items").dead_letter_file("").open().expect_err("no path");
    assert!(refused.to_string().contains("needs a path"), "{refused}");
    // If two targets are named, the later one counts.
    let later = builder(&schema, "items").dead_letter_file(&path).option("deadletter", "file:/nowhere/x").open();
    assert!(later.expect_err("no such folder").to_string().contains("/nowhere/x"));
}

#[test]
fn a_row_that_the_database_refuses_is_rejected_alone_and_reported_with_its_number() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE items (id int PRIMARY KEY, price int CHECK (price >= 0))");
    let dead_letters = std::env::temp_dir().join(format!("{}.jsonl", schema.name));
    let heard: Arc<Mutex<Vec<Rejected>>> = Arc::default();
    let told = Arc::clone(&heard);
    let sink = builder(&schema, "items")
        .dead_letter_file(&dead_letters)
        .on_rejected(move |rejected| told.lock().unwrap().push(rejected.clone()))
        .open()
        .unwrap();
    for id in 0..100 {
        sink.push(&(id, if id % 40 == 7 { -1 } else { id })).unwrap();
    }
    let summary = sink.close(LONG).unwrap();
    assert_eq!((summary.counters.rows_written, summary.counters.rows_dead_lettered), (97, 3));
    assert_eq!(schema.count("items"), 97);
    let heard = heard.lock().unwrap();
    let mut numbers: Vec<u64> = heard.iter().map(|rejected| rejected.sequence).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [7, 47, 87]);
    assert!(heard.iter().all(|rejected| rejected.rejection.sqlstate.as_deref() == Some("23514")), "{heard:?}");
    let text = std::fs::read_to_string(&dead_letters).unwrap();
    let dead_letter: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(dead_letter["topic"], format!("push:{}.items", schema.name));
    let value =
        base64::Engine::decode(&base64::prelude::BASE64_STANDARD, dead_letter["value"].as_str().unwrap()).unwrap();
    assert!(String::from_utf8(value).unwrap().ends_with(r#","price":-1}"#));
    std::fs::remove_file(dead_letters).unwrap();
}

#[test]
fn under_strict_the_sink_fails_with_the_rows_number() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE items (id int PRIMARY KEY, price int CHECK (price >= 0))");
    let sink = builder(&schema, "items").exception_mode(ExceptionMode::Strict).open().unwrap();
    assert_eq!(sink.push(&(1, -1)), Ok(0));
    let failure = |outcome: Result<(), Error>| match outcome {
        Err(error @ Error::Strict { .. }) if !error.is_in_doubt() => panic!("later rows may be in the table: {error}"),
        Err(Error::Strict { position, .. }) => position.offset,
        other => panic!("{other:?}"),
    };
    assert_eq!(failure(sink.wait_durable(0, LONG)), 0);
    assert!(matches!(sink.push(&(2, 2)), Err(PushError::Failed(Error::Strict { .. }))));
    assert_eq!(failure(sink.close(LONG).map(drop)), 0);
}

#[test]
fn a_full_sink_refuses_the_row_or_waits_as_the_program_asks() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE items (id int PRIMARY KEY, body text)");
    let mut blocker = schema.connect();
    let sink = builder(&schema, "items").buffer_memory(1 << 20).open().unwrap();
    let mut lock = blocker.transaction().unwrap();
    lock.batch_execute("LOCK TABLE items").unwrap();
    let body = "x".repeat(10_000);
    let mut id = 0;
    let refused = loop {
        match sink.try_push(&[Value::Int(id), Value::Text(&body)]) {
            Ok(_) => id += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(refused, PushError::WouldBlock);
    assert!(refused.is_retryable());
    assert!((90..=110).contains(&id), "{id} rows of 10 kB fit into 1 MiB");
    let begun = Instant::now();
    assert_eq!(sink.push_timeout(&(id, &body), Duration::from_millis(80)), Err(PushError::TimedOut));
    assert!(begun.elapsed() >= Duration::from_millis(80));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| sink.push(&(id, &body)));
        lock.commit().unwrap();
        assert_eq!(waiting.join().unwrap(), Ok(id as u64));
    });
    assert_eq!(sink.close(LONG).map(|summary| summary.counters.rows_written), Ok(id as u64 + 1));
}

#[test]
fn a_close_that_had_too_little_time_says_from_which_row_on_rows_may_be_missing() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE items (id int PRIMARY KEY)");
    let mut blocker = schema.connect();
    let sink = open(&schema, "items");
    sink.push(&(1,)).unwrap();
    assert_eq!(sink.flush(LONG), Ok(()));
    let mut lock = blocker.transaction().unwrap();
    lock.batch_execute("LOCK TABLE items").unwrap();
    sink.push(&(2,)).unwrap();
    eventually("a writer that waits for the lock", || sink.stats().connections > 0);
    let ended = sink.close(Duration::from_millis(100));
    assert_eq!(ended, Err(Error::NotDurable { durable: 1, next: 2 }));
    // Afterwards the sink is closed, it has not failed.
    assert_eq!(sink.wait_durable(1, LONG), Err(Error::NotDurable { durable: 1, next: 2 }));
    assert_eq!(sink.push(&(3,)), Err(PushError::Closed));
    lock.rollback().unwrap();
}
