//! How far a stream is written, shard by shard.

use crate::dispatch::SHARDS;

/// How far each shard of a stream is written, as the ledger said when this process took the stream over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardPositions {
    /// Every entry below it is written or has a dead letter, whatever its shard is.
    low: i64,
    /// For each shard the offset after its last entry.
    next: [i64; SHARDS],
}

impl ShardPositions {
    pub fn new(low: i64, next: [i64; SHARDS]) -> ShardPositions {
        ShardPositions { low, next }
    }

    /// Nothing at or above `start` is written.
    #[cfg(any(test, feature = "internals"))]
    pub fn at(start: i64) -> ShardPositions {
        ShardPositions { low: start, next: [start; SHARDS] }
    }

    pub fn low(&self) -> i64 {
        self.low
    }

    /// The positions in the ledger's rows of the shards. A claim expects these, also if `low` is higher.
    pub fn next(&self) -> &[i64; SHARDS] {
        &self.next
    }

    /// Whether the shard has the entries of this offset already, so that they must not be written again.
    pub fn has(&self, shard: usize, offset: i64) -> bool {
        offset < self.low || self.next.get(shard).is_some_and(|next| offset < *next)
    }

    /// The first offset that no shard has: from here on nothing is left out.
    pub fn end(&self) -> i64 {
        self.next.iter().fold(self.low, |end, next| end.max(*next))
    }

    /// Whether all that was read is written. Only then may the next run put records into other shards.
    pub fn is_clean(&self) -> bool {
        self.next.iter().all(|next| *next <= self.low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_has_what_is_below_its_own_position_or_below_low() {
        let mut next = [0; SHARDS];
        next[5] = 30;
        let positions = ShardPositions::new(10, next);
        let has = |shard| (0..40).filter(|&offset| positions.has(shard, offset)).count();
        assert_eq!((has(4), has(5)), (10, 30));
        assert!(!positions.is_clean());
    }

    #[test]
    fn a_stream_is_clean_when_no_shard_is_ahead_of_low() {
        assert!(ShardPositions::at(7).is_clean());
        assert!(ShardPositions::new(7, [3; SHARDS]).is_clean());
        let mut next = [3; SHARDS];
        next[63] = 8;
        assert!(!ShardPositions::new(7, next).is_clean());
    }
}
