//! A named stream that goes on: which of its rows a former sink has made durable. Pushed again, they are dropped.

use parking_lot::{Mutex, MutexGuard};

use super::error::PushError;
use crate::progress::ledger::ShardPositions;

pub struct Resumed {
    /// How far the rows were durable when this sink opened the stream.
    written: ShardPositions,
    /// With exactly-once. Held from giving rows their numbers until they are in their shards: the claims on a shard need its rows in
    /// the order of their numbers, whichever thread pushes them.
    order: Option<Mutex<()>>,
}

impl Resumed {
    pub fn new(written: ShardPositions, is_exactly_once: bool) -> Resumed {
        Resumed { written, order: is_exactly_once.then(Mutex::default) }
    }

    /// Whether rejected rows wait in the shards, too, for the transaction that claims them.
    pub fn is_exactly_once(&self) -> bool {
        self.order.is_some()
    }

    pub fn in_order(&self) -> Option<MutexGuard<'_, ()>> {
        self.order.as_ref().map(Mutex::lock)
    }

    /// With exactly-once the host must number its rows. Otherwise a row that is refused in one run only would move all numbers after it.
    pub fn check_numbered(&self, first: Option<u64>) -> Result<(), PushError> {
        if self.is_exactly_once() && first.is_none() {
            let why = "with 'sink.delivery-guarantee' = 'exactly-once' each row needs a number of your own (sequence), under which it \
                       is pushed again after a crash";
            return Err(PushError::Shape(why.to_owned()));
        }
        Ok(())
    }

    /// How many of `count` rows, numbered from `first` on, are below the position that the host was told.
    pub fn below_position(&self, first: u64, count: usize) -> usize {
        let below = (self.written.low() as u64).saturating_sub(first);
        usize::try_from(below).map_or(count, |below| below.min(count))
    }

    /// Whether all rows from this number on are new.
    pub fn is_past(&self, sequence: i64) -> bool {
        sequence >= self.written.end()
    }

    /// Whether the shard has the row of this number already.
    pub fn has(&self, shard: usize, sequence: i64) -> bool {
        self.written.has(shard, sequence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dispatch::SHARDS;

    fn resumed(is_exactly_once: bool) -> Resumed {
        let mut next = [100; SHARDS];
        next[7] = 120;
        Resumed::new(ShardPositions::new(100, next), is_exactly_once)
    }

    #[test]
    fn rows_below_the_position_and_those_that_their_shard_has_are_known() {
        let resumed = resumed(true);
        let below =
            [(0, 10), (95, 10), (100, 10), (u64::MAX, 1)].map(|(first, count)| resumed.below_position(first, count));
        assert_eq!(below, [10, 5, 0, 0]);
        assert_eq!(
            [(7, 119), (7, 120), (6, 100), (6, 99)].map(|(shard, at)| resumed.has(shard, at)),
            [true, false, false, true]
        );
        assert_eq!([119, 120].map(|at| resumed.is_past(at)), [false, true]);
    }

    #[test]
    fn numbers_are_asked_for_with_exactly_once_alone() {
        assert!(matches!(resumed(true).check_numbered(None), Err(PushError::Shape(_))));
        assert_eq!(resumed(true).check_numbered(Some(0)), Ok(()));
        assert_eq!(resumed(false).check_numbered(None), Ok(()));
        assert!(resumed(false).in_order().is_none(), "nobody waits for another thread");
    }
}
