//! Each claim on a shard begins where the one before ended.

use proptest::prelude::*;

use super::*;

fn gathered(entries: &[(u32, u8, i64)]) -> ClaimGatherer {
    let mut gatherer = ClaimGatherer::default();
    entries.iter().for_each(|&(index, shard, offset)| gatherer.add(index, shard, offset));
    gatherer
}

fn own(indexes: &[u32]) -> OwnStreams {
    let streams = OwnStreams::default();
    for &index in indexes {
        streams.own(index, 100 - i64::from(index), 7, &ShardPositions::at(10));
    }
    streams
}

#[test]
fn a_claim_reaches_from_what_the_ledger_has_to_the_offset_after_the_last_entry() {
    let streams = own(&[1, 2]);
    let entries = gathered(&[(1, 3, 12), (2, 0, 40), (1, 3, 15), (1, 63, 11), (2, 0, 41)]);
    let claims = streams.claims(&entries);
    let claim = |shard, upto| ShardClaim { shard, expected: 10, upto };
    assert_eq!(
        claims,
        [
            StreamClaim { index: 2, number: 98, epoch: 7, shards: vec![claim(0, 42)] },
            StreamClaim { index: 1, number: 99, epoch: 7, shards: vec![claim(3, 16), claim(63, 12)] },
        ],
        "in the order of the numbers"
    );
    streams.committed(&claims);
    let next = streams.claims(&gathered(&[(1, 3, 90), (1, 4, 91)]));
    assert_eq!(next[0].shards[0], ShardClaim { shard: 3, expected: 16, upto: 91 });
    assert_eq!(next[0].shards[1], ShardClaim { shard: 4, expected: 10, upto: 92 });
}

#[test]
fn nothing_is_claimed_of_a_stream_that_was_left() {
    let streams = own(&[1, 2]);
    streams.leave(1);
    let claims = streams.claims(&gathered(&[(1, 0, 10), (2, 0, 10), (3, 0, 10)]));
    assert_eq!(claims.iter().map(|claim| claim.index).collect::<Vec<_>>(), [2]);
    assert_eq!(streams.lows().iter().map(|stored| stored.index).collect::<Vec<_>>(), [2]);
}

#[test]
fn a_commit_of_an_assignment_that_has_ended_moves_no_position_of_the_next_one() {
    let streams = own(&[1]);
    let old = streams.claims(&gathered(&[(1, 0, 20)]));
    streams.leave(1);
    streams.own(1, 99, 8, &ShardPositions::at(15));
    streams.committed(&old);
    let claims = streams.claims(&gathered(&[(1, 0, 20)]));
    assert_eq!((claims[0].epoch, claims[0].shards[0].expected), (8, 15));
}

#[test]
fn a_former_assignment_does_not_change_the_stored_low() {
    let streams = own(&[1]);
    let [stored] = streams.lows()[..] else { panic!("one stream") };
    streams.low_stored(StoredLow { low: 20, ..stored });
    streams.low_stored(StoredLow { low: 15, ..stored });
    assert_eq!(streams.low(1), Some(20));
    streams.own(1, 99, 8, &ShardPositions::at(30));
    streams.low_stored(StoredLow { low: 90, ..stored });
    assert_eq!(streams.low(1), Some(30));
}

proptest! {
    /// In whatever order shards are written, each offset of a shard is in exactly one committed claim.
    #[test]
    fn the_claims_on_a_shard_are_adjacent_and_cover_each_entry_once(
        shards in prop::collection::vec(0u8..4, 1..200),
        parts in prop::collection::vec((1usize..20, any::<bool>()), 1..60),
    ) {
        let streams = OwnStreams::default();
        streams.own(0, 1, 1, &ShardPositions::at(0));
        let mut waiting: [std::collections::VecDeque<i64>; 4] = Default::default();
        for (offset, shard) in shards.iter().enumerate() {
            waiting[usize::from(*shard)].push_back(offset as i64);
        }
        let mut ledger = [0; SHARDS];
        let mut written: Vec<(u8, i64)> = Vec::new();
        for (at, (count, commits)) in parts.into_iter().enumerate() {
            let shard = at % 4;
            let taken: Vec<i64> = waiting[shard].iter().take(count).copied().collect();
            let entries: Vec<_> = taken.iter().map(|&offset| (0, shard as u8, offset)).collect();
            let claims = streams.claims(&gathered(&entries));
            prop_assert_eq!(claims.is_empty(), taken.is_empty());
            if commits {
                for ShardClaim { shard, expected, upto } in claims.iter().flat_map(|claim| &claim.shards) {
                    prop_assert_eq!(ledger[usize::from(*shard)], *expected);
                    prop_assert!(expected < upto);
                    ledger[usize::from(*shard)] = *upto;
                }
                streams.committed(&claims);
                written.extend(entries.iter().map(|&(_, shard, offset)| (shard, offset)));
                waiting[shard].drain(..taken.len());
            }
        }
        for (offset, shard) in shards.iter().enumerate() {
            let times = written.iter().filter(|entry| **entry == (*shard, offset as i64)).count();
            let has = ShardPositions::new(0, ledger).has(usize::from(*shard), offset as i64);
            prop_assert_eq!(times, usize::from(has), "what the ledger has was written once, the rest not at all");
        }
    }
}
