//! Vector indexes: the tables that hold the rows meanwhile where the index is behind them, what moves the rows into it, and what is wrong
//! with an index.

pub mod ages;
pub mod build;
pub mod ddl;
pub mod describe;
pub mod doctor;
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
