//! Pushes the rows, and waits until they can be found.

use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use postgres::Client;
use vecsink::{ColumnValues, Columns, Sink, VectorIndexMode};

use crate::Arguments;
use crate::support::postgresql::Postgres;
use crate::table::{TABLE, nearest, vector};

const PATIENCE: Duration = Duration::from_secs(1800);
/// Rows of a pushed batch.
const BATCH: usize = 1000;
/// How many of the rows are searched by the vector query. It isn't done for all, because a query takes long while many rows have no index.
const SAMPLED: i64 = 5;

/// The newest row that was pushed, for the probes.
#[derive(Default)]
pub struct Pushed {
    newest: Mutex<Option<(i64, Instant)>>,
}

impl Pushed {
    pub fn newest(&self) -> Option<(i64, Instant)> {
        *self.newest.lock()
    }

    fn note(&self, id: i64) {
        *self.newest.lock() = Some((id, Instant::now()));
    }
}

/// Times since the first push.
pub struct Loaded {
    pub durable: Duration,
    pub searchable: Duration,
    pub indexed: Option<Duration>,
}

pub fn run(server: &Postgres, arguments: &Arguments, first: i64, pushed: &Pushed) -> Loaded {
    let mode = if arguments.mode == "behind" { VectorIndexMode::Behind } else { VectorIndexMode::Inline };
    let url =
        format!("postgresql://{}:{}@{}:{}/{}", server.user, server.password, server.host, server.port, server.database);
    let given = arguments.options.iter().filter_map(|option| option.split_once('='));
    let builder = Sink::builder(&url, TABLE).columns(["id", "feature"]).vector_index(mode);
    let sink =
        given.fold(builder, |builder, (name, value)| builder.option(name, value)).open().expect("the sink opens");
    let rows = arguments.burst.unwrap_or(arguments.rate * arguments.seconds) as i64;
    // The vectors of a burst are made before, so that only the way into the database is measured.
    let batches: Vec<(Vec<i64>, Vec<f32>)> = match arguments.burst {
        None => Vec::new(),
        Some(_) => (first..first + rows).collect::<Vec<_>>().chunks(BATCH).map(|ids| matrix(arguments, ids)).collect(),
    };
    let started = Instant::now();
    match arguments.burst {
        None => evenly(&sink, arguments, first, rows, pushed),
        Some(_) => batches.iter().for_each(|(ids, matrix)| {
            let batch =
                Columns::new().column("id", ids).column("feature", ColumnValues::matrix(matrix, arguments.dims));
            sink.push_batch(&batch).expect("the sink takes rows");
        }),
    }
    sink.flush(PATIENCE).expect("the rows become durable");
    let durable = started.elapsed();
    let mut client = server.connect();
    let searchable = until_searchable(&mut client, arguments, first, rows, started);
    let indexed = arguments.until_indexed.then(|| until_indexed(&mut client, started));
    sink.close(PATIENCE).expect("the sink closes");
    Loaded { durable, searchable, indexed }
}

fn matrix(arguments: &Arguments, ids: &[i64]) -> (Vec<i64>, Vec<f32>) {
    (ids.to_vec(), ids.iter().flat_map(|&id| vector(arguments, id)).collect())
}

fn evenly(sink: &Sink, arguments: &Arguments, first: i64, rows: i64, pushed: &Pushed) {
    let start = Instant::now();
    for index in 0..rows {
        let id = first + index;
        let row = (id, vector(arguments, id));
        let due = start + Duration::from_nanos(index as u64 * 1_000_000_000 / arguments.rate);
        thread::sleep(due.saturating_duration_since(Instant::now()));
        pushed.note(id);
        sink.push(&row).expect("the sink takes rows");
    }
}

/// Waits until the server counts all rows and the vector query finds some of them.
fn until_searchable(client: &mut Client, arguments: &Arguments, first: i64, rows: i64, started: Instant) -> Duration {
    let ids: Vec<i64> = (0..SAMPLED.min(rows)).map(|at| first + at * rows / SAMPLED.min(rows)).collect();
    let mut missing: Vec<i64> = ids;
    while !missing.is_empty() {
        missing.retain(|&id| {
            let found = client.query(&nearest(&vector(arguments, id)), &[]).expect("a query");
            !found.iter().any(|row| row.get::<_, i64>(0) == id)
        });
        assert!(started.elapsed() < PATIENCE, "{missing:?} are not found");
    }
    started.elapsed()
}

/// Waits until no row is left in a table without a valid vector index.
fn until_indexed(client: &mut Client, started: Instant) -> Duration {
    let unindexed = format!(
        "SELECT c.oid::regclass::text FROM pg_class c
         WHERE (c.oid = '{TABLE}'::regclass OR c.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = '{TABLE}'::regclass))
           AND NOT EXISTS (SELECT FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am a ON a.oid = x.relam
                           WHERE i.indrelid = c.oid AND i.indisvalid AND a.amname = 'hnsw')"
    );
    loop {
        let tables = client.query(&unindexed, &[]).expect("a query");
        let is_empty = tables.iter().all(|table| {
            let query = format!("SELECT FROM ONLY {} LIMIT 1", table.get::<_, String>(0));
            // A table that was dropped meanwhile has no rows.
            client.query(&query, &[]).map_or(true, |rows| rows.is_empty())
        });
        if is_empty {
            return started.elapsed();
        }
        assert!(started.elapsed() < PATIENCE, "rows are not in a vector index");
        thread::sleep(Duration::from_millis(100));
    }
}
