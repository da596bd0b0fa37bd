//! The dead-letter table.

pub(crate) mod changes;
pub(crate) mod open;
pub(crate) mod read;
pub(crate) mod table;
pub(crate) mod writer;
