//! What the catalog says of a table.

pub(crate) mod capabilities;
pub(crate) mod column;
mod columns;
pub(crate) mod dimension;
pub(crate) mod hot;
pub(crate) mod keys;
pub(crate) mod lookup;
mod names;
pub(crate) mod partitioned;
pub(crate) mod planner;
pub(crate) mod read;
pub(crate) mod row_security;
pub(crate) mod shape;
pub(crate) mod tree;
mod triggers;
pub(crate) mod unchanged;
mod unreadable;
