//! A user who searches meanwhile: how long queries take, and how many of the true neighbours they find.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use postgres::{Client, IsolationLevel};

use crate::Arguments;
use crate::over_time::OverTime;
use crate::spread::Spread;
use crate::support::postgresql::Postgres;
use crate::table::{nearest, vector};

const PAUSE: Duration = Duration::from_millis(100);

pub struct Read {
    pub queries: Option<Spread>,
    pub over_time: Vec<f64>,
    pub recall_mean: f64,
    pub recall_least: f64,
    pub questions: usize,
}

pub fn run(server: &Postgres, arguments: &Arguments, ended: &AtomicBool) -> Read {
    let mut client = server.connect();
    let (mut all, mut over_time, mut recalls) = (Vec::new(), OverTime::begin(), Vec::new());
    for question in 0.. {
        if ended.load(Ordering::Acquire) {
            break;
        }
        // Vectors of ids that no row has.
        let query = nearest(&vector(arguments, -1 - question as i64));
        let (took, recall) = ask(&mut client, &query, question % arguments.exact_every.max(1) == 0);
        all.push(took);
        over_time.add(took);
        recalls.extend(recall);
        thread::sleep(PAUSE);
    }
    let questions = recalls.len();
    Read {
        queries: (!all.is_empty()).then(|| Spread::of(all)),
        over_time: over_time.p99(),
        recall_mean: recalls.iter().sum::<f64>() / questions.max(1) as f64,
        recall_least: recalls.iter().copied().fold(1.0, f64::min),
        questions,
    }
}

/// Returns the query's time in microseconds, and the recall if `exact` is set.
fn ask(client: &mut Client, query: &str, exact: bool) -> (i64, Option<f64>) {
    let snapshot = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).start();
    let mut transaction = snapshot.expect("a transaction");
    let began = Instant::now();
    let found: Vec<i64> = transaction.query(query, &[]).expect("a query").iter().map(|row| row.get(0)).collect();
    let took = began.elapsed().as_micros() as i64;
    let recall = exact.then(|| {
        transaction.batch_execute("SET LOCAL enable_indexscan TO off").expect("a setting");
        let rows = transaction.query(query, &[]).expect("a query");
        let right = rows.iter().filter(|row| found.contains(&row.get(0))).count();
        right as f64 / rows.len().max(1) as f64
    });
    (took, recall)
}
