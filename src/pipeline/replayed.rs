//! In a replay: from which dead letters the rows come that are not settled yet. So a dead letter of a table is deleted in the transaction
//! that makes its row durable, and with exactly-once the transaction stores that its record is written. In other runs there are none.

use std::collections::{HashMap, HashSet};

use parking_lot::Mutex;

use crate::position::Position;
use crate::postgres::{ReplayedDeadLetters, WrittenRecords};
use crate::progress::Progress;

/// Stream and ticket of an entry's record.
type Entry = (u32, u64);

#[derive(Default)]
pub struct Replayed {
    schema: String,
    table: String,
    /// The ids of the dead letters of a table.
    ids: Mutex<HashMap<Entry, Vec<i64>>>,
    /// With exactly-once: the statement that stores records as written. Empty otherwise.
    insert: String,
    /// The records that shall be stored as written.
    records: Mutex<HashMap<Entry, Position>>,
}

impl Replayed {
    /// The dead letters are in this table.
    #[cfg(feature = "kafka")]
    pub fn of(schema: &str, table: &str) -> Self {
        Replayed { schema: schema.to_owned(), table: table.to_owned(), ..Replayed::default() }
    }

    /// What is written is stored by this statement.
    #[cfg(feature = "kafka")]
    pub fn stored_by(self, insert: String) -> Self {
        Replayed { insert, ..self }
    }

    /// Whether what is written is stored.
    #[cfg(feature = "kafka")]
    pub fn stores(&self) -> bool {
        !self.insert.is_empty()
    }

    /// Notes that the record with this ticket comes from these dead letters. It is called before the record is accepted.
    #[cfg(feature = "kafka")]
    pub fn expect(&self, entry: Entry, ids: Vec<i64>, position: &Position) {
        if !ids.is_empty() {
            self.ids.lock().insert(entry, ids);
        }
        if !self.insert.is_empty() {
            self.records.lock().insert(entry, position.clone());
        }
    }

    /// Takes back [`Replayed::expect`]: the record made no row, so it got no ticket. Returns the ids of its dead letters.
    #[cfg(feature = "kafka")]
    pub fn unexpect(&self, entry: Entry) -> Vec<i64> {
        self.records.lock().remove(&entry);
        self.ids.lock().remove(&entry).unwrap_or_default()
    }

    /// The dead letters that can be deleted when these entries are settled. If other entries of a record are still pending, its dead letter
    /// isn't among them.
    pub fn to_delete(&self, progress: &Progress, entries: impl IntoIterator<Item = Entry>) -> ReplayedDeadLetters {
        if self.table.is_empty() {
            return ReplayedDeadLetters::default();
        }
        let ids = self.ids.lock();
        let replayed = last_of_their_records(progress, entries).filter_map(|entry| ids.get(&entry)).flatten().copied();
        ReplayedDeadLetters { schema: self.schema.clone(), table: self.table.clone(), ids: replayed.collect() }
    }

    /// The records that are written when these entries are, and have no entry that is rejected.
    pub fn written(&self, progress: &Progress, entries: impl IntoIterator<Item = Entry>) -> WrittenRecords {
        if self.insert.is_empty() {
            return WrittenRecords::default();
        }
        let records = self.records.lock();
        let written = last_of_their_records(progress, entries).filter_map(|entry| records.get(&entry)).cloned();
        WrittenRecords { insert: self.insert.clone(), records: written.collect() }
    }

    /// An entry of the record is rejected: it has a new dead letter, which may be replayed.
    pub fn rejected(&self, entry: Entry) {
        if !self.insert.is_empty() {
            self.records.lock().remove(&entry);
        }
    }

    /// To be called when this has been done.
    pub fn gone(&self, replayed: &ReplayedDeadLetters, written: &WrittenRecords) {
        if !replayed.ids.is_empty() {
            let gone: HashSet<i64> = replayed.ids.iter().copied().collect();
            self.ids.lock().retain(|_, ids| !ids.iter().all(|id| gone.contains(id)));
        }
        if !written.records.is_empty() {
            let stored: HashSet<&Position> = written.records.iter().collect();
            self.records.lock().retain(|_, position| !stored.contains(position));
        }
    }

    /// What is still to be deleted, and to be stored, when everything is settled.
    #[cfg(feature = "kafka")]
    pub fn rest(&self) -> (ReplayedDeadLetters, WrittenRecords) {
        let ids = self.ids.lock().values().flatten().copied().collect();
        let mut records: Vec<Position> = self.records.lock().values().cloned().collect();
        records.sort_unstable();
        records.dedup();
        (
            ReplayedDeadLetters { schema: self.schema.clone(), table: self.table.clone(), ids },
            WrittenRecords { insert: self.insert.clone(), records },
        )
    }
}

/// The records of which these entries are all that is pending.
fn last_of_their_records(progress: &Progress, entries: impl IntoIterator<Item = Entry>) -> impl Iterator<Item = Entry> {
    let mut counts: HashMap<Entry, u32> = HashMap::new();
    for entry in entries {
        *counts.entry(entry).or_default() += 1;
    }
    counts
        .into_iter()
        .filter(|((stream, ticket), count)| progress.pending(*stream, *ticket) == *count)
        .map(|(entry, _)| entry)
}
