//! What a row costs the server. Where rows are expensive (they have a vector index, or a slow trigger), a batch is cut, so that its
//! transaction takes about 100 ms, however many rows wait.

use std::time::{Duration, Instant};

/// How long the server shall work on the rows of one transaction. Queries see the rows only after its COMMIT.
const TARGET: Duration = Duration::from_millis(100);
/// A row is expensive if the server works on it for at least `EXPENSIVE` plus `EXPENSIVE_BYTE` for each of its bytes (in seconds). A
/// plain COPY takes a few µs for a row and 20 ns for a byte. Rows count as cheap again when they take less than half of this time.
const EXPENSIVE: f64 = 100e-6;
const EXPENSIVE_BYTE: f64 = 50e-9;
/// Only a batch that took at least this long can show that rows are expensive. Most of the time of a shorter one may be the same
/// for any number of rows.
const LONG_BATCH: Duration = Duration::from_millis(50);
/// A long batch may also have waited for a lock or a disk. So batches with at most a quarter of its rows are tried next
/// (`TRIED_PART`). If each of them takes longer than `SAME` times the long batch, cutting is of no use, and isn't tried again for a while.
const TRIED_PART: usize = 4;
const TRIED_BATCHES: u32 = 3;
const SAME: f64 = 0.625;
const PAUSE: Duration = Duration::from_secs(20);
/// The estimate moves to the middle between its old value and the value of the newest batch. Some batches wait for something else
/// than their rows, so the newest value is first limited to the old one times (or divided by) this factor.
const OUTLIER: f64 = 4.0;

#[derive(Debug)]
pub struct RowCost {
    state: State,
    /// Seconds of the server's time for a row. Not used while rows are cheap.
    seconds: f64,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Rows are cheap, or nothing is known of them yet. Before `until` it isn't examined whether they have become expensive.
    Cheap {
        until: Option<Instant>,
    },
    /// A batch took long. Smaller ones are tried.
    Tried {
        rows: usize,
        seconds: f64,
        batches: u32,
        least: f64,
    },
    Expensive,
}

impl Default for RowCost {
    fn default() -> Self {
        RowCost { state: State::Cheap { until: None }, seconds: 0.0 }
    }
}

impl RowCost {
    /// Learns from a batch that was written. `took`: how long the server worked on its rows; zero if that isn't known. `was_cancelled`:
    /// the server has cancelled the batch, and written it in parts. That shows as much as small batches that are tried.
    pub fn observe(&mut self, now: Instant, rows: usize, bytes: usize, took: Duration, was_cancelled: bool) {
        if rows == 0 || took.is_zero() {
            return;
        }
        let seconds = took.as_secs_f64();
        let each = seconds / rows as f64;
        let expensive = EXPENSIVE + EXPENSIVE_BYTE * bytes as f64 / rows as f64;
        match self.state {
            State::Cheap { .. } | State::Tried { .. } if was_cancelled && each >= expensive => {
                self.seconds = each;
                self.state = State::Expensive;
            }
            State::Cheap { until } => {
                let is_examined = until.is_none_or(|until| now >= until);
                if is_examined && took >= LONG_BATCH && each >= expensive && rows >= TRIED_PART {
                    self.seconds = each;
                    self.state = State::Tried { rows, seconds, batches: 0, least: f64::INFINITY };
                }
            }
            State::Tried { .. } | State::Expensive if each < expensive / 2.0 => {
                self.state = State::Cheap { until: None };
            }
            State::Tried { rows: before, seconds: took_before, batches, least } if rows <= before / TRIED_PART => {
                let (batches, least) = (batches + 1, least.min(seconds));
                self.state = if batches < TRIED_BATCHES {
                    State::Tried { rows: before, seconds: took_before, batches, least }
                } else if least > took_before * SAME {
                    State::Cheap { until: Some(now + PAUSE) }
                } else {
                    State::Expensive
                };
            }
            // This batch has more rows than are tried: it was taken before the small batches were asked for.
            State::Tried { .. } => {}
            State::Expensive => {
                if took >= LONG_BATCH || each < self.seconds {
                    let near = each.clamp(self.seconds / OUTLIER, self.seconds * OUTLIER);
                    self.seconds += (near - self.seconds) / 2.0;
                }
            }
        }
    }

    /// The most rows of a batch. `None`: it may have any number.
    pub fn most_rows(&self) -> Option<usize> {
        match self.state {
            State::Cheap { .. } => None,
            State::Tried { rows, .. } => Some(rows / TRIED_PART),
            State::Expensive => Some(((TARGET.as_secs_f64() / self.seconds) as usize).max(1)),
        }
    }

    /// How long the server works on a row, if rows are expensive.
    pub fn expensive(&self) -> Option<Duration> {
        matches!(self.state, State::Expensive).then(|| Duration::from_secs_f64(self.seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECOND: Duration = Duration::from_millis(1);
    const MICROSECOND: Duration = Duration::from_micros(1);

    /// Writes batches as large as allowed until their number is reached, and returns the rows of each.
    fn batches(cost: &mut RowCost, number: usize, most: usize, took: impl Fn(usize) -> Duration) -> Vec<usize> {
        let mut now = Instant::now();
        let batch = |_| {
            let rows = cost.most_rows().unwrap_or(most).min(most);
            now += took(rows);
            cost.observe(now, rows, 500 * rows, took(rows), false);
            rows
        };
        (0..number).map(batch).collect()
    }

    #[test]
    fn expensive_rows_are_written_in_transactions_of_about_100_ms() {
        let rows = batches(&mut RowCost::default(), 20, 3000, |rows| MILLISECOND * rows as u32);
        assert_eq!(rows[..4], [3000, 750, 750, 750]);
        assert!(rows[4..].iter().all(|rows| (95..=105).contains(rows)), "{rows:?}");
    }

    #[test]
    fn cheap_rows_are_never_cut_not_even_when_all_their_bytes_take_long() {
        for (rows, took) in [(48_000, 3 * MICROSECOND), (3000, 90 * MICROSECOND), (1, 900 * MILLISECOND)] {
            let mut cost = RowCost::default();
            assert_eq!(batches(&mut cost, 9, rows, |rows| took * rows as u32), [rows; 9]);
        }
        let mut cost = RowCost::default();
        cost.observe(Instant::now(), 100, 100 << 20, 100 * 20 * MILLISECOND, false);
        assert_eq!(cost.most_rows(), None);
    }

    #[test]
    fn a_server_that_takes_long_for_any_number_of_rows_gets_whole_batches() {
        let rows = batches(&mut RowCost::default(), 12, 1000, |rows| 200 * MILLISECOND + MICROSECOND * rows as u32);
        assert_eq!(rows[..5], [1000, 250, 250, 250, 1000]);
        assert_eq!(rows[5..], [1000; 7], "cutting isn't tried again soon");
    }

    #[test]
    fn one_batch_that_waited_is_forgotten_at_once() {
        let mut cost = RowCost::default();
        cost.observe(Instant::now(), 3000, 300_000, 2000 * MILLISECOND, false);
        assert_eq!(batches(&mut cost, 2, 3000, |rows| 7 * MICROSECOND * rows as u32), [750, 3000]);
    }

    #[test]
    fn a_batch_that_the_server_has_cancelled_shows_what_a_row_costs() {
        let mut cost = RowCost::default();
        cost.observe(Instant::now(), 3000, 300_000, 3000 * 2 * MILLISECOND, true);
        assert_eq!(cost.most_rows(), Some(50));
        let mut cost = RowCost::default();
        cost.observe(Instant::now(), 3000, 300_000, 3000 * 7 * MICROSECOND, true);
        assert_eq!(cost.most_rows(), None, "it has waited for something else");
    }

    #[test]
    fn a_changed_cost_is_followed() {
        let mut cost = RowCost::default();
        batches(&mut cost, 9, 3000, |rows| MILLISECOND * rows as u32);
        let rows = batches(&mut cost, 9, 3000, |rows| 5 * MILLISECOND * rows as u32);
        assert!((18..=25).contains(&rows[8]), "{rows:?}");
        assert_eq!(batches(&mut cost, 2, 3000, |rows| 7 * MICROSECOND * rows as u32)[1], 3000, "the index was dropped");
    }
}
