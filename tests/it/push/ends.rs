//! Every call ends by its deadline, also if the server or a callback blocks. A closed sink leaves nothing behind.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::scene::{LONG, builder, open, url};
use crate::support::lateness::timed;
use crate::support::postgresql::{Postgres, Schema, postgres18};
use crate::support::proxy::Way;
use crate::support::wait::{eventually, eventually_within};
use crate::support::{PrivatePostgres, Proxy};
use vecsink::{Error, Sink};

/// How much longer than its deadline a call may take.
const SLACK: Duration = Duration::from_secs(3);

fn items(private: &PrivatePostgres) -> Schema {
    let mut schema = Schema::new(&private.server);
    schema.execute("CREATE TABLE items (id int PRIMARY KEY)");
    schema
}

#[test]
fn closing_a_named_stream_ends_in_time_on_a_frozen_server() {
    let Some(mut private) = PrivatePostgres::start() else { return };
    let schema = items(&private);
    let sink = builder(&schema, "items").stream("frozen").open().unwrap();
    sink.push(&(1,)).unwrap();
    assert_eq!(sink.flush(LONG), Ok(()));
    private.freeze();
    sink.push(&(2,)).unwrap();
    let deadline = Duration::from_secs(2);
    let (took, closed) = timed(|| sink.close(deadline));
    let (freeing, ()) = timed(|| drop(sink));
    private.thaw();
    assert_eq!(closed, Err(Error::NotDurable { durable: 1, next: 2 }));
    assert!(took < deadline + SLACK, "{took:?}");
    assert!(freeing < SLACK, "{freeing:?}");
}

#[test]
fn dropping_an_open_sink_ends_in_time_on_a_frozen_server() {
    let Some(mut private) = PrivatePostgres::start() else { return };
    let schema = items(&private);
    let sink = builder(&schema, "items").stream("frozen").open().unwrap();
    private.freeze();
    sink.push(&(1,)).unwrap();
    let (took, ()) = timed(|| drop(sink));
    private.thaw();
    assert!(took < Duration::from_secs(5) + SLACK, "{took:?}");
}

#[test]
fn a_sink_fails_when_a_frozen_server_has_been_away_for_too_long() {
    let Some(mut private) = PrivatePostgres::start() else { return };
    let schema = items(&private);
    let longest = Duration::from_secs(3);
    let sink = builder(&schema, "items").max_outage(longest).open().unwrap();
    private.freeze();
    sink.push(&(1,)).unwrap();
    let (took, failed) = timed(|| sink.wait_durable(0, LONG));
    private.thaw();
    let error = failed.unwrap_err().to_string();
    assert!(error.contains("max.outage"), "{error}");
    assert!(took < longest + SLACK, "{took:?}");
}

/// A table `items`, and a proxy in front of its server.
struct Through {
    // Dropped first, because it delays a transaction that has locked the table.
    proxy: Proxy,
    schema: Schema,
}

impl Through {
    fn new(server: &Postgres) -> Through {
        let mut schema = Schema::new(server);
        schema.execute("CREATE TABLE items (id int PRIMARY KEY)");
        Through { proxy: Proxy::to(&server.host, server.port), schema }
    }

    fn open(&self) -> vecsink::Result<Sink> {
        let server = &self.schema.server;
        let url = url(server).replace(&format!(":{}/", server.port), &format!(":{}/", self.proxy.port));
        let table = format!("{}.items", self.schema.name);
        Sink::builder(&format!("{url}&connect_timeout=1"), &table).stream("stalls").open()
    }
}

/// Runs the test for several positions in the first `last` bytes of each direction, each time with a new proxy.
fn at_bytes(last: u64, test: impl Fn(Way, u64) + Sync) {
    const STEPS: u64 = 20;
    const AT_ONCE: usize = 10;
    let places = (0..=STEPS).flat_map(|step| [Way::Up, Way::Down].map(|way| (way, step * last / STEPS)));
    let places = Mutex::new(places.collect::<Vec<_>>());
    thread::scope(|scope| {
        let next = || {
            while let Some((way, at)) = { places.lock().unwrap().pop() } {
                test(way, at);
            }
        };
        (0..AT_ONCE).for_each(|_| drop(scope.spawn(next)));
    });
}

#[test]
fn opening_ends_within_the_connect_timeout_at_whatever_byte_the_connection_stalls() {
    let Some(server) = postgres18() else { return };
    let sound = Through::new(&server);
    sound.open().unwrap().close(LONG).unwrap();
    let refused = AtomicUsize::new(0);
    at_bytes(sound.proxy.passed(), |way, at| {
        let through = Through::new(&server);
        through.proxy.cut_after(way, at);
        let (took, opened) = timed(|| through.open());
        assert!(took < Duration::from_secs(1) + SLACK, "{way:?} {at}: {took:?}");
        match opened {
            Err(_) => drop(refused.fetch_add(1, Ordering::Relaxed)),
            Ok(sink) => {
                let deadline = Duration::from_millis(300);
                let (took, _) = timed(|| sink.close(deadline));
                assert!(took < deadline + SLACK, "closing, {way:?} {at}: {took:?}");
            }
        }
    });
    assert!(refused.load(Ordering::Relaxed) > 5, "connections stalled");
}

#[test]
fn calls_end_in_time_at_whatever_byte_of_a_copy_or_a_commit_the_connection_stalls() {
    const ROWS: i32 = 50;
    let Some(server) = postgres18() else { return };
    let push = |sink: &Sink, from: i32| (from..from + ROWS).for_each(|id| assert!(sink.push(&(id,)).is_ok()));
    let sound = Through::new(&server);
    let sink = sound.open().unwrap();
    push(&sink, 0);
    assert_eq!(sink.flush(LONG), Ok(()));
    let before = sound.proxy.passed();
    push(&sink, ROWS);
    sink.close(LONG).unwrap();
    let unfinished = AtomicUsize::new(0);
    at_bytes(sound.proxy.passed() - before, |way, at| {
        let mut through = Through::new(&server);
        let sink = through.open().unwrap();
        push(&sink, 0);
        assert_eq!(sink.flush(LONG), Ok(()));
        through.proxy.cut_after(way, at);
        push(&sink, ROWS);
        let timeout = Duration::from_millis(300);
        let (took, flushed) = timed(|| sink.flush(timeout));
        assert!(took < timeout + SLACK, "{way:?} {at}: flush, {took:?}");
        let (took, closed) = timed(|| sink.close(timeout));
        assert!(took < timeout + SLACK, "{way:?} {at}: close, {took:?}");
        let (took, ()) = timed(|| drop(sink));
        assert!(took < SLACK, "{way:?} {at}: drop, {took:?}");
        match closed {
            Ok(_) => assert_eq!(through.schema.count("items"), i64::from(2 * ROWS), "{way:?} {at}: {flushed:?}"),
            Err(Error::NotDurable { .. }) => drop(unfinished.fetch_add(1, Ordering::Relaxed)),
            Err(other) => panic!("{way:?} {at}: {other}"),
        }
    });
    assert!(unfinished.load(Ordering::Relaxed) > 5, "connections stalled");
}

#[test]
fn a_session_that_waits_for_a_lock_is_cancelled_when_its_sink_is_abandoned() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE items (id int PRIMARY KEY)");
    let name = schema.name.clone();
    let mut watcher = server.connect();
    let mut sessions = |waiting: bool| {
        let query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND (NOT $2 OR wait_event_type = 'Lock')";
        watcher.query_one(query, &[&name, &waiting]).unwrap().get::<_, i64>(0)
    };
    let sink = builder(&schema, "items").application_name(&schema.name).open().unwrap();
    schema.execute("BEGIN; LOCK TABLE items");
    sink.push(&(1,)).unwrap();
    eventually("a session waits", || sessions(true) == 1);
    let deadline = Duration::from_millis(500);
    let (took, closed) = timed(|| sink.close(deadline));
    assert_eq!(closed, Err(Error::NotDurable { durable: 0, next: 1 }));
    assert!(took < deadline + SLACK, "{took:?}");
    // Long before its lock_timeout of a minute, and while the table is still locked.
    eventually_within(Duration::from_secs(45), "the sessions end", || sessions(false) == 0);
    schema.execute("COMMIT");
    assert_eq!(schema.count("items"), 0, "it was cancelled");
}

#[test]
fn closing_does_not_wait_for_a_callback_beyond_its_deadline() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE items (id int PRIMARY KEY)");
    let (let_go, waits) = mpsc::channel::<()>();
    let waits = Mutex::new(waits);
    let called = Arc::new(Mutex::new(0));
    let count = Arc::clone(&called);
    let sink = builder(&schema, "items")
        .on_durable(move |_| {
            *count.lock().unwrap() += 1;
            // The callback waits for the thread that closes the sink.
            let _ = waits.lock().unwrap().recv();
        })
        .open()
        .unwrap();
    sink.push(&(1,)).unwrap();
    eventually("the callback runs", || *called.lock().unwrap() == 1);
    sink.push(&(2,)).unwrap();
    let deadline = Duration::from_secs(1);
    let (took, closed) = timed(|| sink.close(deadline));
    assert_eq!(closed.map(|summary| summary.counters.rows_written), Ok(2), "the rows are durable all the same");
    assert!(took < deadline + SLACK, "{took:?}");
    drop(let_go);
    eventually("the callback's thread ends", || Arc::strong_count(&called) == 1);
    assert_eq!(*called.lock().unwrap(), 1, "no other call was made");
}

#[test]
fn closing_waits_for_another_thread_that_closes_until_the_deadline_only() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE items (id int PRIMARY KEY)");
    let sink = open(&schema, "items");
    schema.execute("BEGIN; LOCK TABLE items");
    sink.push(&(0,)).unwrap();
    thread::scope(|scope| {
        let patient = scope.spawn(|| sink.close(LONG));
        let mut pushed = 1;
        eventually("the other closes", || {
            let refused = sink.push(&(pushed,)).is_err();
            pushed += i32::from(!refused);
            refused
        });
        let deadline = Duration::from_secs(1);
        let (took, closed) = timed(|| sink.close(deadline));
        schema.execute("COMMIT");
        assert_eq!(closed, Err(Error::NotDurable { durable: 0, next: pushed as u64 }));
        assert!(took < deadline + SLACK, "{took:?}");
        assert_eq!(patient.join().unwrap().map(|summary| summary.counters.rows_written), Ok(pushed as u64));
    });
    assert!(sink.close(LONG).is_ok(), "the first answer stands");
}

#[test]
fn a_sink_is_opened_pushed_into_closed_and_dropped_in_an_async_task() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE items (id int PRIMARY KEY)");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let sink = builder(&schema, "items").connections(2).open().unwrap();
        sink.push(&(1,)).unwrap();
        sink.close(LONG).unwrap();
        drop(sink);
        let open = builder(&schema, "items").open().unwrap();
        open.push(&(2,)).unwrap();
        drop(open);
    });
    assert_eq!(schema.count("items"), 2);
}

/// Names of this process's threads that the library has made for a sink, and how many descriptors are open.
fn left() -> (Vec<String>, usize) {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let name = |task: fs::DirEntry| fs::read_to_string(task.path().join("comm")).unwrap_or_default();
    let threads = tasks.map(|task| name(task.unwrap())).collect();
    (threads, fs::read_dir("/proc/self/fd").unwrap().count())
}

#[test]
fn closing_a_hundred_sinks_leaves_no_connection_thread_or_descriptor() {
    const AGAIN: &str = "VECSINK_TEST_LEFT_BEHIND";
    let Some(server) = postgres18() else { return };
    if std::env::var_os(AGAIN).is_none() {
        // Other tests of this process have threads and descriptors of their own.
        let mut again = std::process::Command::new(std::env::current_exe().unwrap());
        let name = "push::ends::closing_a_hundred_sinks_leaves_no_connection_thread_or_descriptor";
        let output = again.args(["--exact", name, "--nocapture"]).env(AGAIN, "1").output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && said.contains("1 passed"),
            "{said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        return;
    }
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE items (id int PRIMARY KEY)");
    let dead_letters = std::env::temp_dir().join(format!("{}.jsonl", schema.name));
    let name = schema.name.clone();
    let sink = |stream: usize| {
        let owner = Arc::new(Mutex::new(None::<u64>));
        builder(&schema, "items")
            .connections(3)
            .stream(&format!("left {stream}"))
            .application_name(&name)
            .dead_letter_file(&dead_letters)
            .on_durable(move |durable| *owner.lock().unwrap() = Some(durable))
            .open()
            .unwrap()
    };
    // The first sink makes what a process has only once.
    sink(100).close(LONG).unwrap();
    let before = left();
    let closed: Vec<Sink> = (0..100)
        .map(|stream| {
            let sink = sink(stream);
            (0..10).for_each(|id| assert!(sink.push(&(id,)).is_ok()));
            sink.close(LONG).unwrap();
            sink
        })
        .collect();
    let mut now = left();
    let deadline = Instant::now() + Duration::from_secs(120);
    while (now.0.len() > before.0.len() || now.1 > before.1) && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(20));
        now = left();
    }
    assert!(now.0.len() <= before.0.len(), "{now:?}, before {before:?}");
    assert!(now.1 <= before.1, "descriptors: {}, before {}", now.1, before.1);
    let mut watcher = server.connect();
    eventually("the sessions end", || {
        let query = "SELECT count(*) FROM pg_stat_activity WHERE starts_with(application_name, $1)";
        watcher.query_one(query, &[&name]).unwrap().get::<_, i64>(0) == 0
    });
    drop(closed);
    fs::remove_file(dead_letters).unwrap();
}
