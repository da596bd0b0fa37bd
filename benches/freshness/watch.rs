//! Asks every 10 ms which rows are in the table, and notes when each row was found first.

use std::thread;
use std::time::{Duration, Instant};

use postgres::Client;

use crate::pace::{WARM_UP, now};
use crate::spread::Spread;
use crate::support::eventually;

/// A line of the report is about this many seconds. There are several lines, because a row costs a vector index more as the
/// index grows.
const STRETCH: u64 = 10;
const PAUSE: Duration = Duration::from_millis(10);
const PATIENCE: Duration = Duration::from_secs(30);

/// The times of each row, in microseconds since 1970.
pub struct Measured {
    sent: Vec<i64>,
    pub committed: Vec<i64>,
    seen: Vec<i64>,
    queries: Vec<i64>,
}

/// Runs `send`, which sends the rows from `first` on, and watches the table meanwhile.
pub fn measured(client: &mut Client, first: i64, rows: u64, send: impl FnOnce() -> Vec<i64> + Send) -> Measured {
    let mut watch = Watch::new(first, rows as usize);
    let sent = thread::scope(|scope| {
        let sender = scope.spawn(send);
        watch.all(client);
        sender.join().expect("the producer lives")
    });
    Measured { sent, committed: watch.committed, seen: watch.seen, queries: watch.queries }
}

/// Waits until the first rows are in the table. They are sent before those that are measured.
pub fn until_warm(client: &mut Client, first: i64) {
    eventually("rows arrive", || Watch::new(first, WARM_UP as usize).look(client).all_seen());
}

impl Measured {
    pub fn to_committed(&self) -> Spread {
        Spread::of(after(&self.committed, &self.sent))
    }

    pub fn to_seen(&self) -> Spread {
        Spread::of(after(&self.seen, &self.sent))
    }

    /// The number of all rows, with those that were sent before the measured ones.
    pub fn all_rows(&self) -> i64 {
        self.sent.len() as i64 + WARM_UP as i64
    }

    pub fn report(&self, rate: u64) {
        self.to_committed().line("produced to committed");
        let parts = after(&self.committed, &self.sent);
        for (part, times) in parts.chunks((rate * STRETCH) as usize).enumerate() {
            Spread::of(times.to_vec()).line(&format!("  rows sent from second {} on", part as u64 * STRETCH));
        }
        self.to_seen().line("produced to seen by a query");
        Spread::of(after(&self.seen, &self.committed)).line("committed to seen");
        let due: Vec<i64> = (0..self.sent.len() as u64).map(|n| self.sent[0] + (n * 1_000_000 / rate) as i64).collect();
        Spread::of(after(&self.sent, &due)).line("the producer's own delay");
        Spread::of(self.queries.windows(2).map(|pair| pair[1] - pair[0]).collect()).line("between two queries");
    }
}

fn after(ends: &[i64], starts: &[i64]) -> Vec<i64> {
    ends.iter().zip(starts).map(|(end, start)| end - start).collect()
}

struct Watch {
    first: i64,
    /// 0: not yet.
    committed: Vec<i64>,
    seen: Vec<i64>,
    /// All rows before this one were seen.
    next: usize,
    queries: Vec<i64>,
}

impl Watch {
    fn new(first: i64, rows: usize) -> Watch {
        Watch { first, committed: vec![0; rows], seen: vec![0; rows], next: 0, queries: Vec::new() }
    }

    fn look(&mut self, client: &mut Client) -> &mut Watch {
        let query = "SELECT id, (extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000000)::bigint
                     FROM vector_test.car_info WHERE id >= $1";
        self.queries.push(now());
        let rows = client.query(query, &[&(self.first + self.next as i64)]).expect("a query");
        let now = now();
        for row in rows {
            let index = (row.get::<_, i64>(0) - self.first) as usize;
            if self.seen[index] == 0 {
                (self.seen[index], self.committed[index]) = (now, row.get(1));
            }
        }
        self.next += self.seen[self.next..].iter().take_while(|&&at| at != 0).count();
        self
    }

    fn all_seen(&self) -> bool {
        self.next == self.seen.len()
    }

    /// Asks every 10 ms until all rows were seen.
    fn all(&mut self, client: &mut Client) {
        let (mut due, mut progress) = (Instant::now(), (0, Instant::now()));
        while !self.look(client).all_seen() {
            if self.next > progress.0 {
                progress = (self.next, Instant::now());
            }
            assert!(progress.1.elapsed() < PATIENCE, "no row for {PATIENCE:?} after {} rows", self.next);
            due = (due + PAUSE).max(Instant::now());
            thread::sleep(due.saturating_duration_since(Instant::now()));
        }
    }
}
