//! The deferred index, `sink.vector-index` = defer: a table's vector indexes are dropped before its rows come, and built again in
//! bulk after them.
//!
//! What is dropped is recorded in a table ([`DeferredIndexTable`](crate::postgres::own_tables::deferred_indexes::DeferredIndexTable))
//! by the same transaction. The record is deleted when the index is there again. So whenever a crash happens, the next start finds
//! either the index or its record. [`index_deferral`] does both, in sessions of its own. Its caller decides when.

pub mod catch_up;
mod cost;
pub mod index_deferral;
pub mod plan;
mod present;
pub mod progress;
pub mod refuse;
mod restore;
pub mod script;
pub mod start;
