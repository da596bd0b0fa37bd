//! Which sealed children are merged into one. Sizes go in, and the children to merge come out.
//!
//! The rule: children are merged only if the largest of them has no more rows than the others together. Then for each of
//! their rows the merged table has at least twice as many rows as the table in which the row was before. So a row is written again
//! at most as often as its table can double, and a large child is never rewritten for a few rows.

/// Fewer children are not worth a merge.
const LEAST: usize = 4;

/// The children to merge, by their places. `sizes` are their numbers of rows; the merged child has `most` rows at most.
pub fn children_to_merge(sizes: &[u64], most: u64) -> Option<Vec<usize>> {
    let mut by_size: Vec<(u64, usize)> = sizes.iter().copied().zip(0..).collect();
    by_size.sort_unstable();
    let is_worth_it = |group: &&[(u64, usize)]| {
        let rows: u64 = group.iter().map(|(size, _)| size).sum();
        let largest = group.last().map_or(0, |(size, _)| *size);
        largest <= rows - largest && rows <= most
    };
    // As many at once as possible, and of those the smallest.
    let mut lengths = (LEAST..=by_size.len()).rev();
    let group = lengths.find_map(|length| by_size.windows(length).find(is_worth_it))?;
    Some(group.iter().map(|(_, place)| *place).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Children that are made one after another, and merged by the rule.
    #[derive(Default)]
    struct World {
        sizes: Vec<u64>,
        /// Rows that were written again.
        rewritten: u64,
        most_children: usize,
    }

    impl World {
        fn seal(&mut self, rows: u64) {
            self.sizes.push(rows);
            while let Some(group) = children_to_merge(&self.sizes, u64::MAX) {
                let merged: u64 = group.iter().map(|place| self.sizes[*place]).sum();
                self.rewritten += merged;
                let is_left = |place: &usize| !group.contains(place);
                self.sizes = (0..self.sizes.len()).filter(is_left).map(|place| self.sizes[place]).collect();
                self.sizes.push(merged);
            }
            self.most_children = self.most_children.max(self.sizes.len());
        }

        fn rewrites_per_row(&self) -> f64 {
            self.rewritten as f64 / self.sizes.iter().sum::<u64>() as f64
        }
    }

    #[test]
    fn four_children_of_like_size_are_merged_and_a_large_one_stays() {
        let merged = |sizes: &[u64]| children_to_merge(sizes, u64::MAX);
        assert_eq!(merged(&[10, 10, 10]), None);
        assert_eq!(merged(&[500, 12, 10, 11, 9]), Some(vec![4, 2, 3, 1]));
        assert_eq!(merged(&[30, 10, 10, 10]), Some(vec![1, 2, 3, 0]));
        assert_eq!(merged(&[31, 10, 10, 10]), None, "the largest has more rows than the others together");
        assert_eq!(merged(&[0, 0, 0, 0]), Some(vec![0, 1, 2, 3]));
    }

    #[test]
    fn as_many_as_possible_are_merged_at_once() {
        assert_eq!(children_to_merge(&[40, 40, 10, 10, 10, 10], u64::MAX), Some(vec![2, 3, 4, 5, 0, 1]));
    }

    #[test]
    fn no_child_becomes_larger_than_allowed() {
        assert_eq!(children_to_merge(&[10, 10, 10, 10, 10], 45), Some(vec![0, 1, 2, 3]));
        assert_eq!(children_to_merge(&[10, 10, 10, 10, 10], 39), None);
    }

    #[test]
    fn of_a_thousand_equal_children_few_remain_and_each_row_is_written_again_five_times() {
        let mut world = World::default();
        (0..1024).for_each(|_| world.seal(30_000));
        assert_eq!(world.sizes.len(), 1, "{:?}", world.sizes);
        assert!(world.rewrites_per_row() <= 5.0, "{}", world.rewrites_per_row());
        assert!(world.most_children <= 12, "{}", world.most_children);
    }

    #[test]
    fn whatever_the_sizes_are_few_remain_and_no_row_is_written_again_more_often_than_its_child_can_double() {
        let mut random: u64 = 7;
        for spread in [1, 3, 10, 100, 1000] {
            let mut world = World::default();
            for _ in 0..500 {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                world.seal(1000 * (1 + (random >> 33) % spread));
            }
            let rows: u64 = world.sizes.iter().sum();
            let doublings = (rows as f64 / 1000.0).log2();
            assert!(world.rewrites_per_row() <= doublings, "{spread}: {}", world.rewrites_per_row());
            assert!((world.most_children as f64) <= 3.0 + 1.14 * doublings, "{spread}: {}", world.most_children);
        }
    }
}
