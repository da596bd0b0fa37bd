//! When a batch is compared with the table, to leave rows alone that are there already, exactly so.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::postgres::catalog::unchanged::CompareBatches;

/// Batches that are written without the comparison, at most, before it is tried again.
const MOST: u32 = 15;

/// What the batches before have shown. Shared by a sink's writers.
#[derive(Debug, Default)]
pub struct UnchangedSearch {
    /// How many of the next batches are written without the comparison.
    left: AtomicU32,
    /// How many batches that will be after the next comparison that finds nothing.
    penalty: AtomicU32,
}

impl UnchangedSearch {
    /// Whether to compare the next batch. `batches`: `None` where unchanged rows are written, too.
    pub fn is_due(&self, batches: Option<CompareBatches>) -> bool {
        let one_less = |left: u32| left.checked_sub(1);
        match batches {
            None => false,
            Some(CompareBatches::Always) => true,
            Some(CompareBatches::WhereItPays) => {
                self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_err()
            }
        }
    }

    /// A batch was compared, and this number of its rows were in the table already.
    pub fn found(&self, unchanged: u64) {
        if unchanged > 0 {
            self.left.store(0, Ordering::Relaxed);
            self.penalty.store(0, Ordering::Relaxed);
        } else {
            let penalty = self.penalty.load(Ordering::Relaxed);
            self.left.store(penalty, Ordering::Relaxed);
            self.penalty.store((penalty * 2 + 1).min(MOST), Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_nothing_is_found_fewer_batches_are_compared_until_something_is() {
        let search = UnchangedSearch::default();
        let not_compared = |found| {
            search.found(found);
            std::iter::repeat_with(|| search.is_due(Some(CompareBatches::WhereItPays))).take_while(|due| !due).count()
        };
        assert!(search.is_due(Some(CompareBatches::WhereItPays)));
        assert_eq!([0, 0, 0, 0, 0, 0].map(not_compared), [0, 1, 3, 7, 15, 15]);
        assert_eq!([9, 0, 0].map(not_compared), [0, 0, 1]);
    }

    #[test]
    fn a_table_with_a_vector_index_is_always_compared_and_one_without_comparison_never() {
        let search = UnchangedSearch::default();
        for _ in 0..4 {
            search.found(0);
            assert!(search.is_due(Some(CompareBatches::Always)));
            assert!(!search.is_due(None));
        }
    }
}
