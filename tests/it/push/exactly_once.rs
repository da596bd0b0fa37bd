//! Exactly-once for pushed rows: whatever ends the host, each row is in the table once, or once among the dead letters.

use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::scene::{LONG, url};
use crate::support::postgresql::{Postgres, Schema, postgres18};
use crate::support::{eventually, servers};
use vecsink::{
    BatchError, ColumnValues, Columns, ConflictMode, DeliveryGuarantee, Error, Offsets, Push, PushError, Sink,
    SinkBuilder,
};

const ROWS: u64 = 30_000;
/// Rows with numbers of the same block are pushed in the same way: one by one, or as a batch.
const BLOCK: u64 = 250;
const URL: &str = "VECSINK_TEST_PUSH_ONCE_URL";
const TABLE: &str = "VECSINK_TEST_PUSH_ONCE_TABLE";

fn builder_of(url: &str, table: &str) -> SinkBuilder {
    let builder = Sink::builder(url, table).stream("cars").delivery_guarantee(DeliveryGuarantee::ExactlyOnce);
    // A key that is there already would end the sink.
    builder.conflict_mode(ConflictMode::Strict).option("deadletter", "table:rejected")
}

fn builder(schema: &Schema) -> SinkBuilder {
    builder_of(&url(&schema.server), &format!("{}.t", schema.name))
}

fn table(server: &Postgres, key: &str) -> Schema {
    let mut schema = Schema::new(server);
    schema.execute(&format!("CREATE TABLE t (id bigint {key}, name varchar(20) CHECK (name <> 'refused'))"));
    schema
}

/// Some rows are refused by the database, and some don't fit their column.
fn name(number: u64) -> String {
    match number % 500 {
        17 | 317 => "refused".to_owned(),
        95 | 395 => "much too long for its column".to_owned(),
        _ => format!("name {number}"),
    }
}

fn is_in_batch(number: u64) -> bool {
    number / BLOCK % 2 == 1
}

fn push_batch(sink: &Sink, numbers: std::ops::Range<u64>) {
    let ids: Vec<i64> = numbers.clone().map(|number| number as i64).collect();
    let (mut bytes, mut offsets) = (Vec::new(), vec![0_i32]);
    for number in numbers.clone() {
        bytes.extend_from_slice(name(number).as_bytes());
        offsets.push(bytes.len() as i32);
    }
    let names = ColumnValues::Text { offsets: Offsets::Small(&offsets), bytes: &bytes };
    let batch = Columns::new().column("id", &ids).column("name", names);
    let push = Push { sequence: Some(numbers.start), ..Push::default() };
    let pushed = sink.push_batch_with(&batch, push).expect("it is taken");
    assert_eq!(pushed.rows, ids.len());
    assert_eq!(pushed.numbers, Some((numbers.start, numbers.end - 1)));
}

fn push_all(sink: &Sink, numbers: std::ops::Range<u64>) {
    let mut number = numbers.start;
    while number < numbers.end {
        if is_in_batch(number) {
            let end = (number / BLOCK * BLOCK + BLOCK).min(numbers.end);
            push_batch(sink, number..end);
            number = end;
        } else {
            match sink.push_at(number, &(number as i64, name(number).as_str())) {
                Ok(got) => assert_eq!(got, number),
                // The host has been told; there is no dead letter of it.
                Err(PushError::Rejected(_)) => assert!(name(number).starts_with("much")),
                Err(error) => panic!("{error}"),
            }
            number += 1;
        }
    }
}

/// Rows, and dead letters.
fn expected(numbers: std::ops::Range<u64>) -> (i64, i64) {
    let (mut rows, mut rejected) = (0, 0);
    for number in numbers {
        match name(number).as_str() {
            "refused" => rejected += 1,
            long if long.starts_with("much") => rejected += i64::from(is_in_batch(number)),
            _ => rows += 1,
        }
    }
    (rows, rejected)
}

/// Fails if a row is there twice, or in both.
#[track_caller]
fn counted(schema: &mut Schema) -> (i64, i64) {
    let query = "SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM rejected),
                 (SELECT count(*) FROM (SELECT id FROM t UNION SELECT \"offset\" FROM rejected) AS u)";
    let counts = schema.client.query_one(query, &[]).expect("counts");
    let (rows, rejected, all): (i64, i64, i64) = (counts.get(0), counts.get(1), counts.get(2));
    assert_eq!(rows + rejected, all, "{rows} rows and {rejected} dead letters of {all} numbers");
    (rows, rejected)
}

/// What a host that was killed before it stored its position leaves: the shards are ahead.
fn set_back(schema: &mut Schema, low: i64) {
    schema.execute(&format!("UPDATE vecsink_stream SET low = {low}"));
}

/// Run by the test below, in a process of its own.
#[test]
fn host() {
    let (Ok(url), Ok(table)) = (std::env::var(URL), std::env::var(TABLE)) else { return };
    let sink = builder_of(&url, &table).open().expect("it opens");
    let mut number = sink.resume_position();
    while number < ROWS {
        let end = (number + BLOCK).min(ROWS);
        push_all(&sink, number..end);
        number = end;
        // So slow that the test can see it at work.
        std::thread::sleep(Duration::from_millis(15));
    }
    sink.close(LONG).expect("everything is written");
}

fn start_host(schema: &Schema) -> Child {
    let mut host = Command::new(std::env::current_exe().expect("this program"));
    host.args(["push::exactly_once::host", "--exact"]).env(URL, url(&schema.server));
    host.env(TABLE, format!("{}.t", schema.name)).stdout(Stdio::null());
    host.spawn().expect("the host starts")
}

#[test]
fn a_host_that_is_killed_again_and_again_writes_each_row_once() {
    for server in servers(&[]) {
        for key in ["", "PRIMARY KEY"] {
            let mut schema = table(&server, key);
            for kills in 1..=4 {
                let mut host = start_host(&schema);
                eventually("the host has written some more", || {
                    schema.count("t") >= i64::try_from(kills * ROWS / 6).expect("few")
                });
                host.kill().expect("it is killed");
                host.wait().expect("it has ended");
            }
            let before = counted(&mut schema);
            assert!(before.0 < expected(0..ROWS).0, "all hosts were killed in the middle");
            assert!(start_host(&schema).wait().expect("it ends").success());
            assert_eq!(counted(&mut schema), expected(0..ROWS), "{key}");
            let sink = builder(&schema).open().expect("it opens");
            assert_eq!(sink.resume_position(), ROWS);
        }
    }
}

#[test]
fn rows_that_are_durable_are_dropped_when_they_are_pushed_again_and_counted() {
    for server in servers(&[]) {
        for key in ["", "PRIMARY KEY"] {
            let mut schema = table(&server, key);
            let sink = builder(&schema).open().expect("it opens");
            push_all(&sink, 0..1000);
            sink.close(LONG).expect("everything is written");
            let first = counted(&mut schema);
            assert_eq!(first, expected(0..1000));
            let sink = builder(&schema).open().expect("it opens");
            assert_eq!(sink.resume_position(), 1000);
            assert_eq!(sink.push_at(3, &(3_i64, "again")), Ok(3), "it is below the position");
            push_batch(&sink, 990..1010);
            let counters = sink.close(LONG).expect("everything is written").counters;
            assert_eq!((counters.rows_repeated, counters.rows_read, counters.rows_written), (11, 10, 10));
            // The shards have all, although the stored position is an older one.
            set_back(&mut schema, 100);
            let sink = builder(&schema).open().expect("it opens");
            assert_eq!(sink.resume_position(), 100);
            push_all(&sink, 100..1000);
            push_batch(&sink, 1000..1015);
            let counters = sink.close(LONG).expect("everything is written").counters;
            // Also those that were refused at once: their shards have rows with higher numbers.
            assert_eq!((counters.rows_repeated, counters.rows_read, counters.rows_dead_lettered), (910, 5, 0));
            assert_eq!(counted(&mut schema), (first.0 + 15, first.1), "{key}");
        }
    }
}

#[test]
fn a_second_sink_of_a_stream_fences_the_first_and_goes_on() {
    for server in servers(&[]) {
        let mut schema = table(&server, "");
        let first = builder(&schema).open().expect("it opens");
        first.push_at(0, &(0_i64, "first")).expect("it is taken");
        assert_eq!(first.wait_durable(0, LONG), Ok(()));
        let second = builder(&schema).open().expect("it opens");
        let resumed = second.resume_position();
        assert!(resumed <= 1);
        // Its transaction finds another epoch.
        // Or it has noticed already, when it stored its position.
        let pushed = first.push_at(1, &(1_i64, "first"));
        assert!(matches!(pushed, Ok(1) | Err(PushError::Failed(Error::Fenced(_)))), "{pushed:?}");
        let waited = first.wait_durable(1, LONG);
        assert!(matches!(&waited, Err(Error::Fenced(said)) if said.contains("another sink")), "{waited:?}");
        let pushed = first.push_at(2, &(2_i64, "first"));
        assert!(matches!(pushed, Err(PushError::Failed(Error::Fenced(_)))), "{pushed:?}");
        assert!(matches!(first.close(LONG), Err(Error::Fenced(_))));
        for number in resumed..10 {
            second.push_at(number, &(number as i64, "second")).expect("it has the stream");
        }
        second.close(LONG).expect("everything is written");
        assert_eq!(
            schema.text("SELECT string_agg(name, ' ' ORDER BY id) FROM t WHERE id < 3").as_deref(),
            Some("first second second")
        );
        assert_eq!(schema.count("t"), 10);
    }
}

#[test]
fn a_name_and_numbers_are_asked_for() {
    let Some(server) = postgres18() else { return };
    let schema = table(&server, "");
    let unnamed = Sink::builder(&url(&server), &format!("{}.t", schema.name));
    let unnamed = unnamed.option("sink.delivery-guarantee", "exactly-once").open().expect_err("it has no name");
    assert!(matches!(&unnamed, Error::Config(all) if all[0].message.contains("name of a stream")), "{unnamed}");
    let sink = builder(&schema).open().expect("it opens");
    let unnumbered = sink.push(&(1_i64, "a")).expect_err("it has no number");
    assert!(matches!(&unnumbered, PushError::Shape(said) if said.contains("sequence")), "{unnumbered}");
    let names = ColumnValues::Text { offsets: Offsets::Small(&[0, 1]), bytes: b"a" };
    let unnumbered = sink.push_batch(&Columns::new().column("id", &[1_i64]).column("name", names));
    assert!(matches!(&unnumbered, Err(BatchError { error: PushError::Shape(said), .. }) if said.contains("sequence")));
    assert_eq!(sink.close(LONG).map(|summary| summary.counters.rows_read), Ok(0));
}

#[test]
fn rejected_rows_are_told_before_they_are_durable() {
    let Some(server) = postgres18() else { return };
    let schema = table(&server, "PRIMARY KEY");
    let told: Arc<Mutex<Vec<u64>>> = Arc::default();
    let (own, durable) = (Arc::clone(&told), Arc::new(Mutex::new(0)));
    let latest = Arc::clone(&durable);
    let sink = builder(&schema)
        .on_rejected(move |rejected| {
            assert!(rejected.sequence >= *latest.lock().unwrap());
            own.lock().unwrap().push(rejected.sequence);
        })
        .on_durable(move |below| *durable.lock().unwrap() = below);
    let sink = sink.open().expect("it opens");
    push_batch(&sink, 250..500);
    sink.close(LONG).expect("everything is written");
    let mut told = told.lock().unwrap().clone();
    told.sort_unstable();
    assert_eq!(told, [317, 395], "refused by the database, and not fitting");
}

#[test]
fn what_an_altered_table_would_decide_otherwise_stays_as_it_was_decided() {
    let Some(server) = postgres18() else { return };
    let mut schema = table(&server, "PRIMARY KEY");
    let sink = builder(&schema).open().expect("it opens");
    sink.push_at(0, &(0_i64, "twenty characters...")).expect("it fits");
    push_batch(&sink, 395..396);
    sink.close(LONG).expect("everything is written");
    assert_eq!(counted(&mut schema), (1, 1));
    schema.execute("ALTER TABLE t ALTER name TYPE varchar(200)");
    set_back(&mut schema, 0);
    let sink = builder(&schema).open().expect("it opens");
    sink.push_at(0, &(0_i64, "twenty characters...")).expect("it fits");
    push_batch(&sink, 395..396);
    assert_eq!(sink.close(LONG).expect("everything is written").counters.rows_repeated, 2);
    assert_eq!(counted(&mut schema), (1, 1), "the dead letter stays one");
    schema.execute("TRUNCATE rejected; ALTER TABLE t ALTER name TYPE varchar(3) USING 'abc'");
    set_back(&mut schema, 0);
    let sink = builder(&schema).open().expect("it opens");
    assert_eq!(sink.push_at(0, &(0_i64, "twenty characters...")), Ok(0), "it is in the table");
    let refused = sink.push_at(1, &(1_i64, "twenty characters..."));
    assert!(matches!(refused, Err(PushError::Rejected(_))), "{refused:?}");
    push_batch(&sink, 395..396);
    assert_eq!(sink.close(LONG).expect("everything is written").counters.rows_repeated, 2);
}

#[test]
fn threads_that_push_at_once_keep_the_order_of_the_numbers_in_each_shard() {
    const NUMBERS: u64 = 20_000;
    let Some(server) = postgres18() else { return };
    for key in ["", "PRIMARY KEY"] {
        let mut schema = table(&server, key);
        let sink = builder(&schema).open().expect("it opens");
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    loop {
                        let number = sink.stats().next;
                        if number >= NUMBERS {
                            break;
                        }
                        match sink.push_at(number, &(number as i64, "some name")) {
                            Ok(_) | Err(PushError::OutOfOrder { .. }) => {}
                            Err(error) => panic!("{error}"),
                        }
                    }
                });
            }
        });
        let written = sink.close(LONG).expect("everything is written").counters.rows_written as i64;
        assert_eq!((schema.count("t"), schema.count("(SELECT DISTINCT id FROM t) d")), (written, written));
        assert!(written >= NUMBERS as i64);
        // Each shard has what was put into it.
        let sink = builder(&schema).open().expect("it opens");
        assert!(sink.resume_position() >= NUMBERS);
    }
}

#[test]
fn deletes_are_carried_out_once_and_in_the_order_of_their_key() {
    for server in servers(&[]) {
        let mut schema = table(&server, "PRIMARY KEY");
        let open = |schema: &Schema| {
            builder(schema).conflict_mode(ConflictMode::Upsert).deletes(true).open().expect("it opens")
        };
        let first = open(&schema);
        let change = |sink: &Sink| {
            for number in sink.resume_position()..300 {
                match number % 3 {
                    0 => sink.push_at(number, &((number / 3) as i64, "old")),
                    1 => sink.delete_at(number, &((number / 3) as i64,)),
                    _ => sink.push_at(number, &((number / 3) as i64, if number % 2 == 0 { "new" } else { "newer" })),
                }
                .expect("it is taken");
            }
        };
        change(&first);
        first.close(LONG).expect("everything is written");
        let read = "SELECT count(*) || ' ' || count(NULLIF(name, 'old')) FROM t";
        // Another program goes on with the rows.
        schema.execute("DELETE FROM t WHERE id < 10; UPDATE t SET name = 'mine' WHERE id = 50");
        schema.execute("UPDATE vecsink_stream SET low = 0");
        let again = open(&schema);
        change(&again);
        let counters = again.close(LONG).expect("everything is written").counters;
        assert_eq!((counters.rows_repeated, counters.rows_read), (300, 0));
        assert_eq!(schema.text(read).as_deref(), Some("90 90"));
        assert_eq!(
            schema.text("SELECT name FROM t WHERE id = 50").as_deref(),
            Some("mine"),
            "nothing was written again"
        );
    }
}

#[test]
fn a_stream_may_be_pushed_at_least_once_in_between() {
    let Some(server) = postgres18() else { return };
    let mut schema = table(&server, "");
    let sink = builder(&schema).open().expect("it opens");
    push_all(&sink, 0..100);
    sink.close(LONG).expect("everything is written");
    let rows = schema.count("t");
    // The shards are ahead, as after a kill. At least once, what they have doesn't count.
    schema.execute("UPDATE vecsink_stream SET low = 90");
    let plain = Sink::builder(&url(&server), &format!("{}.t", schema.name)).stream("cars").open().expect("it opens");
    assert_eq!(plain.resume_position(), 90);
    assert_eq!(plain.push_at(5, &(5_i64, "again")), Ok(5), "it is below the position");
    for number in 90..110 {
        // 95 doesn't fit its column.
        let _ = plain.push_at(number, &(number as i64, name(number).as_str()));
    }
    let counters = plain.close(LONG).expect("everything is written").counters;
    assert_eq!((counters.rows_repeated, counters.rows_written), (1, 19));
    assert_eq!(schema.count("t"), rows + 19, "nine of them again");
    let sink = builder(&schema).open().expect("it opens");
    assert_eq!(sink.resume_position(), 110);
    push_all(&sink, 100..120);
    sink.close(LONG).expect("everything is written");
    assert_eq!(schema.count("t"), rows + 29);
}

#[test]
fn another_key_is_taken_when_all_was_written_and_else_refused() {
    let Some(server) = postgres18() else { return };
    let mut schema = table(&server, "PRIMARY KEY");
    let sink = builder(&schema).open().expect("it opens");
    push_batch(&sink, 0..250);
    sink.close(LONG).expect("everything is written");
    schema.execute("ALTER TABLE t DROP CONSTRAINT t_pkey");
    set_back(&mut schema, 0);
    let refused = builder(&schema).open().expect_err("the shards are ahead").to_string();
    assert!(refused.contains("push:cars") && refused.contains("open the sink first as it was"), "{refused}");
    set_back(&mut schema, 250);
    let taken = builder(&schema).open().expect("everything is written");
    assert_eq!(taken.resume_position(), 250);
}
