//! What a transaction claims: for each stream and shard of its entries, the offset that the ledger has, and the offset after the
//! last entry. Each claim on a shard begins where the one before ended.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use super::positions::ShardPositions;
use crate::dispatch::SHARDS;
use crate::sync::Mutex;

/// What a transaction claims of one stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamClaim {
    /// The stream's index in this process, as `progress` gave it.
    pub index: u32,
    /// Its number in the ledger.
    pub number: i64,
    pub epoch: i64,
    /// In the order of the shards; at least one.
    pub shards: Vec<ShardClaim>,
}

/// What a transaction claims of one shard of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShardClaim {
    pub shard: u8,
    /// The offset that the ledger has before the transaction.
    pub expected: i64,
    /// The offset after the last entry.
    pub upto: i64,
}

/// The streams of one sink that this process owns, and what the ledger has of their shards.
///
/// A writer holds the shards of its batch, so no other writer of this process changes the ledger's rows of these shards
/// meanwhile.
#[derive(Debug, Default)]
pub struct OwnStreams {
    streams: Mutex<HashMap<u32, OwnStreamState>>,
    /// Processes of a group share the streams: another one may take one over at any time.
    is_shared: AtomicBool,
    /// Streams that another process has taken over, until the reader hears of it.
    fenced: Mutex<Vec<u32>>,
}

#[derive(Debug)]
struct OwnStreamState {
    number: i64,
    epoch: i64,
    /// For each shard the position in the database: as it was read when the epoch was raised, or as our own commits set it.
    next: [i64; SHARDS],
    /// The `low` in the database.
    low: i64,
}

/// What is needed of a stream to store its `low`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredLow {
    pub index: u32,
    pub number: i64,
    pub epoch: i64,
    pub low: i64,
}

impl OwnStreams {
    /// Notes that the process has taken a stream over.
    pub fn own(&self, index: u32, number: i64, epoch: i64, positions: &ShardPositions) {
        self.streams
            .lock()
            .insert(index, OwnStreamState { number, epoch, next: *positions.next(), low: positions.low() });
    }

    /// From now on other processes may take streams over, and a stream that is taken over is no failure.
    pub fn share(&self) {
        self.is_shared.store(true, Ordering::Release);
    }

    #[inline]
    pub fn is_shared(&self) -> bool {
        self.is_shared.load(Ordering::Acquire)
    }

    /// Another process has this stream now, if it still has this epoch here. Nothing of it is written any more.
    pub fn fence(&self, index: u32, epoch: i64) {
        let mut streams = self.streams.lock();
        if streams.get(&index).is_some_and(|stream| stream.epoch == epoch) {
            streams.remove(&index);
            self.fenced.lock().push(index);
        }
    }

    /// The streams that were fenced since the last call.
    pub fn take_fenced(&self) -> Vec<u32> {
        std::mem::take(&mut *self.fenced.lock())
    }

    /// Notes that the stream's assignment has ended: nothing of it may be written any more.
    pub fn leave(&self, index: u32) {
        self.streams.lock().remove(&index);
        self.fenced.lock().retain(|fenced| *fenced != index);
    }

    /// The `low` of each stream in the database.
    pub fn lows(&self) -> Vec<StoredLow> {
        let stored = |(index, stream): (&u32, &OwnStreamState)| StoredLow {
            index: *index,
            number: stream.number,
            epoch: stream.epoch,
            low: stream.low,
        };
        self.streams.lock().iter().map(stored).collect()
    }

    /// The `low` of a stream in the database.
    pub fn low(&self, index: u32) -> Option<i64> {
        self.streams.lock().get(&index).map(|stream| stream.low)
    }

    /// The ledger's position of each shard of a stream, as this process knows it. If this is called after a watermark was read, the
    /// positions include all entries below the watermark. `None`: the assignment has ended, and the watermark may be that of another stream with the index.
    pub fn next(&self, stored: StoredLow) -> Option<[i64; SHARDS]> {
        let streams = self.streams.lock();
        let stream = streams.get(&stored.index)?;
        (stream.number == stored.number && stream.epoch == stored.epoch).then_some(stream.next)
    }

    /// Notes that the database has this `low` now.
    pub fn low_stored(&self, stored: StoredLow) {
        if let Some(stream) = self.streams.lock().get_mut(&stored.index)
            && stream.epoch == stored.epoch
        {
            stream.low = stream.low.max(stored.low);
        }
    }

    /// The claims of a transaction with the gathered entries. There is none for a stream that this process no longer owns.
    pub fn claims(&self, gathered: &ClaimGatherer) -> Vec<StreamClaim> {
        let streams = self.streams.lock();
        let mut claims: Vec<StreamClaim> = gathered
            .streams
            .iter()
            .filter_map(|part| {
                let OwnStreamState { number, epoch, next, .. } = streams.get(&part.index)?;
                let claim =
                    |shard: usize| ShardClaim { shard: shard as u8, expected: next[shard], upto: part.upto[shard] };
                let shards = (0..SHARDS).filter(|shard| part.shards & (1 << shard) != 0).map(claim).collect();
                Some(StreamClaim { index: part.index, number: *number, epoch: *epoch, shards })
            })
            .collect();
        // All transactions use the same order, so that they can't deadlock.
        claims.sort_unstable_by_key(|claim| claim.number);
        claims
    }

    /// Notes that the transaction with these claims is committed.
    pub fn committed(&self, claims: &[StreamClaim]) {
        let mut streams = self.streams.lock();
        for claim in claims {
            // A stream that was assigned again has another epoch. Its positions were read when the epoch was raised.
            if let Some(stream) = streams.get_mut(&claim.index)
                && stream.epoch == claim.epoch
            {
                for ShardClaim { shard, upto, .. } in &claim.shards {
                    stream.next[usize::from(*shard)] = *upto;
                }
            }
        }
    }
}

/// Gathers the entries of a transaction. They must be in the order of their shards' queues.
#[derive(Debug, Default)]
pub struct ClaimGatherer {
    streams: Vec<StreamPart>,
    /// Index of the previous entry's stream. Usually the next entry is of the same stream.
    latest: usize,
}

#[derive(Debug)]
struct StreamPart {
    index: u32,
    /// One bit for each shard with entries.
    shards: u64,
    upto: [i64; SHARDS],
}

impl ClaimGatherer {
    pub fn add(&mut self, index: u32, shard: u8, offset: i64) {
        if self.streams.get(self.latest).is_none_or(|part| part.index != index) {
            self.latest = match self.streams.iter().position(|part| part.index == index) {
                Some(known) => known,
                None => {
                    self.streams.push(StreamPart { index, shards: 0, upto: [0; SHARDS] });
                    self.streams.len() - 1
                }
            };
        }
        if let Some(part) = self.streams.get_mut(self.latest) {
            let shard = usize::from(shard) % SHARDS;
            part.shards |= 1 << shard;
            part.upto[shard] = offset + 1;
        }
    }

    /// The streams with entries.
    pub fn streams(&self) -> impl Iterator<Item = u32> {
        self.streams.iter().map(|part| part.index)
    }
}

#[cfg(test)]
#[path = "claims_tests.rs"]
mod tests;
