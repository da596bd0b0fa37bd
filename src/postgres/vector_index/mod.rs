//! A vector index that is behind the rows: the tables that hold the rows meanwhile, and what moves them into the index.

pub mod ages;
pub mod build;
pub mod ddl;
pub mod describe;
pub mod hot_child;
pub mod keeper;
pub mod layout;
pub mod measure;
pub mod mover;
pub mod pace;
pub mod parent;
pub mod policy;
mod refuse;
pub mod seal;
mod split;
