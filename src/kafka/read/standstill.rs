//! A partition whose position stands still although it has more records. It was seen after restarts of a broker that the client fetches a
//! partition no more, without an error. Pure: the clock comes in as an argument.

use std::time::{Duration, Instant};

/// A partition that stands still for so long is looked at.
const FIRST: Duration = Duration::from_secs(15);
/// The longest time between two assignments of a partition that goes on standing still.
const LONGEST: Duration = Duration::from_secs(300);

/// How long the position of one partition has been the same.
#[derive(Debug)]
pub struct Standstill {
    position: i64,
    /// Since when the position is the same, or when the partition was last looked at.
    since: Instant,
    /// After so long the partition is looked at.
    interval: Duration,
}

impl Standstill {
    pub fn new(position: i64, now: Instant) -> Standstill {
        Standstill { position, since: now, interval: FIRST }
    }

    /// Whether it must be asked if the partition has records at its position.
    pub fn is_due(&mut self, position: i64, now: Instant) -> bool {
        if position != self.position {
            *self = Standstill::new(position, now);
        }
        now.duration_since(self.since) >= self.interval
    }

    /// The partition was paused, so it could not move.
    pub fn excused(&mut self, now: Instant) {
        self.since = now;
    }

    /// The brokers have said where the partition ends. Whether it must be assigned again: it has records at `position`, and has not moved
    /// since the question.
    pub fn is_stuck(&mut self, position: i64, end: i64, now: Instant) -> bool {
        if position != self.position {
            *self = Standstill::new(position, now);
            return false;
        }
        self.since = now;
        let is_stuck = position < end;
        self.interval = if is_stuck { (self.interval * 2).min(LONGEST) } else { FIRST };
        is_stuck
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Case {
        start: Instant,
        standstill: Standstill,
    }

    impl Case {
        fn new() -> Case {
            let start = Instant::now();
            Case { start, standstill: Standstill::new(100, start) }
        }

        fn at(&self, second: u64) -> Instant {
            self.start + Duration::from_secs(second)
        }

        fn is_due(&mut self, position: i64, second: u64) -> bool {
            let now = self.at(second);
            self.standstill.is_due(position, now)
        }

        fn is_stuck(&mut self, position: i64, end: i64, second: u64) -> bool {
            let now = self.at(second);
            self.standstill.is_stuck(position, end, now)
        }
    }

    #[test]
    fn a_partition_with_records_that_stands_still_is_assigned_again_after_growing_times() {
        let mut case = Case::new();
        let mut found = Vec::new();
        for second in 0..1000 {
            if case.is_due(100, second) && case.is_stuck(100, 150, second) {
                found.push(second);
            }
        }
        assert_eq!(found, [15, 45, 105, 225, 465, 765]);
    }

    #[test]
    fn a_position_that_moves_begins_the_time_again() {
        let mut case = Case::new();
        assert!(!case.is_due(100, 14) && !case.is_due(101, 16), "it has moved");
        assert!(!case.is_due(101, 30) && case.is_due(101, 31));
        assert!(!case.is_stuck(102, 150, 32), "it has moved while the brokers were asked");
        assert!(!case.is_due(102, 46) && case.is_due(102, 47));
        assert!(case.is_stuck(102, 150, 47));
        assert!(!case.is_due(110, 48) && case.is_due(110, 63), "the interval is the first one again");
    }

    #[test]
    fn a_partition_without_more_records_or_one_that_is_paused_is_left_alone() {
        let mut case = Case::new();
        assert!(case.is_due(100, 15) && !case.is_stuck(100, 100, 15), "it has been read to its end");
        assert!(!case.is_due(100, 29) && case.is_due(100, 30), "it is asked for as often as before");
        let paused = case.at(40);
        case.standstill.excused(paused);
        assert!(!case.is_due(100, 54) && case.is_due(100, 55));
    }
}
