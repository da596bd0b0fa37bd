use super::*;

const MILLISECOND: Duration = Duration::from_millis(1);
const MICROSECOND: Duration = Duration::from_micros(1);

fn tuner(rows: usize, rows_are_free: bool, most_writers: usize) -> Tuner {
    Tuner::new(TunerStart { rows, rows_are_free, first_rows: usize::MAX, most_writers })
}

/// Simulates ten seconds of writing to a database that can carry out `useful` transactions at once without slowing down. Returns the
/// setting at the end.
fn settles_at(mut tuner: Tuner, useful: usize, commit: Duration, row: Duration, was_full: bool) -> BatchSetting {
    let start = Instant::now();
    let mut now = start;
    while now - start < Duration::from_secs(10) {
        let BatchSetting { writers, rows } = tuner.setting();
        let shared = writers as u32 / writers.min(useful) as u32;
        let spent = Spent {
            whole: (commit + row * rows as u32) * shared,
            rows: row * rows as u32 * shared,
            was_cancelled: false,
        };
        now += (commit + row * rows as u32) / writers.min(useful) as u32;
        let rows = if was_full { rows } else { rows / 2 };
        tuner.observe(now, WrittenBatch { rows, bytes: rows * 150, has_all_bytes: false, spent, open: writers });
    }
    tuner.setting()
}

#[test]
fn a_server_with_room_gets_more_transactions_at_once() {
    let setting = settles_at(tuner(3000, false, 20), 64, 10 * MILLISECOND, MICROSECOND, true);
    assert_eq!(setting, BatchSetting { writers: 20, rows: 3000 });
}

#[test]
fn a_server_that_is_busy_with_two_gets_no_more() {
    let setting = settles_at(tuner(3000, false, 20), 2, MILLISECOND, MICROSECOND, true);
    assert_eq!(setting, BatchSetting { writers: 2, rows: 3000 });
}

#[test]
fn expensive_commits_make_batches_grow_where_the_job_leaves_their_size_open() {
    let setting = settles_at(tuner(3000, true, 2), 2, 20 * MILLISECOND, MICROSECOND, true);
    assert!(setting.rows >= 24_000, "{setting:?}");
}

#[test]
fn where_rows_cost_most_batches_stay_short() {
    let setting = settles_at(tuner(3000, true, 2), 2, MILLISECOND / 3, 20 * MICROSECOND, true);
    assert_eq!(setting, BatchSetting { writers: 2, rows: 6000 });
}

#[test]
fn batches_that_take_too_long_do_not_grow() {
    let setting = settles_at(tuner(3000, true, 2), 2, 900 * MILLISECOND, MICROSECOND, true);
    assert_eq!(setting.rows, 3000);
}

#[test]
fn batches_that_are_not_full_decide_nothing() {
    let setting = settles_at(tuner(3000, true, 20), 64, 20 * MILLISECOND, MICROSECOND, false);
    assert_eq!(setting, BatchSetting { writers: 2, rows: 3000 });
}

#[test]
fn one_connection_means_one_writer() {
    assert_eq!(tuner(3000, true, 1).setting().writers, 1);
}

/// A simulated server with a simulated clock. There are always rows to write.
struct Server {
    tuner: Tuner,
    now: Instant,
    /// For each writer that is busy: when it ends, when it began, and with how many rows.
    busy: Vec<(Instant, Instant, usize)>,
    /// Transactions that don't slow each other down.
    useful: usize,
    row: Duration,
    random: u64,
}

/// What happened while [`Server::run`] ran.
#[derive(Default)]
struct Seen {
    rows: usize,
    batches: Vec<usize>,
    /// The longest transaction that began in this time.
    longest: Duration,
    /// How many writers were allowed, at each batch.
    writers: Vec<usize>,
}

impl Server {
    fn new(rows: usize, useful: usize, row: Duration) -> Server {
        let start = TunerStart { rows, rows_are_free: false, first_rows: 64, most_writers: 20 };
        Server { tuner: Tuner::new(start), now: Instant::now(), busy: Vec::new(), useful, row, random: 1 }
    }

    fn run(&mut self, time: Duration) -> Seen {
        let (begun, mut seen) = (self.now, Seen::default());
        while self.now - begun < time {
            while self.busy.len() < self.tuner.setting().writers {
                self.begin();
            }
            self.busy.sort_unstable();
            let (end, began, rows) = self.busy[0];
            self.now = end;
            let spent = Spent { whole: end - began, rows: end - began - COMMIT, was_cancelled: false };
            let batch = WrittenBatch { rows, bytes: rows * 150, has_all_bytes: false, spent, open: self.busy.len() };
            self.tuner.observe(self.now, batch);
            self.busy.remove(0);
            seen.rows += rows;
            seen.batches.push(rows);
            seen.writers.push(self.tuner.setting().writers);
            if began >= begun {
                seen.longest = seen.longest.max(end - began);
            }
        }
        seen
    }

    /// A row takes up to a fifth more or less than `row`, and longer if too many transactions are open.
    fn begin(&mut self) {
        self.random = self.random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let noise = 0.8 + 0.4 * (self.random >> 40) as f64 / (1 << 24) as f64;
        let slower = ((self.busy.len() + 1) as f64 / self.useful as f64).max(1.0);
        let rows = self.tuner.setting().rows;
        let time = COMMIT + self.row.mul_f64(rows as f64 * noise * slower);
        self.busy.push((self.now + time, self.now, rows));
    }
}

const COMMIT: Duration = Duration::from_millis(2);
const SECOND: Duration = Duration::from_secs(1);

#[test]
fn where_rows_are_expensive_a_server_with_room_gets_all_writers_in_two_seconds_and_short_transactions() {
    for batch_size in [100, 3000, 100_000] {
        let mut server = Server::new(batch_size, 64, MILLISECOND);
        let first = server.run(2 * SECOND);
        assert_eq!(*first.writers.last().unwrap(), 20, "{:?}", first.writers);
        let then = server.run(30 * SECOND);
        assert!(then.rows > 30 * 15_000, "{}", then.rows);
        assert!(first.longest.max(then.longest) <= 150 * MILLISECOND, "{:?} {:?}", first.longest, then.longest);
    }
}

#[test]
fn where_rows_are_expensive_a_server_with_two_cores_gets_two_writers() {
    let mut server = Server::new(3000, 2, MILLISECOND);
    server.run(SECOND);
    let seen = server.run(60 * SECOND);
    let two = seen.writers.iter().filter(|writers| **writers == 2).count();
    assert!(two * 10 >= seen.writers.len() * 9, "{two} of {}", seen.writers.len());
    // While more writers are tried, the transactions of all writers take longer.
    assert!(seen.longest <= 400 * MILLISECOND, "{:?}", seen.longest);
}

#[test]
fn any_number_of_writers_may_be_the_best() {
    for useful in [3, 5, 7, 11, 13] {
        let mut server = Server::new(3000, useful, MILLISECOND);
        server.run(10 * SECOND);
        let writers = server.tuner.setting().writers;
        assert!(writers.abs_diff(useful) <= 1 + useful / 8, "{writers} of {useful}");
    }
}

#[test]
fn a_server_that_has_less_room_than_before_gets_fewer_writers() {
    let mut server = Server::new(3000, 64, MILLISECOND);
    server.run(3 * SECOND);
    server.useful = 4;
    server.run(60 * SECOND);
    assert!((3..=6).contains(&server.tuner.setting().writers), "{:?}", server.tuner.setting());
}

#[test]
fn cheap_rows_get_whole_batches_from_the_second_on() {
    let mut server = Server::new(3000, 2, 5 * MICROSECOND);
    let seen = server.run(60 * SECOND);
    assert_eq!(seen.batches[..2], [64, 64], "of the first two writers");
    assert!(seen.batches[2..].iter().all(|rows| *rows == 3000));
}

#[test]
fn batches_and_writers_follow_a_cost_that_changes() {
    let mut server = Server::new(3000, 64, 2 * MICROSECOND);
    server.tuner = tuner(3000, false, 20);
    server.run(100 * MILLISECOND);
    assert_eq!(server.tuner.setting(), BatchSetting { writers: 2, rows: 3000 });
    server.row = MILLISECOND;
    // The first two batches are whole.
    server.run(4 * SECOND);
    let seen = server.run(3 * SECOND);
    assert!(seen.longest <= 150 * MILLISECOND, "{:?}", seen.longest);
    assert_eq!(server.tuner.setting().writers, 20);
    server.row = 2 * MICROSECOND;
    server.run(SECOND);
    assert_eq!(server.tuner.setting().rows, 3000);
}

#[test]
fn nothing_is_concluded_while_few_rows_come() {
    let mut tuner = Tuner::new(TunerStart { rows: 3000, rows_are_free: true, first_rows: 64, most_writers: 20 });
    let start = Instant::now();
    for at in 0..1000 {
        let spent = Spent { whole: 8 * MILLISECOND, rows: 5 * MILLISECOND, was_cancelled: false };
        let batch = WrittenBatch { rows: 5, bytes: 750, has_all_bytes: false, spent, open: 1 };
        tuner.observe(start + 20 * MILLISECOND * at, batch);
    }
    assert_eq!(tuner.setting(), BatchSetting { writers: 2, rows: 3000 });
}
