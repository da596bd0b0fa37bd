//! Cars that become due one after another, evenly spaced.

use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::generator::Cars;

pub const CARS: Cars = Cars { rows: 0, dims: 10, seed: 1 };
/// Rows that are sent before those that are measured. So what happens only once in a job is not part of the figures.
pub const WARM_UP: u64 = 100;

#[derive(Clone, Copy)]
pub struct Load {
    pub rows: u64,
    /// Rows a second.
    pub rate: u64,
}

/// Sends the cars from `first` on, each when it is due. Returns the time of each.
pub fn paced(first: i64, load: Load, mut hand_over: impl FnMut(u64, i64, Vec<u8>)) -> Vec<i64> {
    let start = Instant::now();
    let mut times = Vec::with_capacity(load.rows as usize);
    for index in 0..load.rows {
        let line = CARS.car(first + index as i64).line();
        let due = start + Duration::from_nanos(index * 1_000_000_000 / load.rate);
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let now = now();
        hand_over(index, now, line);
        times.push(now);
    }
    times
}

/// Microseconds since 1970.
pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_micros() as i64)
}
