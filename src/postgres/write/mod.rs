//! Writing a batch: its statements, conflicts, retries, and the isolation of rejected rows.

mod attempts;
pub(crate) mod backoff;
pub(crate) mod batch;
pub(crate) mod conflict;
pub(crate) mod copy;
mod deletes;
pub(crate) mod machine;
mod net_effect;
pub(crate) mod outage;
mod patches;
mod reduce;
mod remedy;
mod row_by_row;
mod rows;
pub(crate) mod statements;
pub(crate) mod transaction;
mod trial;
pub(crate) mod waits;
pub(crate) mod written;
