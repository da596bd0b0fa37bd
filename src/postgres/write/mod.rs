//! Writing a batch: its transactions, and what is done after each outcome.

mod attempts;
mod batch;
mod commit;
pub(crate) mod conflict;
pub(crate) mod copy;
mod deletes;
mod key_arrays;
pub(crate) mod machine;
mod net_effect;
mod others;
mod patches;
pub(crate) mod path;
mod reduce;
mod remedy;
mod row_by_row;
mod rows;
pub(crate) mod settle;
#[cfg(test)]
mod tests;
mod transaction;
mod trial;
pub(crate) mod unchanged;
pub(crate) mod writer;
pub(crate) mod written;
