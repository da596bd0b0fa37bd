//! A vector index that is behind the rows: the tables that hold the rows meanwhile.

pub mod ddl;
pub mod describe;
pub mod hot_child;
pub mod layout;
pub mod parent;
mod refuse;
mod split;
