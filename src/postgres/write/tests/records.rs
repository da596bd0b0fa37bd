//! The records of a topic, and what they mean for a table.

use std::collections::{BTreeMap, BTreeSet};

use rand::Rng;

use crate::batch::Op;
use crate::dispatch::{ShardLayout, key_hash};
use crate::settings::ConflictMode;

/// Which kind of table and source it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Without a key: each record adds rows.
    WithoutKey,
    /// Changes of rows with a key.
    Changes(ConflictMode),
}

/// One entry of a record.
#[derive(Debug, Clone)]
pub struct Entry {
    pub op: Op,
    /// Empty without a key.
    pub key: Vec<u8>,
    /// The row as it is stored.
    pub row: Vec<u8>,
    /// The SQLSTATE with which the database refuses it.
    pub refused: Option<&'static str>,
}

#[derive(Debug, Clone)]
pub struct Record {
    pub offset: i64,
    pub entries: Vec<Entry>,
}

/// The records of a partition, in the order of their offsets, which have gaps.
#[derive(Debug, Default)]
pub struct Partition {
    pub records: Vec<Record>,
    pub end: i64,
}

/// Rows by their keys. Without a key, the rows themselves are the map's keys.
pub type Table = BTreeMap<Vec<u8>, Vec<u8>>;

/// A dead letter: partition, offset and place in its record.
pub type DeadLetter = (usize, i64, u8);

impl Entry {
    pub fn shard(&self, layout: ShardLayout, offset: i64) -> usize {
        match (self.op, self.key.is_empty()) {
            (Op::Reject, true) => layout.shard_of_rejected(offset),
            (_, true) => layout.shard_of_row(0, offset),
            (_, false) => layout.shard_of_row(key_hash(&self.key), offset),
        }
    }
}

/// The bytes of a key. They contain the partition, because partitions must not share keys: the order of their records isn't defined.
pub fn key(partition: usize, number: u8) -> Vec<u8> {
    [&8u32.to_be_bytes()[..], &[partition as u8, number, 0, 0, 0, 0, 0, 0]].concat()
}

fn refused(random: &mut impl Rng) -> Option<&'static str> {
    match random.random_range(0..40) {
        0 => Some("22P02"),
        1 => Some("23503"),
        _ => None,
    }
}

pub fn random(kind: Kind, partition: usize, count: usize, random: &mut impl Rng) -> Partition {
    let mut offset = 0i64;
    let mut records = Vec::new();
    for number in 0..count {
        // Neighbouring blocks of 256 are of different shards.
        offset += if random.random_bool(0.2) { random.random_range(1..600) } else { 1 };
        let value = |place: u8| [&[partition as u8, place][..], &offset.to_be_bytes()].concat();
        let entry = |op: Op, key: Vec<u8>, place: u8, refused| Entry { op, key, row: value(place), refused };
        let entries = match kind {
            Kind::WithoutKey if random.random_bool(0.05) => vec![entry(Op::Reject, Vec::new(), 0, None)],
            Kind::WithoutKey => {
                let rows = if random.random_bool(0.1) { 3 } else { 1 };
                (0..rows).map(|place| entry(Op::Insert, Vec::new(), place, refused(random))).collect()
            }
            Kind::Changes(_) => {
                let mut some = || key(partition, random.random_range(0..6));
                let (one, other) = (some(), some());
                match number % 5 {
                    0 | 1 => vec![entry(Op::Insert, one, 0, None)],
                    2 => vec![entry(Op::Delete, one, 0, None)],
                    3 => vec![entry(Op::Update, one, 0, None)],
                    _ if one == other => vec![entry(Op::Update, one, 0, None)],
                    _ => vec![entry(Op::Delete, one, 0, None), entry(Op::Update, other, 1, None)],
                }
            }
        };
        records.push(Record { offset, entries });
        offset += 1;
    }
    Partition { records, end: offset }
}

/// What the table and the dead letters are when each record has been written once, in order.
pub fn expected(kind: Kind, partitions: &[Partition]) -> (Table, BTreeSet<DeadLetter>) {
    let (mut table, mut dead) = (Table::new(), BTreeSet::new());
    for (partition, Partition { records, .. }) in partitions.iter().enumerate() {
        for Record { offset, entries } in records {
            for (place, entry) in entries.iter().enumerate() {
                if entry.op == Op::Reject || entry.refused.is_some() {
                    dead.insert((partition, *offset, place as u8));
                    continue;
                }
                match kind {
                    Kind::WithoutKey => drop(table.insert(entry.row.clone(), Vec::new())),
                    Kind::Changes(_) if entry.op == Op::Delete => drop(table.remove(&entry.key)),
                    Kind::Changes(ConflictMode::Ignore) => {
                        table.entry(entry.key.clone()).or_insert_with(|| entry.row.clone());
                    }
                    Kind::Changes(_) => drop(table.insert(entry.key.clone(), entry.row.clone())),
                }
            }
        }
    }
    (table, dead)
}
