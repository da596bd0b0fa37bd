//! What became of a batch's rows.

use std::ops::Range;
use std::time::Duration;

use super::written::Written;
use crate::batch::Batch;
use crate::error::{Error, Rejection, Result};
use crate::postgres::own_tables::dead_letters::changes::DeadLetterChanges;
use crate::postgres::schema::schema_version::SchemaVersion;

/// Receives what becomes of a batch's rows, in the order of the batch. Rows are numbered through its chunks, from 0.
pub trait Settle {
    /// These rows are durable: COMMIT was answered. Those among them that were left out are settled with them.
    fn durable(&mut self, rows: Range<usize>, written: Written);

    /// This row is rejected: the database refused it when it was written alone. An error stops the write.
    fn rejected(&mut self, row: usize, rejection: Rejection) -> Result<()>;

    /// Called before [`Settle::durable`]: this number of its rows were left out, because they belong to another process now.
    fn left_out(&mut self, _rows: usize) {}

    /// A transaction was committed; the server worked on its rows for this time.
    fn rows_took(&mut self, _time: Duration) {}

    /// The server has cancelled a transaction because it took too long.
    fn cancelled(&mut self) {}

    /// An attempt failed and is repeated.
    fn retried(&mut self);

    /// The table was altered: encodes the rows of `batch` again for this schema version. Each entry keeps its place. `None`: this
    /// isn't possible, and the write stops.
    fn encoded_again(&mut self, _batch: &Batch, _schema_version: &SchemaVersion) -> Option<Batch> {
        None
    }

    /// What the next transaction over these rows must do with dead letters. Asked before each attempt. `all_or_none`: it writes all of the
    /// rows or none of them; otherwise some may be refused, and the others are written. `is_claimed`: whether the transaction writes rows of
    /// a stream, by its index; it isn't called without a ledger.
    fn dead_letters(
        &mut self,
        _rows: Range<usize>,
        _all_or_none: bool,
        _is_claimed: &dyn Fn(u32) -> bool,
    ) -> DeadLetterChanges {
        DeadLetterChanges::default()
    }

    /// That transaction has ended. The changes of dead letters are durable if it was committed.
    fn dead_letters_ended(&mut self, _changes: DeadLetterChanges, _committed: bool) {}

    /// Under `conflictmode` = strict a key was there already. `row` is the one in conflict, if the server said which.
    /// Returns the error that stops the job. An implementation that knows the row's position should name it.
    fn conflict(&mut self, _row: Option<usize>, rejection: Rejection) -> Error {
        Error::Target {
            message: format!(
                "{rejection}; the job stops because conflictmode is 'strict', and the row's transaction was not committed"
            ),
            sqlstate: rejection.sqlstate,
            passing: false,
        }
    }
}
