//! How rows of one key are reduced and ordered.

use crate::postgres::catalog::keys::TableKeys;
use crate::settings::ConflictMode;

/// Which row of a key counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Every row, also those that share a key.
    All,
    First,
    Last,
    /// As `Last`, but an insert of a key that is there already must be noticed.
    Strict,
}

/// How a transaction treats rows of one key.
#[derive(Debug, Clone, Copy)]
pub struct Order {
    pub keep: Keep,
    /// The order of arrival matters because of constraints that a key image doesn't show.
    pub in_order: bool,
    /// Rows of one key have one key image.
    pub exact: bool,
    /// A row is stored with the key that was sent: no trigger changes it.
    pub key_as_sent: bool,
    /// The batch is compared with the table, and rows that are there already, exactly so, are left alone.
    pub leaves_unchanged: bool,
}

impl Order {
    pub fn new(mode: ConflictMode, keys: &TableKeys, exact: bool, key_as_sent: bool) -> Order {
        let &TableKeys { key_is_unique, other_unique, .. } = keys;
        let in_order = other_unique || !exact || !key_as_sent;
        let keep = match mode {
            _ if !key_is_unique => Keep::All,
            ConflictMode::Strict => Keep::Strict,
            // The first row of a key may itself be left out because of another constraint: then the next one counts.
            ConflictMode::Ignore if in_order => Keep::All,
            ConflictMode::Ignore => Keep::First,
            ConflictMode::Upsert => Keep::Last,
        };
        Order { keep, in_order: in_order && mode != ConflictMode::Strict, exact, key_as_sent, leaves_unchanged: false }
    }
}
