//! Single rows, from one thread and from many.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use super::scene::{LONG, builder, open, url};
use crate::support::postgresql::{Schema, postgres18, postgres18_sockets};
use crate::support::wait::eventually;
use vecsink::{ConflictMode, Decimal, Error, PushError, Row, Sink, Value, Vector};

#[test]
fn a_url_may_name_a_unix_socket_before_the_database_or_as_its_host() {
    let (Some(server), Some(directory)) = (postgres18(), postgres18_sockets()) else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE t (id bigint PRIMARY KEY)");
    let directory = directory.to_str().expect("UTF-8");
    let login = format!("{}:{}", server.user, server.password);
    let urls = [
        format!("postgresql://{login}@{}:{}/{}", directory.replace('/', "%2F"), server.port, server.database),
        format!("postgresql://{login}@/{}?host={directory}&port={}", server.database, server.port),
    ];
    for (id, url) in (0i64..).zip(&urls) {
        let sink = Sink::builder(url, &format!("{}.t", schema.name)).open().expect("the sink opens");
        assert_eq!(sink.push(&[Value::Int(id)]), Ok(0));
        assert_eq!(sink.flush(LONG), Ok(()));
    }
    assert_eq!(schema.count("t"), 2);
}

#[test]
fn a_row_of_every_kind_of_value_is_read_back() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute(
        "CREATE TABLE kinds (id bigint PRIMARY KEY, small smallint, yes bool, single real, twice double precision,
         price numeric(10, 2), name text, day date, at timestamptz, wall timestamp, hour time,
         v vector(3), a real[], d double precision[], made int GENERATED ALWAYS AS (id + 1) STORED)",
    );
    let sink = open(&schema, "kinds");
    assert_eq!(sink.columns().len(), 14, "a generated column is left out");
    let price = Decimal { unscaled: 1999, scale: 2 };
    let half = [0x3c00_u16, 0xc000, 0x3800];
    let row = [
        Value::Int(1),
        Value::Int(-2),
        Value::Bool(true),
        Value::Float(0.5),
        Value::Double(0.1),
        Value::Decimal(&price),
        Value::Text("lamp \u{1F4A1}"),
        Value::Date(1),
        Value::Instant { seconds: 86_400, nanos: 250_000_000 },
        Value::Timestamp { seconds: 1, nanos: 0 },
        Value::Time(3_600_000_000_000),
        Value::Vector(Vector::Half(&half)),
        Value::Vector(Vector::Float(&[1.5, -2.5])),
        Value::Vector(Vector::Double(&[0.1])),
    ];
    assert_eq!(sink.push(&row), Ok(0));
    let nulls = (2, None::<i64>, None::<bool>, None::<f32>, None::<f64>, None::<i32>, None::<&str>, None::<i32>);
    nulls.with_values(|first| {
        let rest = [Value::Null; 6];
        assert_eq!(sink.push(&[first, &rest].concat()), Ok(1));
    });
    assert_eq!(sink.flush(LONG), Ok(()));
    let read =
        "SELECT concat_ws('|', id, small, yes, single, twice, price, name, day, at AT TIME ZONE 'UTC', wall, hour,
                v, a, d, made) FROM kinds WHERE id = 1";
    assert_eq!(
        schema.text(read).as_deref(),
        Some(
            "1|-2|t|0.5|0.1|19.99|lamp \u{1F4A1}|1970-01-02|1970-01-02 00:00:00.25|1970-01-01 00:00:01|01:00:00|\
             [1,-2,0.5]|{1.5,-2.5}|{0.1}|2"
        )
    );
    assert_eq!(
        schema.text("SELECT count(*) FROM kinds WHERE id = 2 AND name IS NULL AND v IS NULL").as_deref(),
        Some("1")
    );
    let summary = sink.close(LONG).expect("everything is written");
    assert_eq!((summary.counters.rows_read, summary.counters.rows_written), (2, 2));
}

#[test]
fn rows_of_many_threads_are_all_there_and_each_key_has_its_last_row() {
    const THREADS: i64 = 8;
    const ROWS: i64 = 3000;
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE items (id bigint PRIMARY KEY, round int, v vector(4))");
    let sink = builder(&schema, "items").buffer_memory(1 << 20).connections(4).open().expect("the sink opens");
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let sink = &sink;
            scope.spawn(move || {
                // Every key is pushed three times. The table must have the rows of the last round.
                for number in 0..ROWS {
                    let id = thread * ROWS + number % (ROWS / 3);
                    let round = number / (ROWS / 3);
                    sink.push(&(id, round, [id as f32, round as f32, 0.5, 1.0])).expect("there will be room");
                }
            });
        }
    });
    let stats = sink.stats();
    assert_eq!(stats.next, (THREADS * ROWS) as u64);
    assert_eq!(sink.flush(LONG), Ok(()));
    assert_eq!(sink.durable(), (THREADS * ROWS) as u64);
    assert_eq!(schema.count("items"), THREADS * ROWS / 3);
    assert_eq!(schema.text("SELECT count(*) FROM items WHERE round <> 2 OR (v::real[])[2] <> 2").as_deref(), Some("0"));
    let counters = sink.close(LONG).expect("everything is written").counters;
    assert_eq!(counters.rows_read, counters.rows_written + counters.rows_superseded);
}

#[test]
fn a_row_that_is_durable_can_be_read_by_others() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE items (id int PRIMARY KEY, name text)");
    let sink = open(&schema, "items");
    for id in 0..20 {
        let sequence = sink.push(&(id, "x")).unwrap();
        assert_eq!(sink.wait_durable(sequence, LONG), Ok(()));
        assert_eq!(schema.count("items"), i64::from(id) + 1);
    }
    assert_eq!(
        sink.wait_durable(20, Duration::from_millis(5)),
        Err(Error::TimedOut("the row was not durable")),
        "nobody pushed that one"
    );
}

#[test]
fn waiting_for_a_row_that_nobody_pushed_ends_when_the_sink_is_closed() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE items (id int PRIMARY KEY, name text)");
    let sink = open(&schema, "items");
    sink.push(&(1, "x")).unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| sink.wait_durable(1, Duration::MAX));
        sink.close(LONG).unwrap();
        assert_eq!(waiting.join().unwrap(), Err(Error::NeverPushed { sequence: 1, next: 1 }));
    });
    assert_eq!(sink.wait_durable(0, Duration::ZERO), Ok(()));
    let never = sink.wait_durable(7, Duration::MAX).unwrap_err();
    assert_eq!(never.to_string(), "row 7 was never pushed: the sink was closed with 1 as the next row's number");
}

#[test]
fn the_callback_is_called_for_everything_that_became_durable_and_may_push() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE items (id int PRIMARY KEY)");
    let own: Arc<OnceLock<Sink>> = Arc::default();
    let heard: Arc<Mutex<Vec<u64>>> = Arc::default();
    let (inner, told) = (Arc::clone(&own), Arc::clone(&heard));
    let sink = builder(&schema, "items").on_durable(move |durable| {
        told.lock().unwrap().push(durable);
        if durable == 1 {
            inner.get().expect("the sink is there").push(&(100,)).expect("a callback may push");
            panic!("this must not hurt");
        }
    });
    own.set(sink.open().unwrap()).unwrap();
    let sink = own.get().unwrap();
    sink.push(&(1,)).unwrap();
    eventually("the callback's row", || sink.durable() == 2);
    sink.push(&(2,)).unwrap();
    sink.close(LONG).unwrap();
    let heard = heard.lock().unwrap().clone();
    assert!(heard.is_sorted_by(|a, b| a < b), "{heard:?}");
    assert_eq!(heard.last(), Some(&3), "close waits for the last call");
    assert_eq!(schema.count("items"), 3);
}

#[test]
fn a_closed_sink_refuses_rows_with_an_error() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE items (id int)");
    let sink = open(&schema, "items");
    for id in 0..5000 {
        sink.push(&(id,)).unwrap();
    }
    assert_eq!(sink.close(LONG).map(|summary| summary.counters.rows_written), Ok(5000));
    assert_eq!(schema.count("items"), 5000);
    assert_eq!(sink.push(&(1,)), Err(PushError::Closed));
    assert!(sink.close(LONG).is_ok(), "closing again changes nothing");
}

#[test]
fn dropping_a_sink_writes_what_was_pushed() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE items (id int)");
    let sink = open(&schema, "items");
    for id in 0..100 {
        sink.push(&(id,)).unwrap();
    }
    drop(sink);
    assert_eq!(schema.count("items"), 100);
}

#[test]
fn the_hosts_own_numbers_rise_with_gaps() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE items (id int PRIMARY KEY)");
    let sink = open(&schema, "items");
    assert_eq!(sink.push_at(10, &(1,)), Ok(10));
    assert_eq!(sink.push_at(1000, &(2,)), Ok(1000));
    assert_eq!(sink.push_at(1000, &(3,)), Err(PushError::OutOfOrder { sequence: 1000, next: 1001 }));
    assert_eq!(sink.push_at(u64::MAX, &(3,)), Err(PushError::OutOfOrder { sequence: u64::MAX, next: 1001 }));
    assert_eq!(sink.push(&(4,)), Ok(1001));
    assert_eq!(sink.wait_durable(1001, LONG), Ok(()));
    assert_eq!(sink.durable(), 1002);
}

#[test]
fn a_url_of_either_kind_opens_the_sink() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE items (id int PRIMARY KEY)");
    let table = format!("{}.items", schema.name);
    Sink::open(&url(&server), &table).unwrap().push(&(1,)).unwrap();
    let jdbc = Sink::builder(&server.jdbc_url(), &table).user(&server.user).password(&server.password);
    jdbc.conflict_mode(ConflictMode::Ignore).open().unwrap().push(&(2,)).unwrap();
    assert_eq!(schema.count("items"), 2);
}

#[test]
fn errors_in_the_settings_of_a_sink_are_reported_when_it_is_opened() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE items (id int)");
    let said = |sink: Result<Sink, Error>| sink.map(drop).unwrap_err().to_string();
    assert!(said(builder(&schema, "itms").open()).contains("did you mean items?"));
    assert!(said(builder(&schema, "items").columns(["idd"]).open()).contains("did you mean id?"));
    assert!(said(builder(&schema, "items").option("batchsise", "1").open()).contains("batchsize"));
    let wrong = said(Sink::open("mysql://me:secret@host/x", "t"));
    assert!(wrong.contains("postgresql://") && !wrong.contains("secret"), "{wrong}");
}

#[test]
fn a_delete_keeps_its_place_among_the_rows_of_its_key() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema
        .execute("CREATE TABLE items (name text, id int PRIMARY KEY); INSERT INTO items VALUES ('old', 1), ('old', 2)");
    let sink = builder(&schema, "items").deletes(true).open().unwrap();
    assert_eq!(sink.key(), ["id"]);
    sink.delete(&(1,)).unwrap();
    sink.push(&("new", 3)).unwrap();
    sink.delete(&(3,)).unwrap();
    sink.delete(&(2,)).unwrap();
    sink.push(&("new", 2)).unwrap();
    assert!(matches!(sink.delete(&(1, 2)), Err(PushError::Shape(said)) if said.contains("id")));
    assert!(matches!(sink.delete(&("x",)), Err(PushError::Rejected(_))));
    let counters = sink.close(LONG).unwrap().counters;
    assert_eq!(counters.rows_read, 5);
    assert_eq!(schema.text("SELECT string_agg(name || id, ',') FROM items").as_deref(), Some("new2"));
    let sink = open(&schema, "items");
    assert!(matches!(sink.delete(&(2,)), Err(PushError::Shape(said)) if said.contains("deletes")));
}
