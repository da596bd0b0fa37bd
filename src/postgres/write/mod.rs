//! Writing a batch: its statements, conflicts, retries, and the isolation of rejected rows.

pub(crate) mod batch;
pub(crate) mod conflict;
pub(crate) mod copy;
mod deletes;
pub(crate) mod evidence;
mod isolate;
mod net_effect;
mod patches;
mod reduce;
pub(crate) mod retry;
mod row_by_row;
mod rows;
pub(crate) mod statements;
mod suspects;
pub(crate) mod transaction;
mod trial;
