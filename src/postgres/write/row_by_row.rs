//! Writes rows row by row, each behind a savepoint, in their order, in one transaction. For batches that can't be written at once, and
//! for those that were refused when they were written at once. This is slow and exact: each change is made, also those that a later one
//! replaces.

use std::ops::Range;

use super::commit::{AfterRows, Ending, commit};
use super::machine::{RowByRow, is_ignored};
use super::rows::Rows;
use super::written::Written;
use crate::postgres::connect::classify::Class;
use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::failure::AttemptError;
use crate::postgres::connect::session::Session;
use crate::postgres::schema::order::Keep;
use crate::postgres::schema::order::Order;
use crate::postgres::schema::schema_version::SchemaVersion;
use crate::postgres::schema::statements::{Statement, Statements};
use crate::postgres::write::net_effect::net;
use crate::postgres::write::path::Path;
use crate::postgres::write::transaction::apply;
use crate::settings::ConflictMode;

/// What became of each row.
pub type RowOutcomes = Vec<Result<Written, AttemptError>>;

/// How rows are written row by row.
#[derive(Debug, Clone, Copy)]
pub struct How<'a> {
    path: Path,
    order: Order,
    mode: ConflictMode,
    which: RowByRow,
    /// The key's columns. Where rows replace others, a conflict on this key means that another transaction has just added the key: the
    /// attempt is repeated.
    key: &'a [String],
}

impl<'a> How<'a> {
    pub fn new(schema_version: &'a SchemaVersion, path: Path, which: RowByRow) -> How<'a> {
        How { path, order: schema_version.order, mode: schema_version.mode, which, key: &schema_version.key_names }
    }
}

/// Writes the rows of `range` one by one, and commits those that the server accepted. A refusal that may be the row's own fault costs only
/// this row. With a ledger nothing is committed if rows were refused and it isn't decided yet whether they are rejected: then there is no
/// [`Ending`].
pub fn write_each(
    session: &mut Session,
    statements: &Statements,
    rows: &mut Rows<'_>,
    range: Range<usize>,
    how: How<'_>,
    after: AfterRows<'_>,
) -> Attempt<(Option<Ending>, RowOutcomes)> {
    session.begin_with_staging(&statements.staging)?;
    let mut outcomes = Vec::with_capacity(range.len());
    for row in range {
        session.run("SAVEPOINT vecsink_step")?;
        match write_one(session, statements, rows, row, how) {
            Ok(written) => {
                session.run("RELEASE SAVEPOINT vecsink_step")?;
                outcomes.push(Ok(written));
            }
            Err(failure)
                if failure.class == Class::Conflict
                    && how.order.keep == Keep::Last
                    && failure.violates_key(how.key) =>
            {
                return Err(AttemptError { class: Class::Contention, row: Some(row), ..failure });
            }
            Err(failure) if is_the_rows_own(&failure, how) => {
                session.run("ROLLBACK TO SAVEPOINT vecsink_step")?;
                outcomes.push(Err(failure));
            }
            Err(failure) => return Err(AttemptError { row: Some(row), ..failure }),
        }
    }
    let is_open =
        |outcome: &Result<Written, AttemptError>| outcome.as_ref().is_err_and(|failure| !is_ignored(failure, how.mode));
    if after.claims.is_some() && outcomes.iter().any(is_open) {
        session.run("ROLLBACK")?;
        return Ok((None, outcomes));
    }
    Ok((Some(commit(session, after)?), outcomes))
}

pub fn write_one(
    session: &mut Session,
    statements: &Statements,
    rows: &mut Rows<'_>,
    row: usize,
    how: How<'_>,
) -> Attempt<Written> {
    let How { path, order, .. } = how;
    // One change alone always has a net effect.
    let Some(net) = net(rows, row..row + 1, order.keep) else { return Ok(Written::default()) };
    let written = apply(session, statements, rows, net, path, order)?;
    if path == Path::Staged {
        statements.execute(session, Statement::ClearStaging)?;
    }
    Ok(written)
}

/// Whether a refusal may be the row's own fault. The caller looks for evidence.
pub fn is_the_rows_own(failure: &AttemptError, how: How<'_>) -> bool {
    match failure.class {
        Class::Value | Class::Row => true,
        // Under `strict` it stops the job, and the transaction isn't committed.
        Class::Conflict => how.mode != ConflictMode::Strict,
        Class::Configuration => !how.which.renews || failure.is("42501"),
        Class::Other => !how.which.repeats,
        _ => false,
    }
}
