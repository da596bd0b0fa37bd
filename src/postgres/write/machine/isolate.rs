//! Which units to try next, so that a refused unit costs only itself (a unit is what one record puts into one shard: usually one row).
//! Units are always tried in their order. So the committed rows are always the first ones of each shard.

use std::ops::Range;

/// After a refusal with a named unit, at least this many units are tried at once.
const SMALLEST_STEP: usize = 64;

/// After the server has cancelled units because they took too long, so many tries of half as many must succeed before more are tried
/// at once. A try that is cancelled costs as much time as the server allows, so it must be rare.
const TRIES_BEFORE_MORE: u32 = 8;

/// The part of a batch that is still to be settled.
#[derive(Debug)]
pub struct Isolation {
    /// The ranges of units that aren't settled. The next one is last.
    pending: Vec<Range<usize>>,
    /// The most units that are tried at once. It shrinks with every refusal, so that a batch full of bad rows is not sent again and
    /// again as a whole. It doubles with every success.
    step: usize,
    /// The server has cancelled units. How many more tries must succeed before the step doubles.
    tries_before_more: Option<u32>,
}

impl Isolation {
    pub fn new(units: usize) -> Self {
        let pending = (units > 0).then_some(0..units).into_iter().collect();
        Isolation { pending, step: units.max(1), tries_before_more: None }
    }

    /// The units to try now. Returns the same range until it is settled or split.
    pub fn next(&mut self) -> Option<Range<usize>> {
        let top = self.pending.last_mut()?;
        if top.len() > self.step {
            let head = top.start..top.start + self.step;
            top.start = head.end;
            self.pending.push(head);
        }
        self.pending.last().cloned()
    }

    /// The units that [`Isolation::next`] returned last are settled.
    pub fn settled(&mut self) {
        self.pending.pop();
        match &mut self.tries_before_more {
            Some(left @ 1..) => *left -= 1,
            left => {
                *left = left.map(|_| TRIES_BEFORE_MORE);
                self.step = self.step.saturating_mul(2);
            }
        }
    }

    /// The units that [`Isolation::next`] returned last took the server too long together. Must not be called for a single unit.
    pub fn split_for_time(&mut self) {
        self.split(None);
        self.tries_before_more = Some(TRIES_BEFORE_MORE);
    }

    /// The units that [`Isolation::next`] returned last were refused together. `suspect`: the unit of the row that the server named. The
    /// next tries are: the units before it together, this unit alone, and the units behind it together. Without a suspect the units are
    /// halved. Must not be called for a single unit.
    pub fn split(&mut self, suspect: Option<usize>) {
        let Some(range) = self.pending.pop() else { return };
        match suspect {
            Some(unit) if range.contains(&unit) => {
                self.step = (2 * (unit - range.start)).max(SMALLEST_STEP);
                self.push(unit + 1..range.end);
                self.push(unit..unit + 1);
                self.push(range.start..unit);
            }
            _ => {
                let middle = range.start + range.len().div_ceil(2);
                self.step = (middle - range.start).max(1);
                self.push(middle..range.end);
                self.push(range.start..middle);
            }
        }
    }

    fn push(&mut self, range: Range<usize>) {
        if !range.is_empty() {
            self.pending.push(range);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs the search over units of one row each, some of which are bad. Returns the bad units that were found, and the number of
    /// attempts.
    fn run(units: usize, bad: &[usize], server_names_the_row: bool) -> (Vec<usize>, usize) {
        let (mut work, mut found, mut attempts, mut done) = (Isolation::new(units), Vec::new(), 0, 0);
        while let Some(range) = work.next() {
            attempts += 1;
            assert_eq!(range.start, done, "in order, without gaps");
            match bad.iter().find(|unit| range.contains(unit)) {
                None => {
                    done = range.end;
                    work.settled();
                }
                Some(&unit) if range.len() == 1 => {
                    found.push(unit);
                    done = range.end;
                    work.settled();
                }
                Some(&unit) => work.split(server_names_the_row.then_some(unit)),
            }
        }
        assert_eq!(done, units, "every unit is settled");
        (found, attempts)
    }

    #[test]
    fn bad_rows_are_found_alone_and_in_order() {
        for named in [true, false] {
            for bad in [vec![], vec![0], vec![2999], vec![7, 8, 2000], vec![0, 1, 2, 1500, 2998]] {
                assert_eq!(run(3000, &bad, named).0, bad);
            }
        }
        assert_eq!(run(0, &[], true), (vec![], 0));
        assert_eq!(run(1, &[0], true), (vec![0], 1));
    }

    #[test]
    fn a_named_row_costs_few_attempts() {
        assert!(run(3000, &[700, 1400, 2100], true).1 <= 30);
        assert!(run(3000, &[1500], false).1 <= 40);
    }

    #[test]
    fn a_step_that_took_too_long_is_rarely_tried_again() {
        let (mut work, mut cancelled, mut done) = (Isolation::new(3000), 0, 0);
        while let Some(range) = work.next() {
            if range.len() > 100 {
                cancelled += 1;
                work.split_for_time();
            } else {
                done = range.end;
                work.settled();
            }
        }
        // 3000, 1500, 750, 375, 188; then after each nine of 94.
        assert_eq!((cancelled, done), (5 + 3000 / 94 / 9, 3000));
    }

    #[test]
    fn units_that_take_too_long_for_a_while_are_tried_together_again_afterwards() {
        let (mut work, mut tries) = (Isolation::new(40_000), 0);
        while let Some(range) = work.next() {
            tries += 1;
            if range.start < 1000 && range.len() > 100 { work.split_for_time() } else { work.settled() }
        }
        assert!(tries < 120, "{tries}");
    }

    #[test]
    fn a_wrong_hint_does_no_harm() {
        let mut work = Isolation::new(10);
        assert_eq!(work.next(), Some(0..10));
        work.split(Some(77));
        assert_eq!(work.next(), Some(0..5));
    }

    #[test]
    fn a_batch_of_bad_rows_is_not_sent_whole_again_and_again() {
        let all: Vec<usize> = (0..3000).collect();
        let (mut work, mut sent) = (Isolation::new(3000), 0);
        while let Some(range) = work.next() {
            sent += range.len();
            if range.len() == 1 { work.settled() } else { work.split(Some(range.start)) }
        }
        assert!(sent < all.len() * 140, "{sent}");
    }
}
