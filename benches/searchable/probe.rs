//! Waits for single rows: from the push to the answer of a vector query that has the row.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::Arguments;
use crate::load::Pushed;
use crate::over_time::OverTime;
use crate::spread::Spread;
use crate::support::postgresql::Postgres;
use crate::table::{nearest, vector};

/// The pause between two probes.
const PAUSE: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(120);

pub struct Probed {
    /// `None`: there was no row to wait for, as in a burst.
    pub all: Option<Spread>,
    pub over_time: Vec<f64>,
}

pub fn run(server: &Postgres, arguments: &Arguments, first: i64, pushed: &Pushed, ended: &AtomicBool) -> Probed {
    let mut client = server.connect();
    let (mut times, mut over_time, mut last) = (Vec::new(), OverTime::begin(), first - 1);
    while !ended.load(Ordering::Acquire) {
        let Some((id, at)) = pushed.newest().filter(|(id, _)| *id > last) else {
            thread::sleep(Duration::from_micros(200));
            continue;
        };
        let query = nearest(&vector(arguments, id));
        loop {
            let found = client.query(&query, &[]).expect("a query");
            if found.iter().any(|row| row.get::<_, i64>(0) == id) {
                break;
            }
            assert!(at.elapsed() < PATIENCE, "row {id} is not found");
            thread::sleep(Duration::from_micros(500));
        }
        let took = at.elapsed().as_micros() as i64;
        times.push(took);
        over_time.add(took);
        last = id;
        thread::sleep(PAUSE.saturating_sub(Instant::now().duration_since(at)));
    }
    Probed { all: (!times.is_empty()).then(|| Spread::of(times)), over_time: over_time.p99() }
}
