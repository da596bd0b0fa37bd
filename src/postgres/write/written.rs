//! How many rows a transaction wrote.

use std::ops::AddAssign;

/// What became of entries that are durable.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Inserted, upserted or updated.
    pub inserted: u64,
    /// Deletes that were carried out, whether or not their row was there.
    pub deleted: u64,
    /// Left out by the conflict mode.
    pub ignored: u64,
    /// They were in the table already, exactly so.
    pub unchanged: u64,
    /// Of those inserted: they replaced a row of another table of the tree.
    pub replaced_in_others: u64,
    /// Replaced by a later change of their key in the same transaction.
    pub superseded: u64,
}

impl AddAssign for Written {
    fn add_assign(&mut self, other: Written) {
        self.inserted += other.inserted;
        self.deleted += other.deleted;
        self.ignored += other.ignored;
        self.unchanged += other.unchanged;
        self.replaced_in_others += other.replaced_in_others;
        self.superseded += other.superseded;
    }
}
