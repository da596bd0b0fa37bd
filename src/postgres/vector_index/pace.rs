//! How many rows a mover takes at once: as many as it moves in a short transaction.

use std::time::Duration;

/// How long a transaction should take. A statement that meets a row in flight waits as long.
const TARGET: Duration = Duration::from_millis(75);
const FIRST: usize = 50;
const MOST: usize = 2000;

/// How many rows a mover takes at once.
#[derive(Debug)]
pub struct Pace {
    pub rows: usize,
}

impl Default for Pace {
    fn default() -> Self {
        Pace { rows: FIRST }
    }
}

impl Pace {
    /// A transaction was refused. Fewer rows are tried, in case that one of them is the cause. Returns whether it was one row.
    pub fn note_refused(&mut self) -> bool {
        let was_one = self.rows == 1;
        self.rows = (self.rows / 4).max(1);
        was_one
    }

    /// A transaction has moved `rows` rows in `took`.
    pub fn note(&mut self, rows: usize, took: Duration) {
        if rows == 0 {
            return;
        }
        let fits = (rows as f64 * TARGET.as_secs_f64() / took.as_secs_f64().max(1e-4)) as usize;
        // Half of the way, because one transaction may have waited for something. A move that found fewer rows than asked for says
        // little about longer ones.
        let next = usize::midpoint(self.rows, fits.min(2 * self.rows));
        if rows >= self.rows || next < self.rows {
            self.rows = next.clamp(1, MOST);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transactions_get_their_length_whatever_a_row_costs() {
        for cost in [Duration::from_micros(20), Duration::from_micros(700), Duration::from_millis(100)] {
            let mut pace = Pace::default();
            for _ in 0..20 {
                pace.note(pace.rows, cost * pace.rows as u32);
            }
            let ideal = (TARGET.as_secs_f64() / cost.as_secs_f64()).clamp(1.0, MOST as f64);
            assert!((pace.rows as f64 / ideal - 1.0).abs() < 0.2, "{} rows of {cost:?}", pace.rows);
        }
    }

    #[test]
    fn a_transaction_with_fewer_rows_than_asked_for_does_not_raise_their_number() {
        let mut pace = Pace::default();
        pace.note(1, Duration::from_micros(10));
        pace.note(0, Duration::from_secs(1));
        assert_eq!(pace.rows, FIRST);
    }

    #[test]
    fn after_refusals_rows_are_tried_alone() {
        let mut pace = Pace::default();
        let refusals = (0..10).take_while(|_| !pace.note_refused()).count();
        assert_eq!((refusals, pace.rows), (3, 1));
    }
}
