//! When the table is checked before the encoder refuses a row: the table may have been altered, and no transaction has noticed
//! it yet.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// How long the result of a check is used: there may be many bad rows.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// When the table was last checked.
#[derive(Debug, Default)]
pub struct CheckTimes {
    last: Mutex<Option<Instant>>,
}

impl CheckTimes {
    pub fn is_due(&self, now: Instant) -> bool {
        let mut last = self.last.lock();
        let is_due = last.is_none_or(|last| now.duration_since(last) >= CHECK_INTERVAL);
        if is_due {
            *last = Some(now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_checked_once_a_second_however_many_rows_are_refused() {
        let (times, start) = (CheckTimes::default(), Instant::now());
        let due = (0..3000).filter(|&row| times.is_due(start + Duration::from_millis(row)));
        assert_eq!(due.collect::<Vec<_>>(), [0, 1000, 2000]);
    }
}
