//! The database: a table, dead letters and the ledger. A transaction that has claimed keeps its rows of the ledger locked until it ends.

use std::collections::BTreeMap;

use super::records::{DeadLetter, Kind, Table};
use super::world::Mistake;
use crate::dispatch::SHARDS;
use crate::progress::ledger::{LedgerRow, ShardClaim, ShardPositions, StreamClaim};
use crate::settings::ConflictMode;

/// What a transaction does when it is committed.
#[derive(Debug, Clone)]
pub enum Effect {
    Delete(Vec<u8>),
    /// Key and row; without a key the row itself.
    Put(Vec<u8>, Vec<u8>),
    DeadLetter(DeadLetter),
}

/// A transaction that has claimed and isn't committed.
#[derive(Debug)]
struct Open {
    id: u64,
    process: u32,
    claims: Vec<StreamClaim>,
    effects: Vec<Effect>,
    /// The server has received COMMIT, and nobody knows yet what became of it.
    in_doubt: bool,
}

/// The ledger's rows of one stream, whose number is that of its partition.
#[derive(Debug, Clone)]
struct StreamRows {
    epoch: i64,
    low: i64,
    next: [i64; SHARDS],
}

#[derive(Debug)]
pub struct Database {
    kind: Kind,
    mistake: Option<Mistake>,
    streams: Vec<StreamRows>,
    open: Vec<Open>,
    next_id: u64,
    pub table: Table,
    pub dead_letters: BTreeMap<DeadLetter, u32>,
    /// The first thing that must not happen.
    pub violation: Option<String>,
    snapshot: Option<(Vec<StreamRows>, Table, BTreeMap<DeadLetter, u32>)>,
    /// It was restored, so a process may be fenced although no other one took its streams over.
    pub was_restored: bool,
}

/// What became of a claim.
#[derive(Debug, PartialEq, Eq)]
pub enum Claimed {
    /// The number of the transaction.
    By(u64),
    /// Another transaction has locked one of the rows.
    Waits,
    /// A row of the ledger isn't as expected.
    Unexpected,
}

impl Database {
    pub fn new(kind: Kind, partitions: usize, mistake: Option<Mistake>) -> Database {
        Database {
            kind,
            mistake,
            streams: vec![StreamRows { epoch: 0, low: 0, next: [0; SHARDS] }; partitions],
            open: Vec::new(),
            next_id: 0,
            table: Table::new(),
            dead_letters: BTreeMap::new(),
            violation: None,
            snapshot: None,
            was_restored: false,
        }
    }

    fn is_locked(&self, stream: i64, shard: Option<u8>) -> bool {
        let locks = |claim: &StreamClaim| {
            claim.number == stream && shard.is_none_or(|shard| claim.shards.iter().any(|own| own.shard == shard))
        };
        self.open.iter().any(|open| open.claims.iter().any(locks))
    }

    pub fn claim(&mut self, process: u32, claims: &[StreamClaim], effects: Vec<Effect>) -> Claimed {
        for claim in claims {
            if claim.shards.iter().any(|shard| self.is_locked(claim.number, Some(shard.shard))) {
                return Claimed::Waits;
            }
            let stream = &self.streams[claim.number as usize];
            let compares = self.mistake != Some(Mistake::NoComparisonOfOffsets);
            let fits = |shard: &ShardClaim| !compares || stream.next[usize::from(shard.shard)] == shard.expected;
            if stream.epoch != claim.epoch || !claim.shards.iter().all(fits) {
                return Claimed::Unexpected;
            }
        }
        self.next_id += 1;
        let (id, claims) = (self.next_id, claims.to_vec());
        self.open.push(Open { id, process, claims, effects, in_doubt: false });
        Claimed::By(id)
    }

    pub fn commit(&mut self, id: u64) {
        let Some(at) = self.open.iter().position(|open| open.id == id) else { return };
        let Open { claims, effects, .. } = self.open.swap_remove(at);
        for claim in claims {
            let stream = &mut self.streams[claim.number as usize];
            for ShardClaim { shard, upto, .. } in claim.shards {
                stream.next[usize::from(shard)] = upto;
            }
        }
        for effect in effects {
            match effect {
                Effect::Delete(key) => drop(self.table.remove(&key)),
                Effect::Put(key, row) => match self.kind {
                    Kind::WithoutKey => {
                        if self.table.insert(row.clone(), Vec::new()).is_some() {
                            self.violation.get_or_insert(format!("row {row:?} is there twice"));
                        }
                    }
                    Kind::Changes(ConflictMode::Ignore) => {
                        self.table.entry(key).or_insert(row);
                    }
                    Kind::Changes(_) => drop(self.table.insert(key, row)),
                },
                Effect::DeadLetter(dead_letter) => {
                    let times = self.dead_letters.entry(dead_letter).or_default();
                    *times += 1;
                    if *times > 1 {
                        self.violation.get_or_insert(format!("dead letter {dead_letter:?} is there twice"));
                    }
                }
            }
        }
    }

    /// A copy is made, or the database is set back to it.
    pub fn back_up_or_restore(&mut self) {
        match self.snapshot.take() {
            None => self.snapshot = Some((self.streams.clone(), self.table.clone(), self.dead_letters.clone())),
            Some(copy) => {
                (self.streams, self.table, self.dead_letters) = copy;
                self.open.clear();
                self.was_restored = true;
            }
        }
    }

    /// Whether the transaction is still there: its session may have been ended.
    pub fn has(&self, id: u64) -> bool {
        self.open.iter().any(|open| open.id == id)
    }

    pub fn epoch(&self, stream: i64) -> i64 {
        self.streams[stream as usize].epoch
    }

    pub fn roll_back(&mut self, id: u64) {
        self.open.retain(|open| open.id != id);
    }

    /// COMMIT was received, and the connection is lost.
    pub fn lose(&mut self, id: u64) {
        if let Some(open) = self.open.iter_mut().find(|open| open.id == id) {
            open.in_doubt = true;
        }
    }

    /// A process is gone: its transactions whose COMMIT the server hasn't received are rolled back.
    pub fn gone(&mut self, process: u32) {
        self.open.retain(|open| open.process != process || open.in_doubt);
    }

    /// The transactions in doubt.
    pub fn undecided(&self) -> Vec<u64> {
        self.open.iter().filter(|open| open.in_doubt).map(|open| open.id).collect()
    }

    /// Transactions that keep others from taking a stream over, and aren't in doubt.
    pub fn idle_on(&self, stream: i64) -> Vec<u64> {
        let has = |open: &&Open| !open.in_doubt && open.claims.iter().any(|claim| claim.number == stream);
        self.open.iter().filter(has).map(|open| open.id).collect()
    }

    pub fn positions(&self, stream: i64) -> ShardPositions {
        let StreamRows { low, next, .. } = &self.streams[stream as usize];
        ShardPositions::new(*low, *next)
    }

    /// `None`: an open transaction has rows of the stream.
    pub fn raise(&mut self, stream: i64) -> Option<(i64, ShardPositions)> {
        if self.is_locked(stream, None) {
            return None;
        }
        self.streams[stream as usize].epoch += 1;
        Some((self.streams[stream as usize].epoch, self.positions(stream)))
    }

    /// Whether `low` was stored: the epoch is the same, and no shard has less than the process knows.
    pub fn advance(&mut self, stream: i64, epoch: i64, low: i64, known: &[i64; SHARDS]) -> bool {
        let compares = self.mistake != Some(Mistake::LowWithoutPositions);
        let rows = &mut self.streams[stream as usize];
        if compares && rows.next.iter().zip(known).any(|(has, known)| has < known) {
            return false;
        }
        if rows.epoch == epoch {
            rows.low = rows.low.max(low);
        }
        rows.epoch == epoch
    }

    /// `None`: an open transaction has locked one of the rows.
    pub fn claimed_rows(&self, claims: &[StreamClaim]) -> Option<Vec<LedgerRow>> {
        let mut rows = Vec::new();
        for StreamClaim { number, shards, .. } in claims {
            let StreamRows { epoch, next, .. } = &self.streams[*number as usize];
            for ShardClaim { shard, .. } in shards {
                if self.is_locked(*number, Some(*shard)) {
                    return None;
                }
                let next = next[usize::from(*shard)];
                rows.push(LedgerRow { stream: *number, shard: *shard, epoch: *epoch, next });
            }
        }
        Some(rows)
    }
}
