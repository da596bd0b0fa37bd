//! Two processes with all kinds of changes write into one table, while movers and seals work, another program updates rows through the
//! parent, processes are killed (`kill -9`) and the server ends sessions. At any time each key is there exactly once. At the end the
//! table has what all the changes together give.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use postgres::Client;
use postgres::error::SqlState;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::fixture::layout;
use crate::changes::stream::{Format, Row, Stream, Table};
use crate::support::broker::Kafka;
use crate::support::command::Running;
use crate::support::{Job, Schema, Topic, eventually, eventually_within, kafka, postgres18};

/// Three sources and sinks over the same table, so six or more writers in two processes.
const JOB: &str = "
SET 'max.outage' = '10 min';
CREATE TABLE changes (id BIGINT, number INT, text STRING) WITH ('connector' = 'kafka', 'topic' = '${CHANGES}',
    'properties.bootstrap.servers' = '${BROKERS}', 'properties.group.id' = 'of-${CHANGES}', 'format' = 'debezium-json',
    'scan.startup.mode' = 'earliest-offset');
CREATE TABLE replacements (id BIGINT, number INT, text STRING) WITH ('connector' = 'kafka', 'topic' = '${REPLACEMENTS}',
    'properties.bootstrap.servers' = '${BROKERS}', 'properties.group.id' = 'of-${REPLACEMENTS}', 'format' = 'csv',
    'scan.startup.mode' = 'earliest-offset');
CREATE TABLE offers (id BIGINT, number INT, text STRING) WITH ('connector' = 'kafka', 'topic' = '${OFFERS}',
    'properties.bootstrap.servers' = '${BROKERS}', 'properties.group.id' = 'of-${OFFERS}', 'format' = 'csv',
    'scan.startup.mode' = 'earliest-offset');
CREATE TABLE changed (id BIGINT, number INT, text STRING, v STRING, PRIMARY KEY (id) NOT ENFORCED) WITH (
    'connector' = 'adbpg', 'url' = '${URL}', 'tablename' = 't', 'username' = '${PGUSER}', 'password' = '${PGPASSWORD}',
    'targetschema' = '${SCHEMA}', 'conflictmode' = 'upsert', 'connectionmaxactive' = '2', 'batchsize' = '${BATCH}',
    'sink.vector-index' = 'behind', 'sink.vector-index.scan-limit' = '${SCAN_LIMIT}');
CREATE TABLE replaced (id BIGINT, number INT, text STRING, v STRING, PRIMARY KEY (id) NOT ENFORCED) WITH (
    'connector' = 'adbpg', 'url' = '${URL}', 'tablename' = 't', 'username' = '${PGUSER}', 'password' = '${PGPASSWORD}',
    'targetschema' = '${SCHEMA}', 'conflictmode' = 'upsert', 'connectionmaxactive' = '2', 'batchsize' = '${BATCH}',
    'sink.vector-index' = 'behind', 'sink.vector-index.scan-limit' = '${SCAN_LIMIT}');
CREATE TABLE offered (id BIGINT, number INT, text STRING, v STRING, PRIMARY KEY (id) NOT ENFORCED) WITH (
    'connector' = 'adbpg', 'url' = '${URL}', 'tablename' = 't', 'username' = '${PGUSER}', 'password' = '${PGPASSWORD}',
    'targetschema' = '${SCHEMA}', 'conflictmode' = 'ignore', 'connectionmaxactive' = '2', 'batchsize' = '${BATCH}',
    'sink.vector-index' = 'behind', 'sink.vector-index.scan-limit' = '${SCAN_LIMIT}');
INSERT INTO changed SELECT id * 2 + ${PROCESS}, number, text, '[' || CAST(number AS STRING) || ',1,2]' FROM changes;
INSERT INTO replaced SELECT id, number, text, '[' || CAST(number AS STRING) || ',1,2]' FROM replacements;
INSERT INTO offered SELECT id, number, text, '[' || CAST(number AS STRING) || ',1,2]' FROM offers;";

const PROCESSES: usize = 2;
const PARTITIONS: i32 = 2;

/// The first key of those that both processes replace, and the first of those that both insert under `ignore`. At the start the table has
/// all keys of the first kind and every second key of the second kind. Each smaller key is inserted, changed, updated in part and deleted
/// by one process only.
const REPLACED: i64 = 1_000_000;
const OFFERED: i64 = 2_000_000;

/// How many messages there are, and the options of the jobs.
#[derive(Clone, Copy)]
struct Size {
    changes: usize,
    keys: i64,
    batch: usize,
    /// The shortest time within which the messages are sent.
    lasts: Duration,
    /// `sink.vector-index.scan-limit`.
    scan_limit: &'static str,
    /// The table has the partitioned layout.
    partitioned: bool,
}

/// The messages for one process, and the rows that must be the result.
struct Feed {
    changes: Topic,
    replacements: Topic,
    offers: Topic,
    stream: Vec<(i32, Vec<u8>)>,
    expected: Table,
    replaced: Vec<(i64, Row)>,
    offered: Vec<(i64, Row)>,
}

impl Feed {
    fn new(kafka: &Kafka, process: usize, size: Size) -> Feed {
        let stream = Stream {
            seed: 40 + process as u64,
            changes: size.changes / 4,
            keys: size.keys / 4,
            partitions: i64::from(PARTITIONS),
        };
        let (changes, expected) = stream.generate();
        let messages = changes.iter().flat_map(|(partition, change)| {
            Format::Debezium.messages(change).into_iter().filter_map(|(_, value)| Some((*partition, value?)))
        });
        let mut random = SmallRng::seed_from_u64(50 + process as u64);
        let mut rows = |first: i64, count: usize| -> Vec<(i64, Row)> {
            let row = |number| Row { number, text: format!("process {process}") };
            (0..count as i32).map(|number| (first + random.random_range(0..size.keys / 4), row(number))).collect()
        };
        Feed {
            changes: kafka.topic(PARTITIONS),
            replacements: kafka.topic(PARTITIONS),
            offers: kafka.topic(PARTITIONS),
            stream: messages.collect(),
            expected: expected.into_iter().map(|(id, row)| (id * 2 + process as i64, row)).collect(),
            replaced: rows(REPLACED, size.changes / 8),
            offered: rows(OFFERED, size.changes / 8),
        }
    }

    /// Sends all messages, a few at a time.
    fn produce(&self, lasts: Duration) {
        // One per second.
        let steps = lasts.as_secs().max(1) as u32;
        let step = |count: usize| count.div_ceil(steps as usize).max(1);
        let mut stream = self.stream.chunks(step(self.stream.len()));
        let mut replaced = self.replaced.chunks(step(self.replaced.len()));
        let mut offered = self.offered.chunks(step(self.offered.len()));
        let start = Instant::now();
        for at in 1..=steps {
            let (stream, replaced, offered) = (stream.next(), replaced.next(), offered.next());
            for partition in 0..PARTITIONS {
                let of_partition = |id: i64| (id % i64::from(PARTITIONS)) as i32 == partition;
                let lines = |rows: Option<&[(i64, Row)]>| -> Vec<String> {
                    let rows = rows.unwrap_or_default().iter().filter(|(id, _)| of_partition(*id));
                    rows.map(|(id, row)| format!("{id},{},{}", row.number, row.text)).collect()
                };
                let messages = stream.unwrap_or_default().iter().filter(|(own, _)| *own == partition);
                self.changes.produce(partition, messages.map(|(_, message)| message));
                self.replacements.produce(partition, lines(replaced));
                self.offers.produce(partition, lines(offered));
            }
            std::thread::sleep((start + lasts * at / steps).saturating_duration_since(Instant::now()));
        }
    }

    /// Whether the process has written all its messages.
    fn is_done(&self) -> bool {
        [&self.changes, &self.replacements, &self.offers].iter().all(|topic| {
            let group = format!("of-{}", topic.name);
            (0..PARTITIONS).all(|partition| {
                let (_, end) = topic.watermarks(partition);
                end == 0 || topic.kafka.committed(&group, &topic.name, partition) == Some(end)
            })
        })
    }

    fn job(&self, schema: &Schema, process: usize, size: Size) -> Job {
        let server = &schema.server;
        Job::run(&JOB.replace("${PROCESS}", &process.to_string()))
            .variable("CHANGES", &self.changes.name)
            .variable("REPLACEMENTS", &self.replacements.name)
            .variable("OFFERS", &self.offers.name)
            .variable("BROKERS", &self.changes.kafka.brokers)
            .variable("URL", format!("{}?ApplicationName={}", server.jdbc_url(), schema.name))
            .variable("PGUSER", &server.user)
            .variable("PGPASSWORD", &server.password)
            .variable("SCHEMA", &schema.name)
            .variable("BATCH", size.batch.to_string())
            .variable("SCAN_LIMIT", size.scan_limit)
    }
}

/// How often things happened.
#[derive(Default, Debug)]
struct Counts {
    /// A job is ending, so its sessions are not ended.
    spared: AtomicBool,
    /// All messages are sent.
    produced: AtomicBool,
    killed: AtomicU64,
    terminated: AtomicU64,
    sealed: AtomicU64,
    reads: AtomicU64,
    /// The other program's updates that found their row, and those that found none.
    foreign: AtomicU64,
    missed: AtomicU64,
    /// The other program's updates that got a serialization failure.
    refused: AtomicU64,
}

fn count(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}

fn table(schema: &mut Schema, size: Size) {
    schema.execute(&format!(
        "CREATE TABLE t (id bigint PRIMARY KEY, number int, text text, v vector(3), updates int NOT NULL DEFAULT 0);
         INSERT INTO t SELECT {REPLACED} + i, -1, 'old', '[-1,1,2]' FROM generate_series(0, {last}) AS i;
         INSERT INTO t SELECT {OFFERED} + i, -1, 'old', '[-1,1,2]' FROM generate_series(0, {last}, 2) AS i;
         CREATE INDEX t_v ON t USING hnsw (v vector_l2_ops)",
        last = size.keys / 4 - 1
    ));
    if size.partitioned {
        schema.execute(&layout(schema));
    }
}

/// Ends sessions of the jobs until all rows are written, also while a job starts. If the machine is so busy that ending a session takes
/// long, it is done less often, because otherwise the jobs would never finish.
fn terminate(mut client: Client, of_jobs: &str, goes_on: &AtomicBool, counts: &Counts) {
    let query = format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
         WHERE {of_jobs} AND xact_start IS NOT NULL AND random() < $1"
    );
    let mut pause = Duration::from_millis(300);
    while goes_on.load(Ordering::Relaxed) {
        std::thread::sleep(pause);
        if counts.spared.load(Ordering::SeqCst) {
            continue;
        }
        let share: f64 = if counts.produced.load(Ordering::Relaxed) { 0.03 } else { 0.3 };
        let begun = Instant::now();
        let ended: i64 = client.query_one(query.as_str(), &[&share]).expect("sessions can be ended").get(0);
        pause = (20 * begun.elapsed()).clamp(Duration::from_millis(300), Duration::from_secs(5));
        count(&counts.terminated, ended as u64);
    }
}

/// Seals the hot child from time to time. The movers alone would seal it too rarely, because there are so few rows.
fn seal(mut client: Client, goes_on: &AtomicBool, counts: &Counts) {
    while goes_on.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_secs(2));
        let name = client.query_one("SELECT 't_sealed_' || 't_hot'::regclass::oid::text", &[]);
        let Ok(name) = name.and_then(|row| row.try_get::<_, String>(0)) else { continue };
        let sealed = client.batch_execute(&format!(
            "BEGIN; SET LOCAL lock_timeout TO '200ms'; LOCK TABLE ONLY t_hot IN EXCLUSIVE MODE;
             LOCK TABLE ONLY t IN ACCESS EXCLUSIVE MODE; LOCK TABLE ONLY t_hot IN ACCESS EXCLUSIVE MODE;
             ALTER TABLE t_hot RENAME TO {name}; ALTER INDEX t_hot_pkey RENAME TO {name}_pkey;
             CREATE TABLE t_hot (LIKE t INCLUDING DEFAULTS, PRIMARY KEY (id)) INHERITS (t); COMMIT"
        ));
        match sealed {
            Ok(()) => count(&counts.sealed, 1),
            Err(_) => client.batch_execute("ROLLBACK").expect("a rollback always succeeds"),
        }
    }
}

/// Another program: updates a column that the jobs don't write, through the parent. Returns how often it did so, for each key.
fn update(mut client: Client, size: Size, goes_on: &AtomicBool, counts: &Counts) -> BTreeMap<i64, i32> {
    let update = client.prepare("UPDATE t SET updates = updates + 1 WHERE id = $1").expect("a statement");
    let mut random = SmallRng::seed_from_u64(60);
    let mut done = BTreeMap::new();
    while goes_on.load(Ordering::Relaxed) {
        let range = if random.random() { REPLACED } else { OFFERED };
        let id = range + random.random_range(0..size.keys / 4);
        // A deadlock with a change of the tree would end in an error, and the update would not be done.
        match client.execute(&update, &[&id]) {
            Ok(1) => {
                *done.entry(id).or_default() += 1;
                count(&counts.foreign, 1);
            }
            // These keys are in the table all the time.
            Ok(0) if size.partitioned && range == REPLACED => panic!("the update of {id} found no row"),
            Ok(0) => count(&counts.missed, 1),
            Ok(rows) => panic!("{rows} rows of the key {id}"),
            Err(error) if error.code() == Some(&SqlState::T_R_SERIALIZATION_FAILURE) => count(&counts.refused, 1),
            Err(error) => eprintln!("the other program's update failed: {error}"),
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    done
}

/// Reads the table until all rows are written. The replaced and the offered keys are never deleted, so each one that was seen must stay.
fn read(mut client: Client, goes_on: &AtomicBool, counts: &Counts) {
    let mut seen = BTreeSet::new();
    let query = format!("SELECT id, count(*) FROM t GROUP BY id HAVING count(*) > 1 OR id >= {REPLACED}");
    while goes_on.load(Ordering::Relaxed) {
        let rows = client.query(query.as_str(), &[]).expect("the table can be read");
        let twice: Vec<i64> = rows.iter().filter(|row| row.get::<_, i64>(1) > 1).map(|row| row.get(0)).collect();
        assert!(twice.is_empty(), "keys that are there twice: {twice:?}");
        let now: BTreeSet<i64> = rows.iter().map(|row| row.get(0)).collect();
        let missing: Vec<&i64> = seen.difference(&now).collect();
        assert!(missing.is_empty(), "keys that were there and are no more: {missing:?}");
        seen = now;
        count(&counts.reads, 1);
    }
}

/// Sends all messages, kills a process from time to time, and waits until both have written everything.
fn run(schema: &Schema, feeds: &[Feed], size: Size, counts: &Counts) {
    let start = |process: usize| feeds[process].job(schema, process, size).start();
    let mut running: Vec<Running> = (0..PROCESSES).map(start).collect();
    let live = |running: &mut [Running]| running.iter_mut().for_each(Running::lives);
    let all_read = |running: &mut [Running]| {
        eventually("the jobs read", || {
            live(running);
            running.iter().all(|job| job.said().contains("from offset"))
        });
    };
    all_read(&mut running);
    std::thread::scope(|scope| {
        let producers: Vec<_> = feeds.iter().map(|feed| scope.spawn(|| feed.produce(size.lasts))).collect();
        let mut next = 0;
        while producers.iter().any(|producer| !producer.is_finished()) {
            std::thread::sleep(Duration::from_secs(4));
            live(&mut running);
            let process = next % PROCESSES;
            running[process].kill();
            count(&counts.killed, 1);
            running[process] = start(process);
            all_read(&mut running);
            next += 1;
        }
    });
    counts.produced.store(true, Ordering::Relaxed);
    eventually_within(Duration::from_secs(600), "both processes have written everything", || {
        live(&mut running);
        feeds.iter().all(Feed::is_done)
    });
    counts.spared.store(true, Ordering::SeqCst);
    for process in running {
        process.terminate();
        process.wait().exited(0);
    }
}

/// Fails unless the table has what the messages and the other program's updates give.
fn check(schema: &mut Schema, feeds: &[Feed], updates: &BTreeMap<i64, i32>) {
    let rows =
        schema.client.query("SELECT id, number, text, v::text, updates FROM t", &[]).expect("the table can be read");
    let mut table = Table::new();
    for row in &rows {
        let (id, number): (i64, i32) = (row.get(0), row.get(1));
        assert_eq!(row.get::<_, String>(3), format!("[{number},1,2]"), "the vector of {id}");
        if id >= REPLACED {
            assert_eq!(
                row.get::<_, i32>(4),
                updates.get(&id).copied().unwrap_or(0),
                "updates of {id} by another program"
            );
        }
        assert_eq!(table.insert(id, Row { number, text: row.get(2) }), None, "the key {id} is there twice");
    }
    let expected: Table = feeds.iter().flat_map(|feed| feed.expected.clone()).collect();
    let offered = table.split_off(&OFFERED);
    let replaced = table.split_off(&REPLACED);
    let differing: Vec<_> = expected.iter().filter(|(id, row)| table.get(id) != Some(*row)).take(5).collect();
    assert!(table == expected, "{} rows instead of {}; not there: {differing:?}", table.len(), expected.len());
    for (id, row) in &replaced {
        // Each process writes its rows of a key in order, so the table has the last row of one of the processes.
        let last = |feed: &Feed| feed.replaced.iter().rev().find(|(key, _)| key == id).map(|(_, row)| row.clone());
        let last: Vec<Row> = feeds.iter().filter_map(last).collect();
        assert!(if last.is_empty() { row.number == -1 } else { last.contains(row) }, "{id}: {row:?}, not {last:?}");
    }
    for (id, row) in &offered {
        let of_key = |feed: &Feed| feed.offered.iter().any(|(key, row_of)| key == id && row_of == row);
        assert!(if id % 2 == 0 { row.number == -1 } else { feeds.iter().any(of_key) }, "{id}: {row:?}");
    }
    let keys: BTreeSet<i64> = feeds.iter().flat_map(|feed| &feed.offered).map(|(id, _)| *id).collect();
    let missing: Vec<&i64> = keys.iter().filter(|id| !offered.contains_key(id)).collect();
    assert!(missing.is_empty(), "offered keys that are not there: {missing:?}");
}

fn chaos(size: Size) {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let mut schema = Schema::new(&server);
    table(&mut schema, size);
    let feeds: Vec<Feed> = (0..PROCESSES).map(|process| Feed::new(&kafka, process, size)).collect();
    let (counts, goes_on) = (Counts::default(), AtomicBool::new(true));
    // This is done also if one of the threads panics.
    struct Ends<'a>(&'a AtomicBool);
    impl Drop for Ends<'_> {
        fn drop(&mut self) {
            self.0.store(false, Ordering::Relaxed);
        }
    }
    let [terminating, reading, updating, sealing] = [(); 4].map(|()| schema.connect());
    let (counts_of, of_jobs, on) = (&counts, schema.of_application(), &goes_on);
    let updates = std::thread::scope(|scope| {
        let ends = Ends(on);
        scope.spawn(move || terminate(terminating, &of_jobs, on, counts_of));
        let reader = scope.spawn(move || read(reading, on, counts_of));
        let updater = scope.spawn(move || update(updating, size, on, counts_of));
        if !size.partitioned {
            scope.spawn(move || seal(sealing, on, counts_of));
        }
        run(&schema, &feeds, size, &counts);
        drop(ends);
        reader.join().expect("every key is there once at any time");
        updater.join().expect("the other program updates single rows")
    });
    check(&mut schema, &feeds, &updates);
    let moved = schema.count(if size.partitioned { "t_indexed WHERE number >= 0" } else { "ONLY t WHERE number >= 0" });
    let children = schema.text("SELECT count(*) FROM pg_inherits WHERE inhparent = 't'::regclass");
    println!("{counts:?}; {moved} moved rows are in the table itself, {} children", children.unwrap_or_default());
    assert!(moved > 0, "the movers move rows");
    for (what, counter) in [
        ("killed", &counts.killed),
        if size.partitioned { ("refused", &counts.refused) } else { ("sealed", &counts.sealed) },
        ("terminated", &counts.terminated),
        ("foreign", &counts.foreign),
    ] {
        assert!(counter.load(Ordering::Relaxed) > 0, "{what}: {counts:?}");
    }
}

#[test]
fn two_processes_that_are_killed_and_cut_off_leave_each_key_once_and_lose_nothing() {
    chaos(Size {
        changes: 16_000,
        keys: 1_600,
        batch: 200,
        lasts: Duration::from_secs(12),
        scan_limit: "20",
        partitioned: false,
    });
}

#[test]
fn in_partitions_too_nothing_is_lost_and_another_program_gets_an_error_instead_of_missing_a_row() {
    chaos(Size {
        changes: 16_000,
        keys: 1_600,
        batch: 200,
        lasts: Duration::from_secs(8),
        scan_limit: "20",
        partitioned: true,
    });
}

#[test]
#[ignore = "takes minutes"]
fn two_processes_with_200_000_changes_leave_each_key_once_and_lose_nothing() {
    chaos(Size {
        changes: 200_000,
        keys: 5_000,
        batch: 500,
        lasts: Duration::from_secs(120),
        scan_limit: "1",
        partitioned: false,
    });
}
