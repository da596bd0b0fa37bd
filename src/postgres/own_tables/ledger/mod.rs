//! The ledger: two tables beside the sink's own that say how far each stream is written. `progress/ledger` decides by what they
//! have, docs/delivery.md says why it works.

pub(crate) mod claim;
pub(crate) mod compare;
pub(crate) mod low;
pub(crate) mod print;
pub(crate) mod store;
pub(crate) mod tables;
pub(crate) mod take_over;
