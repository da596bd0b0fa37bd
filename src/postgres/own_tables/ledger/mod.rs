//! The ledger: two tables in the sink's database that say how far each stream is written. `progress/ledger` decides by their rows,
//! and docs/delivery.md says why this works.

mod answer;
pub(crate) mod claim;
pub(crate) mod compare;
pub(crate) mod low;
pub(crate) mod operate;
pub(crate) mod print;
mod replayed;
pub(crate) mod store;
pub(crate) mod tables;
pub(crate) mod take_over;
