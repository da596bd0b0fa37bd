//! Which rows to try next, so that a refused row costs only itself. Rows are always tried in their order. So what is committed is always
//! the first part of each shard.

use std::ops::Range;

/// The fewest rows tried at once after a refusal.
const SMALLEST_STEP: usize = 64;

/// The part of a batch that is still to be settled.
#[derive(Debug)]
pub struct Isolation {
    /// Ranges one after another, the first on top. They cover all that isn't settled.
    pending: Vec<Range<usize>>,
    /// Tried at once, at most. Shrinks with every refusal, so that a batch full of bad rows is not sent again and again
    /// as a whole; doubles with every success.
    step: usize,
}

impl Isolation {
    pub fn new(rows: usize) -> Self {
        let pending = (rows > 0).then_some(0..rows).into_iter().collect();
        Isolation { pending, step: rows.max(1) }
    }

    /// The rows to try now. The same again until they are settled or split.
    pub fn next(&mut self) -> Option<Range<usize>> {
        let top = self.pending.last_mut()?;
        if top.len() > self.step {
            let head = top.start..top.start + self.step;
            top.start = head.end;
            self.pending.push(head);
        }
        self.pending.last().cloned()
    }

    /// The rows last given out are settled.
    pub fn settled(&mut self) {
        self.pending.pop();
        self.step = self.step.saturating_mul(2);
    }

    /// The rows last given out were refused together. `suspect`: the row that the server named. It will be tried alone,
    /// and so will the rows before it and those behind it. Without a suspect the rows are halved. Must not be called for a
    /// single row.
    pub fn split(&mut self, suspect: Option<usize>) {
        let Some(range) = self.pending.pop() else { return };
        match suspect {
            Some(row) if range.contains(&row) => {
                self.step = (2 * (row - range.start)).max(SMALLEST_STEP);
                self.push(row + 1..range.end);
                self.push(row..row + 1);
                self.push(range.start..row);
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

    /// Runs the search against rows of which some are bad; gives the bad ones found and the attempts it took.
    fn run(rows: usize, bad: &[usize], server_names_the_row: bool) -> (Vec<usize>, usize) {
        let (mut work, mut found, mut attempts, mut done) = (Isolation::new(rows), Vec::new(), 0, 0);
        while let Some(range) = work.next() {
            attempts += 1;
            assert_eq!(range.start, done, "in order, without gaps");
            match bad.iter().find(|row| range.contains(row)) {
                None => {
                    done = range.end;
                    work.settled();
                }
                Some(&row) if range.len() == 1 => {
                    found.push(row);
                    done = range.end;
                    work.settled();
                }
                Some(&row) => work.split(server_names_the_row.then_some(row)),
            }
        }
        assert_eq!(done, rows, "every row is settled");
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
