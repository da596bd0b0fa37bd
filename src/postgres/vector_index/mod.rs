//! Vector indexes. With `sink.vector-index` = `behind`: the tables that hold rows which aren't in the index yet, and what moves these
//! rows into it. With `defer` ([`deferral`]): indexes that are dropped before the rows come and built again after them. And the
//! index [`doctor`], which finds what is wrong with an index.

pub mod ages;
pub mod build;
pub mod ddl;
pub mod deferral;
pub mod describe;
pub mod doctor;
pub mod holders;
pub mod hot_child;
pub mod keeper;
pub mod layout;
pub mod lock_tries;
pub mod measure;
pub mod merge;
pub mod merge_rule;
pub mod mover;
pub mod pace;
pub mod parent;
mod partitioned;
pub mod policy;
mod refuse;
pub mod seal;
mod split;
