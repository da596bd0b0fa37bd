//! Counters of one sink and of one job. Each is exact, but a snapshot of several is not taken at one instant.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// The counters of what has happened so far. When all rows are settled, `rows_read` is the sum of written, deleted,
        /// superseded, ignored, dead-lettered and unchanged rows.
        #[derive(Debug, Default)]
        pub struct Counters { $($(#[$doc])* pub $name: Counter),* }

        /// The counters' values at one moment.
        #[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
        pub struct Snapshot { $($(#[$doc])* pub $name: u64),* }

        impl Counters {
            pub fn snapshot(&self) -> Snapshot {
                Snapshot { $($name: self.$name.get()),* }
            }
        }

        impl std::ops::AddAssign for Snapshot {
            fn add_assign(&mut self, other: Self) {
                $(self.$name += other.$name;)*
            }
        }
    };
}

counters! {
    /// Messages taken from the source.
    records_read,
    /// Offsets that were gone before they could be read: those between the offset where reading should have gone on and the earliest
    /// record that was still there.
    records_missed,
    /// Bytes of the keys and values of the messages in `records_read`.
    bytes_read,
    /// Rows accepted: those that passed WHERE or were pushed, and one for each record that couldn't be decoded.
    rows_read,
    /// Rows inserted, upserted or updated.
    rows_written,
    /// Deletes that were carried out, whether or not their row was there. An update that changes the key is two rows: one
    /// deleted, one written.
    rows_deleted,
    /// Rows replaced in their batch by a later change of the same key.
    rows_superseded,
    /// Rows left out by the conflict mode.
    rows_ignored,
    /// Rows rejected, with or without a dead-letter target.
    rows_dead_lettered,
    /// Fields that became NULL because of `ignore-parse-errors`, and messages that were dropped because of it.
    parse_errors_ignored,
    /// Fields of messages that their table has no column for.
    fields_ignored,
    /// Rows that were moved from a child into the table, and so into its vector index.
    rows_moved,
    /// Committed transactions that wrote rows.
    batches,
    /// Attempts repeated after an error.
    retries,
    /// Rows that were in the table already, exactly so, and were not written again.
    rows_unchanged,
    /// Rows of a named stream that were pushed again although they were durable already. They were dropped, and `rows_read` doesn't
    /// count them.
    rows_repeated,
}

#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// Adds to a counter that no other thread writes. This needs no locked instruction, so it may be called for each record.
    pub fn add_as_only_writer(&self, n: u64) {
        self.0.store(self.get() + n, Ordering::Relaxed);
    }

    /// Subtracts what will be counted again elsewhere from a counter that no other thread writes.
    pub fn subtract_as_only_writer(&self, n: u64) {
        self.0.store(self.get().saturating_sub(n), Ordering::Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
