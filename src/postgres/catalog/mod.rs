//! What the catalog says of a table, and what it can take.

pub(crate) mod columns;
pub(crate) mod describe;
mod dimension;
pub(crate) mod keys;
pub(crate) mod lookup;
mod names;
pub(crate) mod planner;
pub(crate) mod probe;
pub(crate) mod schema_check;
pub(crate) mod schema_version;
pub(crate) mod shape;
mod triggers;
