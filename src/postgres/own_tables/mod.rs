//! The tables that vecsink itself makes in the sink's database.

mod create;
pub(crate) mod dead_letters;
pub(crate) mod deferred_indexes;
mod former_owner;
pub(crate) mod ledger;
pub(crate) mod owners;
