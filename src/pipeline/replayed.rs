//! In a replay: from which dead letters of a table the rows that are not settled yet come. So a dead letter is deleted in the
//! transaction that makes its row durable. In other runs there are none.

use std::collections::{HashMap, HashSet};

use parking_lot::Mutex;

use crate::postgres::ReplayedDeadLetters;
use crate::progress::Progress;

#[derive(Default)]
pub struct Replayed {
    schema: String,
    table: String,
    /// The ids of the dead letters, by stream and ticket of the record.
    ids: Mutex<HashMap<(u32, u64), Vec<i64>>>,
}

impl Replayed {
    #[cfg(feature = "kafka")]
    pub fn of(schema: &str, table: &str) -> Self {
        Replayed { schema: schema.to_owned(), table: table.to_owned(), ids: Mutex::default() }
    }

    #[cfg(feature = "kafka")]
    /// Notes that the record with this ticket comes from these dead letters. It is called before the record is accepted.
    pub fn expect(&self, stream: u32, ticket: u64, ids: Vec<i64>) {
        self.ids.lock().insert((stream, ticket), ids);
    }

    #[cfg(feature = "kafka")]
    /// Takes back [`Replayed::expect`]: the record made no row, so it got no ticket. Returns the ids of its dead letters.
    pub fn unexpect(&self, stream: u32, ticket: u64) -> Vec<i64> {
        self.ids.lock().remove(&(stream, ticket)).unwrap_or_default()
    }

    /// The dead letters that can be deleted when these entries are settled. If other entries of a record are still pending, its dead letter
    /// isn't among them.
    pub fn to_delete(&self, progress: &Progress, entries: impl IntoIterator<Item = (u32, u64)>) -> ReplayedDeadLetters {
        if self.table.is_empty() {
            return ReplayedDeadLetters::default();
        }
        let ids = self.ids.lock();
        let last = |&(stream, ticket): &(u32, u64)| progress.pending(stream, ticket) == 1;
        let replayed =
            entries.into_iter().filter(last).filter_map(|entry| ids.get(&entry)).flatten().copied().collect();
        ReplayedDeadLetters { schema: self.schema.clone(), table: self.table.clone(), ids: replayed }
    }

    /// To be called when these dead letters have been deleted from the table.
    pub fn gone(&self, replayed: &ReplayedDeadLetters) {
        if !replayed.ids.is_empty() {
            let gone: HashSet<i64> = replayed.ids.iter().copied().collect();
            self.ids.lock().retain(|_, ids| !ids.iter().all(|id| gone.contains(id)));
        }
    }

    #[cfg(feature = "kafka")]
    /// The dead letters that are still in the table when everything is settled.
    pub fn rest(&self) -> ReplayedDeadLetters {
        let ids = self.ids.lock().values().flatten().copied().collect();
        ReplayedDeadLetters { schema: self.schema.clone(), table: self.table.clone(), ids }
    }
}
